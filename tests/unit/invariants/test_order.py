"""`in-some-order` and `undisturbed` where several clients ask at once: what the engine's events tell beside the last look."""

from attrs import evolve
from builders import case, container, holding, idle, is_quiet, objected, picture, running, state

from churn.lifecycle.contract import Contract, SecondStart
from churn.lifecycle.invariants import Case
from churn.lifecycle.observation import Container, Event
from churn.lifecycle.operations import Start, Stop, Together
from churn.lifecycle.outcome import Overlapped

A, B = container(), container("b1", "b")
BOTH = state(a=running(), b=running("b1", 20002))
TWO_STARTS = Together(((Start("a"),), (Start("a"),)))


def events(*told: str, service: str = "a") -> tuple[Event, ...]:
    """Of words such as ``a1 start``."""
    words = (one.split() for one in told)
    return tuple(
        Event(mark=place, container=identity, action=action, service=service)
        for place, (identity, action) in enumerate(words, 1)
    )


def at_once(*found: Container, happened: tuple[Event, ...] = (), block: Together = TWO_STARTS) -> Case:
    seen = picture(BOTH, containers=holding(*found), events=happened)
    made = case(BOTH, seen, operation=block, acted=block.services)
    return evolve(made, outcome=Overlapped())


def test_two_containers_that_ran_at_once_are_objected_to_though_one_is_gone() -> None:
    seen = at_once(A, B, happened=events("a1 start", "a2 start", "a2 die", "a2 destroy"))
    assert objected("in-some-order", seen) == ["a"]


def test_one_after_the_other_is_no_matter() -> None:
    assert is_quiet("in-some-order", at_once(A, B, happened=events("a2 start", "a2 die", "a1 start")))
    assert is_quiet("in-some-order", at_once(A, B, happened=events("a0 die", "a1 start")))


def test_one_that_was_made_meanwhile_did_not_run_before() -> None:
    assert is_quiet("in-some-order", at_once(A, B, happened=events("a2 create", "a1 start", "a2 die")))
    assert is_quiet("in-some-order", at_once(A, B, happened=events("a2 start", "a2 destroy", "a1 start")))


def test_one_that_ran_before_counts() -> None:
    another = container("a2", "a")
    assert objected("in-some-order", at_once(A, B, another, happened=events("a2 start"))) == ["a"]
    assert objected("in-some-order", at_once(A, B, happened=events("a1 start", "a0 die"))) == ["a"]


def test_containers_of_two_services_and_of_nobody_known_run_beside_each_other() -> None:
    both = (*events("a1 start"), *events("b1 start", service="b"), *events("x start", "y start", service=""))
    assert is_quiet("in-some-order", at_once(A, B, happened=both))


def test_where_a_second_start_replaces_the_first_both_may_run_for_a_moment() -> None:
    seen = at_once(A, B, happened=events("a1 start", "a2 start", "a2 die"))
    assert is_quiet("in-some-order", evolve(seen, contract=Contract(second_start=SecondStart.REPLACES)))


def test_another_services_container_that_was_ended_and_started_again_is_objected_to() -> None:
    harmed = events("b1 kill", "b1 die", "b1 start", service="b")
    assert objected("undisturbed", at_once(A, B, happened=harmed)) == ["b"]
    assert is_quiet("undisturbed", at_once(A, B, happened=events("a1 kill", "a1 die", "a1 start")))


def test_another_services_container_that_is_gone_is_told_once() -> None:
    assert objected("undisturbed", at_once(A, happened=events("b1 kill", "b1 die", service="b"))) == ["b"]


def test_the_events_of_one_client_are_no_matter() -> None:
    expected = state(a=running(), b=idle(port=20002))
    seen = picture(expected, containers=holding(A), events=events("a1 die", "a1 start"))
    assert is_quiet("undisturbed", case(expected, seen, operation=Stop("b"), acted=("b",)))
