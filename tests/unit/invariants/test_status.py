"""`status` and `serving`: what the manager says of its services, against the engine and the servers."""

import pytest
from attrs import evolve
from builders import (
    case,
    container,
    dead,
    doubted,
    exited,
    findings,
    holding,
    idle,
    ill,
    is_quiet,
    listed,
    objected,
    picture,
    running,
    state,
    unsettled,
)

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Bounds, Contract, Means, Noticing
from churn.lifecycle.invariants import Case
from churn.lifecycle.observation import Container, Listed, Port, Status
from churn.lifecycle.operations import Status as StatusOf
from churn.lifecycle.outcome import Ok
from churn.lifecycle.state import Fresh, Service, State

BOTH = state(a=running(), b=idle(port=20002))
ROW_A, ROW_B = listed("a"), listed("b", Status.STOPPED)


def telling(expected: State, *rows: Listed, contract: Contract | None = None) -> Case:
    """The manager lists these."""
    return case(expected, picture(expected, listed=rows), contract=contract)


# -- status: the engine agrees ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", [running(), ill()], ids=["sound", "ill"])
def test_status_objects_to_a_running_service_without_a_container(service: Service) -> None:
    expected = state(a=service)
    assert objected("status", case(expected, picture(expected, containers={}))) == ["a"]


@pytest.mark.parametrize("word", ["created", "exited", "paused", "restarting", "removing", "dead"])
@pytest.mark.parametrize("service", [running(), ill()], ids=["sound", "ill"])
def test_status_objects_to_a_running_service_whose_container_does_not_run(service: Service, word: str) -> None:
    expected = state(a=service)
    seen = picture(expected, containers=holding(container(state=word)))
    assert objected("status", case(expected, seen)) == ["a"]


def test_status_objects_to_a_start_that_gave_no_container() -> None:
    expected = state(a=running(container=Fresh(1)))
    assert objected("status", case(expected, picture(expected, containers={}))) == ["a"]


@pytest.mark.parametrize("word", ["running", "paused", "restarting"])
def test_status_objects_to_a_server_that_should_be_dead_and_runs(word: str) -> None:
    """A server that has ended does not come back but by a start."""
    expected = state(a=dead())
    assert objected("status", case(expected, picture(expected, containers=holding(container(state=word))))) == ["a"]
    assert is_quiet("status", case(expected, picture(expected, containers=holding(exited()))))
    assert is_quiet("status", case(expected, picture(expected, containers={})))


@pytest.mark.parametrize("word", ["exited", "running"])
def test_status_does_not_hold_the_engine_against_an_unsettled_service(word: str) -> None:
    for service in (running(), idle(), dead()):
        expected = state(a=unsettled(service))
        assert is_quiet("status", case(expected, picture(expected, containers=holding(container(state=word)))))
        assert is_quiet("status", case(expected, picture(expected, containers={})))


def test_status_is_held_against_the_engine_also_where_the_manager_was_not_asked() -> None:
    expected = state(a=running())
    assert objected("status", case(expected, picture(expected, containers={}, listed=None))) == ["a"]


def test_a_container_that_the_engine_is_about_to_start_again_runs_where_the_contract_allows_that() -> None:
    policies = Contract(restart_policies=frozenset({"always"}))
    for service, word, fine in (
        (ill(), "restarting", True),
        (ill(), "exited", False),
        (running(), "restarting", False),
    ):
        expected = state(a=service)
        seen = picture(expected, containers=holding(container(state=word)))
        assert is_quiet("status", case(expected, seen, contract=policies)) is fine
        assert objected("status", case(expected, seen)) == ["a"]


# -- status: each service once ----------------------------------------------------------------------------------------


def test_status_is_quiet_about_each_service_once_in_any_order() -> None:
    assert is_quiet("status", telling(BOTH, ROW_A, ROW_B))
    assert is_quiet("status", telling(BOTH, ROW_B, ROW_A))


def test_status_objects_to_a_service_that_is_missing() -> None:
    assert objected("status", telling(BOTH, ROW_B)) == ["a"]
    assert objected("status", telling(BOTH)) == ["a", "b"]


