"""A stop gives the server time to end by itself: what is objected to, and what cannot be known and is not."""

import pytest
from attrs import evolve
from builders import case, findings, idle, objected, picture, state

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Contract
from churn.lifecycle.invariants import Case
from churn.lifecycle.observation import Killed
from churn.lifecycle.operations import Operation, Start, Stop
from churn.lifecycle.outcome import Outcome, Rejected, Unknown

STOPPED = state(a=idle())


def killed(grace: float | None, *, service: str = "a", promised: float = 1.0, **changes: object) -> Case:
    seen = picture(STOPPED, killed=(Killed("a#1", "t-a1", service, grace),))
    made = case(STOPPED, seen, operation=Stop("a"), contract=Contract(stop_grace=promised))
    return evolve(made, **changes)


@pytest.mark.parametrize("grace", [None, 0.0, 0.9])
def test_a_server_that_had_less_time_than_promised_was_not_stopped_gracefully(grace: float | None) -> None:
    assert objected("graceful-stop", killed(grace)) == ["a"]


@pytest.mark.parametrize("grace", [1.0, 10.0])
def test_one_that_ignored_the_request_may_be_killed_after_the_grace(grace: float) -> None:
    assert objected("graceful-stop", killed(grace)) == []


def test_where_no_grace_is_promised_it_may_be_killed_at_once() -> None:
    assert objected("graceful-stop", killed(None, promised=0.0)) == []


@pytest.mark.parametrize("outcome", [Rejected(), Unknown()])
def test_a_stop_that_did_not_succeed_is_not_judged(outcome: Outcome) -> None:
    assert objected("graceful-stop", killed(None, outcome=outcome)) == []


@pytest.mark.parametrize("operation", [Start("a"), Stop("b")])
def test_only_the_stop_of_the_service_itself_is_judged(operation: Operation) -> None:
    assert objected("graceful-stop", killed(None, operation=operation)) == []


def test_a_server_that_cannot_live_may_be_killed() -> None:
    hanging = state(a=idle(behaviour=Behaviour.HANG))
    assert objected("graceful-stop", killed(None, state=hanging)) == []


def test_a_grace_that_was_too_short_is_told_with_its_own_advice() -> None:
    (objection,), _ = findings("graceful-stop", killed(0.5))
    assert objection.seen == "it is killed after 0.5 s"
    assert objection.advice is not None
    assert "stop_grace" in objection.advice.fix
