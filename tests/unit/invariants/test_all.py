"""What holds for all invariants: their names and order, and that none objects to a system that is as expected."""

import pytest
from attrs import evolve
from builders import case, contracts, dead, idle, ill, is_quiet, picture, running, state, unsettled

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Bounds, Contract
from churn.lifecycle.invariants import INVARIANTS, Advice, Case, Doubt, Invariant, Objection, Severity, examine
from churn.lifecycle.invariants.base import CONTAINERS
from churn.lifecycle.observation import Status
from churn.lifecycle.state import CLEAN, Fresh, Service, State

NAMES = [invariant.name for invariant in INVARIANTS]

AS_EXPECTED = {
    "a clean system": CLEAN,
    "created": state(a=Service(port=20001)),
    "running": state(a=running()),
    "stopped": state(a=idle()),
    "failed": state(a=idle(Status.FAILED)),
    "ill": state(a=ill()),
    "dead": state(a=dead()),
    "slow": state(a=running(behaviour=Behaviour.SLOW)),
    "unsettled": state(a=unsettled(running())),
    "several": state(a=running(), b=idle(port=20002), c=dead("c1", port=20003)),
}


def test_the_invariants_and_their_criteria() -> None:
    assert {invariant.name: invariant.criterion for invariant in INVARIANTS} == {
        "accepted": 1, "in-some-order": 1, "in-time": 1, "slow": 1, "graceful-stop": 1,
        "fresh-container": 2, "same-as-fresh": 2, "data-kept": 2,
        "status": 3, "serving": 3, "undisturbed": 3, "quiet": 3, "readable": 3,
        "no-orphans": 4, "no-restart-policy": 4, "no-leaks": 4, "no-processes": 4, "stable-port": 5, "port-released": 5,
    }  # fmt: skip
    assert len(INVARIANTS) == 19


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("expected", AS_EXPECTED.values(), ids=AS_EXPECTED.keys())
def test_none_objects_to_a_system_that_is_as_expected(name: str, expected: State) -> None:
    assert is_quiet(name, case(expected, acted=("a",)))
    assert is_quiet(name, case(expected))
    assert is_quiet(name, case(expected, waited=True))


@pytest.mark.parametrize("expected", AS_EXPECTED.values(), ids=AS_EXPECTED.keys())
def test_none_objects_to_it_under_any_contract(expected: State) -> None:
    for contract in contracts():
        assert examine(case(expected, contract=contract)) == ([], [])


def test_none_objects_to_a_start_that_was_as_it_must_be() -> None:
    after = state(a=running())
    before = State({"a": running(container=Fresh(1))})
    assert examine(case(after, before=before, acted=("a",))) == ([], [])


def test_none_objects_on_a_look_at_the_engine_only() -> None:
    """The manager was not asked: what it would say is not held against anything."""
    after = state(a=running(), b=idle(port=20002))
    assert examine(case(after, picture(after, listed=None))) == ([], [])


def test_the_strictest_contract_in_a_hurry_changes_nothing() -> None:
    after = state(a=running(), b=idle(port=20002))
    strict = Contract(bounds=Bounds(settling=0.0))
    assert examine(case(after, contract=strict, acted=("a", "b"))) == ([], [])


def _complains(_: Case) -> list[Objection | Doubt]:
    return [Objection("this", "that", "a", CONTAINERS, advice=_PARTICULAR), Doubt("this", "who knows", None)]


_USUAL, _PARTICULAR = Advice("it is usual", "mend it"), Advice("it is this one", "mend this one")


def test_findings_carry_the_name_and_criterion_of_their_invariant_and_come_in_its_order() -> None:
    first, second = (
        Invariant(name=name, criterion=number, check=_complains, severity=Severity.HIGH, advice=_USUAL)
        for name, number in (("first", 3), ("second", 5))
    )
    objections, doubts = examine(case(CLEAN), (first, second))
    assert objections == [
        Objection("this", "that", "a", CONTAINERS, advice=_PARTICULAR, invariant="first", criterion=3),
        Objection("this", "that", "a", CONTAINERS, advice=_PARTICULAR, invariant="second", criterion=5),
    ]
    assert doubts == [
        Doubt("this", "who knows", None, advice=_USUAL, invariant="first", criterion=3),
        Doubt("this", "who knows", None, advice=_USUAL, invariant="second", criterion=5),
    ]


def test_what_is_objected_to_stays_so_whatever_else_is_wrong() -> None:
    """An invariant sees the whole, and yet speaks for itself: a second mistake hides no first one."""
    expected = state(a=running(), b=idle(port=20002))
    broken = evolve(picture(expected), containers={}, ports={}, listed=(), processes=("7 left-over",))
    named = {found.invariant for found in examine(case(expected, broken))[0]}
    assert {"undisturbed", "status", "no-processes"} <= named