def test_status_objects_to_a_service_that_is_listed_twice() -> None:
    assert objected("status", telling(BOTH, ROW_A, ROW_A, ROW_B)) == ["a"]


def test_status_objects_to_one_listed_twice_in_anothers_place() -> None:
    assert objected("status", telling(BOTH, ROW_A, ROW_A)) == ["a", "b"]


def test_status_objects_to_a_service_that_nobody_created() -> None:
    (objection,), _ = findings("status", telling(BOTH, ROW_A, ROW_B, listed("phantom")))
    assert "phantom" in objection.seen


def test_status_objects_to_a_stranger_in_a_services_place() -> None:
    assert objected("status", telling(BOTH, ROW_A, listed("phantom"))) == ["b", None]


def test_an_unsettled_service_may_be_listed_or_not_but_no_other_may_be_missing() -> None:
    expected = state(a=unsettled(idle()), b=idle(port=20002))
    assert is_quiet("status", telling(expected, ROW_B))
    assert is_quiet("status", telling(expected, ROW_A, ROW_B))
    assert objected("status", telling(expected, ROW_A)) == ["b"]


# -- status: the right word -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", Status)
@pytest.mark.parametrize("status", Status)
def test_status_objects_to_any_but_the_expected_status(status: Status, said: Status) -> None:
    expected = state(a=running() if status is Status.RUNNING else idle(status))
    assert objected("status", telling(expected, listed("a", said))) == ([] if said is status else ["a"])


def test_status_objects_to_a_word_that_the_contract_does_not_know() -> None:
    (objection,), _ = findings("status", telling(state(a=running()), listed("a", None, word="humming")))
    assert objection.service == "a"
    assert "humming" in objection.seen
    assert "does not know" in objection.seen


def test_a_word_that_means_several_statuses_may_mean_any_of_them() -> None:
    exited = Listed("a", "exited", Status.STOPPED, None, (Status.FAILED,))
    for status, fine in (
        (Status.STOPPED, True),
        (Status.FAILED, True),
        (Status.CREATED, False),
        (Status.RUNNING, False),
    ):
        expected = state(a=running() if status is Status.RUNNING else idle(status))
        assert is_quiet("status", telling(expected, exited)) is fine


def test_status_holds_the_status_commands_own_answer_against_the_state() -> None:
    expected = state(a=running())
    for said, objections in ((Status.RUNNING, []), (Status.STOPPED, ["a"])):
        seen = picture(expected, told=(listed("a", said),))
        assert objected("status", case(expected, seen, operation=StatusOf("a"))) == objections


@pytest.mark.parametrize("told", [(), (listed("b", Status.STOPPED),), (ROW_A, ROW_B)], ids=["nothing", "b", "both"])
def test_status_objects_to_a_status_command_that_tells_anything_but_that_one_service(told: tuple[Listed, ...]) -> None:
    assert objected("status", case(BOTH, picture(BOTH, told=told), operation=StatusOf("a"))) == ["a"]
    assert is_quiet("status", case(BOTH, picture(BOTH, told=(ROW_A,)), operation=StatusOf("a")))


@pytest.mark.parametrize("said", Status)
@pytest.mark.parametrize("how", [how for how in Behaviour if how.deadly])
def test_an_ill_service_may_be_told_as_running_or_failed(how: Behaviour, said: Status) -> None:
    allowed = said in (Status.RUNNING, Status.FAILED)
    assert objected("status", telling(state(a=ill(how=how)), listed("a", said))) == ([] if allowed else ["a"])


@pytest.mark.parametrize("said", Status)
@pytest.mark.parametrize("noticing", Noticing)
def test_a_dead_service_is_told_as_running_only_where_the_contract_lets_death_go_unnoticed(
    noticing: Noticing, said: Status
) -> None:
    allowed = {Status.FAILED, Status.STOPPED} | ({Status.RUNNING} if noticing is not Noticing.SETTLING else set())
    seen = telling(state(a=dead()), listed("a", said), contract=Contract(death_noticed=noticing))
    assert objected("status", seen) == ([] if said in allowed else ["a"])


