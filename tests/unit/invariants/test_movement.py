"""`undisturbed` and `quiet`: what moved though nothing asked it to."""

import pytest
from attrs import evolve
from builders import (
    case,
    container,
    dead,
    exited,
    holding,
    idle,
    ill,
    is_quiet,
    objected,
    picture,
    running,
    state,
    unsettled,
)

from churn.lifecycle.invariants import Case
from churn.lifecycle.observation import Container, Event
from churn.lifecycle.operations import Length, Start, Stop, Wait
from churn.lifecycle.state import Fresh, Service, State

A, B = container(), container("b1", "b")
BOTH = state(a=running(), b=running("b1", 20002))
AWAY = ["created", "exited", "paused", "restarting", "removing", "dead"]

# -- undisturbed ------------------------------------------------------------------------------------------------------


def after_stop_of_b(*found: Container, a: Service | None = None) -> Case:
    expected = state(a=a or running(), b=idle(port=20002))
    return case(expected, picture(expected, containers=holding(*found)), operation=Stop("b"), acted=("b",))


def test_undisturbed_is_quiet_where_the_others_run_on() -> None:
    assert is_quiet("undisturbed", after_stop_of_b(A))


def test_undisturbed_objects_to_the_end_of_anothers_container() -> None:
    assert objected("undisturbed", after_stop_of_b()) == ["a"]


@pytest.mark.parametrize("word", AWAY)
def test_undisturbed_objects_to_anothers_container_in_another_state(word: str) -> None:
    assert objected("undisturbed", after_stop_of_b(container(state=word))) == ["a"]


def test_undisturbed_objects_to_anothers_container_replaced_by_a_new_one() -> None:
    assert objected("undisturbed", after_stop_of_b(container("a2"))) == ["a"]


def test_undisturbed_leaves_services_that_were_acted_on_since_the_last_look_to_others() -> None:
    expected = state(a=running(), b=running("b1", 20002))
    seen = case(expected, picture(expected, containers={}), operation=Stop("b"), acted=("a",))
    assert objected("undisturbed", seen) == ["b"]
    assert is_quiet("undisturbed", evolve(seen, acted=frozenset({"a", "b"})))


def test_undisturbed_objects_also_where_the_operation_is_on_no_service() -> None:
    assert objected("undisturbed", case(BOTH, picture(BOTH, containers=holding(B)))) == ["a"]


def test_undisturbed_has_no_say_while_nothing_but_time_passed() -> None:
    seen = case(BOTH, picture(BOTH, containers=holding(B)), operation=Wait(Length.SHORT), waited=True)
    assert is_quiet("undisturbed", seen)
    assert objected("quiet", seen) == ["a"]


def test_undisturbed_does_not_judge_a_container_that_was_only_now_bound() -> None:
    before = State({"a": running(container=Fresh(1)), "b": idle()})
    after = evolve(before, services={"a": running("a9"), "b": idle()})
    seen = case(after, picture(after, containers={}), before=before, operation=Stop("b"), acted=("b",))
    assert is_quiet("undisturbed", seen)


MOVING = {"ill": ill(), "dead": dead(), "unsettled": unsettled(running()), "unsettled and ill": unsettled(ill())}


@pytest.mark.parametrize("service", MOVING.values(), ids=MOVING.keys())
def test_undisturbed_demands_nothing_of_services_under_a_fault_or_an_unknown_outcome(service: Service) -> None:
    """The counterpart, a sound service of which all is known, is objected to above."""
    assert is_quiet("undisturbed", after_stop_of_b(a=service))
    assert is_quiet("undisturbed", after_stop_of_b(exited(), a=service))


# -- quiet ------------------------------------------------------------------------------------------------------------


def waited(expected: State, *found: Container, events: tuple[Event, ...] = ()) -> Case:
    seen = picture(expected, containers=holding(*found), events=events)
    return case(expected, seen, operation=Wait(Length.LONG), waited=True)


def happened(*actions: str, to: str = "a1") -> tuple[Event, ...]:
    return tuple(Event(mark=place + 1, container=to, action=action) for place, action in enumerate(actions))


def test_quiet_is_quiet_where_nothing_moved() -> None:
    assert is_quiet("quiet", waited(BOTH, A, B))


def test_quiet_objects_to_the_end_of_a_container() -> None:
    assert objected("quiet", waited(BOTH, B)) == ["a"]


@pytest.mark.parametrize("word", AWAY)
def test_quiet_objects_to_a_container_in_another_state(word: str) -> None:
    assert objected("quiet", waited(BOTH, container(state=word), B)) == ["a"]


@pytest.mark.parametrize(
    "action", ["create", "start", "die", "kill", "stop", "restart", "pause", "unpause", "rename", "oom"]
)
def test_quiet_objects_to_a_container_that_moved_and_looks_the_same(action: str) -> None:
    assert objected("quiet", waited(BOTH, A, B, events=happened(action))) == ["a"]


def test_quiet_objects_once_to_a_container_that_moved_a_lot() -> None:
    assert objected("quiet", waited(BOTH, A, B, events=happened("die", "start", "die", "start"))) == ["a"]


def test_quiet_does_not_mind_actions_that_move_nothing() -> None:
    assert is_quiet("quiet", waited(BOTH, A, B, events=happened("attach", "top", "exec_start", "health_status")))


def test_quiet_objects_to_a_container_that_appears() -> None:
    expected = state(a=idle())
    seen = waited(expected, container("a2"), events=happened("create", "start", to="a2"))
    assert objected("quiet", seen) == ["a"]


def test_quiet_objects_to_a_container_of_no_service_that_appears() -> None:
    expected = state(a=idle())
    seen = waited(expected, container("x2", None), events=happened("create", to="x2"))
    assert objected("quiet", seen) == [None]


def test_quiet_does_not_mind_containers_that_are_not_the_managers() -> None:
    assert is_quiet("quiet", waited(BOTH, A, B, events=happened("create", "start", to="stranger")))


def test_quiet_has_no_say_after_an_operation() -> None:
    seen = picture(BOTH, events=happened("die", "start"))
    assert is_quiet("quiet", case(BOTH, seen, operation=Start("a"), acted=("a",)))


@pytest.mark.parametrize("service", MOVING.values(), ids=MOVING.keys())
def test_quiet_lets_services_under_a_fault_or_an_unknown_outcome_move(service: Service) -> None:
    """Effects of an unknown outcome may still come while one waits; the counterparts are objected to above."""
    expected = state(a=service, b=running("b1", 20002))
    assert is_quiet("quiet", waited(expected, exited(), B, events=happened("kill", "die")))
    assert is_quiet("quiet", waited(expected, B, events=happened("kill", "die")))


@pytest.mark.parametrize("service", MOVING.values(), ids=MOVING.keys())
def test_quiet_excuses_no_other_service_by_that(service: Service) -> None:
    expected = state(a=service, b=running("b1", 20002))
    assert objected("quiet", waited(expected, exited(), B, events=happened("die", "start", to="b1"))) == ["b"]
