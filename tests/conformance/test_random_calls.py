"""A seeded slice of the random calls, and that each explained difference is still there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from calls import Call, Difference, Pair, pair
from explained import EXPLAINED
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test
from machine import CALLS, NAMES, OURS, STEPS, created, machine, sequences

from churn.system.engines.docker import DockerEngine

SLICE = 600
"""Calls that are made here; `random_calls.py` makes 10,000."""

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("standin")]


@pytest.fixture
def both(docker_engine: DockerEngine, tmp_path: Path) -> Iterator[Pair]:
    made = pair(docker_engine, tmp_path, EXPLAINED)
    yield made
    made.clear()


def test_random_calls_are_answered_alike(docker_engine: DockerEngine, tmp_path: Path) -> None:
    made: list[Pair] = []

    def fresh() -> Pair:
        made.append(pair(docker_engine, tmp_path, EXPLAINED))
        return made[-1]

    calls = seed(1)(machine(fresh))
    run_state_machine_as_test(calls, settings=sequences(SLICE // STEPS + 1, shrink=True))
    assert sum(one.calls for one in made) >= SLICE // 2


@pytest.mark.parametrize("entry", EXPLAINED, ids=lambda entry: entry.name)
def test_an_explained_difference_is_still_there(both: Pair, entry: object) -> None:
    for call in entry.shows:  # type: ignore[attr-defined]
        both.call(call)
    assert entry.name in both.used, "this difference has gone: remove its entry"  # type: ignore[attr-defined]


def test_a_difference_is_told(both: Pair) -> None:
    """The comparison is alive: a container that only one engine has, and one that ends on one only."""
    both.call(created(NAMES[0]))
    both.call(Call("POST", f"/containers/{NAMES[0]}/start"))
    both.emulated.api.stop(both.emulated.filled(NAMES[0]))
    with pytest.raises(Difference, match="states"):
        both.call(Call("GET", "/containers/json", {"all": "1", "filters": OURS}))


def test_a_wrong_status_is_told(both: Pair) -> None:
    both.emulated.api.create_volume("churn-test-only-here")
    with pytest.raises(Difference, match="status"):
        both.call(Call("GET", "/volumes/churn-test-only-here"))


def test_every_kind_of_call_is_drawn() -> None:
    verbs = {(call.method, call.path.strip("/").split("/")[0], call.path.rpartition("/")[2]) for call in CALLS}
    for verb in (
        "start",
        "stop",
        "kill",
        "restart",
        "pause",
        "unpause",
        "wait",
        "rename",
        "json",
        "logs",
        "top",
        "stats",
    ):
        assert any(last == verb for _, _, last in verbs), verb