@pytest.mark.parametrize("said", [*Status, None])
@pytest.mark.parametrize("service", [idle(), running(), dead()], ids=["stopped", "running", "dead"])
def test_an_unsettled_service_may_be_told_as_anything(service: Service, said: Status | None) -> None:
    assert is_quiet("status", telling(state(a=unsettled(service)), listed("a", said)))


# -- serving ----------------------------------------------------------------------------------------------------------


def answering(expected: State, *ports: tuple[int, Port], contract: Contract | None = None) -> Case:
    return case(expected, picture(expected, ports=dict(ports)), contract=contract)


@pytest.mark.parametrize(
    ("health", "healthy"), [(200, True), (204, True), (299, True), (0, False), (199, False), (302, False), (503, False)]
)
def test_serving_objects_to_a_running_service_that_does_not_answer_with_2xx(health: int, healthy: bool) -> None:
    seen = answering(state(a=running()), (20001, Port(health)))
    assert objected("serving", seen) == ([] if healthy else ["a"])


def test_serving_says_what_was_seen() -> None:
    for port, word in ((Port(503), "503"), (Port(0), "no answer"), (Port(0, detail="reset"), "reset")):
        (objection,), _ = findings("serving", answering(state(a=running()), (20001, port)))
        assert word in objection.seen


def test_serving_looks_at_each_service_by_itself() -> None:
    expected = state(a=running(), b=running("b1", 20002))
    assert objected("serving", answering(expected, (20001, Port(200)), (20002, Port(503)))) == ["b"]


@pytest.mark.parametrize(
    "service",
    [idle(), idle(Status.CREATED), idle(Status.FAILED), ill(), dead(), unsettled(running())],
    ids=["stopped", "created", "failed", "ill", "dead", "unsettled"],
)
def test_serving_demands_it_of_sound_running_services_alone(service: Service) -> None:
    assert is_quiet("serving", answering(state(a=service), (20001, Port(0))))


LEFT = unsettled(idle(), until=30.0)


def told(word: str, at: float, *containers: Container) -> Case:
    """The list's word for a service, at that time, that was left by an operation nothing of which can come after 30 s."""
    expected = state(a=LEFT)
    seen = picture(
        expected, containers=holding(*containers), listed=(Listed("a", word, Contract().spelled(word), 20001),)
    )
    return case(expected, seen, outcome=Ok(ended=at), contract=Contract(bounds=Bounds(settling=2.0)))


@pytest.mark.parametrize("word", ["running", "starting"])
def test_what_nothing_works_on_any_more_has_a_word_for_what_is(word: str) -> None:
    assert is_quiet("status", told(word, at=31.9))
    assert objected("status", told(word, at=32.0)) == ["a"]
    assert is_quiet("status", told("failed", at=32.0))


def test_a_service_that_was_left_may_be_listed_as_running_where_something_of_it_runs() -> None:
    left = container("a1", service="a")
    assert is_quiet("status", told("running", 99.0, left))
    assert is_quiet("status", told("running", 99.0, evolve(left, service=None)))
    assert objected("status", told("running", 99.0, evolve(left, state="exited"))) == ["a"]


def test_where_a_death_is_noticed_later_it_may_be_listed_as_running() -> None:
    seen = told("running", at=99.0)
    for noticing in (Noticing.OPERATION, Noticing.NEVER):
        assert is_quiet("status", evolve(seen, contract=evolve(seen.contract, death_noticed=noticing)))


def test_serving_is_not_demanded_where_running_merely_means_launched() -> None:
    launched = Contract(running_means=Means.LAUNCHED)
    seen = answering(state(a=running()), (20001, Port(0)))
    assert is_quiet("serving", evolve(seen, contract=launched))
    assert objected("serving", seen) == ["a"]


def test_serving_cannot_tell_where_the_port_was_not_probed() -> None:
    assert doubted("serving", answering(state(a=running()))) == ["a"]


def test_serving_cannot_tell_where_the_port_is_not_known() -> None:
    expected = state(a=running(port=None))
    assert doubted("serving", case(expected, picture(expected))) == ["a"]
