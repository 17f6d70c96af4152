"""A slice of the fuzzers (`fuzz.py`), and that they notice what they look for."""

from pathlib import Path
from typing import Any

import fuzz
import fuzzing_lines
import pytest
from fuzz import SUBJECTS, feed
from mutating import Mutations

SEED = 5
SLICE = {"outputs": 200, "descriptions": 200, "reproducers": 100, "requests": 200, "lines": 20}


@pytest.mark.parametrize("name", SUBJECTS)
def test_nothing_that_anybody_says_comes_to_a_traceback_or_never_ends(
    name: str, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzzing_lines, "SOON", 1.0)
    fed = feed(name, SLICE[name], SEED, folder if name == "requests" else tmp_path)  # a socket's path has to be short
    assert fed.tried == SLICE[name]
    assert fed.taken, "nothing of it was of use, so little was tried"
    assert fed.faults == {}


class Fragile:
    """Breaks, or goes on for ever, where it is told to."""

    def __init__(self, folder: Path) -> None:  # noqa: ARG002 -- as of all subjects
        self.fed = 0

    def draw(self, mutations: Mutations) -> str:
        return mutations.one(("break", "go on"))

    def feed(self, drawn: str) -> bool:
        if drawn == "break":
            raise ZeroDivisionError
        while True:
            self.fed += 1

    def close(self) -> None:
        pass


def test_a_traceback_and_a_loop_without_end_are_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(SUBJECTS, "fragile", Fragile)
    monkeypatch.setattr(fuzz, "LIMIT", 0.05)
    faults: dict[str, Any] = feed("fragile", 10, 0, tmp_path).faults
    assert {kind.partition(":")[0] for kind in faults} == {"ZeroDivisionError", "hung"}
    assert all("test_fuzz.py" in kind for kind in faults)


def test_the_same_seed_draws_the_same() -> None:
    drawn = [[Mutations((0, number)).data({"a": [1, "x", None]}) for number in range(20)] for _ in range(2)]
    assert repr(drawn[0]) == repr(drawn[1])
