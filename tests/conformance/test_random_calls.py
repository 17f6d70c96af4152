"""A seeded slice of the random calls, and that each explained difference is still there."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from calls import Call, Difference, Explained, Pair, pair
from explained import EXPLAINED
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test
from machine import CALLS, NAMES, STEPS, call_of, created, machine, sequences

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


def outlived(both: Pair, entries: Sequence[Explained]) -> list[str]:
    """The entries whose difference their own calls do not show any more."""
    for entry in entries:
        for call in entry.shows:
            both.call(call)
    return [entry.name for entry in entries if entry.name not in both.used]


def test_every_explained_difference_is_still_there(both: Pair) -> None:
    assert outlived(both, EXPLAINED) == [], "these differences have gone: remove their entries"


def test_an_explained_difference_that_has_gone_is_told(both: Pair) -> None:
    shows = (created(NAMES[0]), Call("POST", f"/containers/{NAMES[0]}/start"))
    both.explained = (Explained("gone", "nothing", "POST", r"/containers/.*/start", "status", shows=shows),)
    assert outlived(both, both.explained) == ["gone"]


def test_an_explained_difference_is_passed_over(both: Pair) -> None:
    shows = (Call("GET", "/volumes/churn-test-only-here"),)
    both.explained = (Explained("planted", "a volume on one side", "GET", r"/volumes/.*", "status", shows=shows),)
    both.emulated.api.create_volume("churn-test-only-here")
    with pytest.raises(Difference, match="error"):
        both.call(*shows)
    assert both.used == {"planted"}


def test_a_difference_is_told(both: Pair) -> None:
    """The comparison is alive: a container that only one engine has, and one that ends on one only."""
    both.call(created(NAMES[0]))
    both.call(Call("POST", f"/containers/{NAMES[0]}/start"))
    both.emulated.api.stop(both.emulated.filled(NAMES[0]))
    with pytest.raises(Difference, match="states"):
        both.call(Call("GET", "/_ping"))


def test_a_wrong_status_is_told(both: Pair) -> None:
    both.emulated.api.create_volume("churn-test-only-here")
    with pytest.raises(Difference, match="status"):
        both.call(Call("GET", "/volumes/churn-test-only-here"))


def test_numbers_that_hypothesis_draws_reach_nearly_every_call() -> None:
    """Small numbers and neighbours, which it draws most, are spread over all of them."""
    reached = {id(call_of(number)) for number in range(2 * len(CALLS))}
    assert len(reached) > len({id(call) for call in CALLS}) * 0.9  # some are there several times
