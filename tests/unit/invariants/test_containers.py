"""`fresh-container`, `no-orphans` and `no-restart-policy`: a clean new container for each start, and no other."""

from typing import Any

import pytest
from attrs import evolve
from builders import (
    case,
    container,
    dead,
    exited,
    findings,
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

from churn.lifecycle.condition import Server
from churn.lifecycle.contract import Contract, Remains
from churn.lifecycle.invariants import Case
from churn.lifecycle.observation import Container, Status
from churn.lifecycle.state import Fresh, Service, State

# -- fresh-container --------------------------------------------------------------------------------------------------

REUSING = Contract(stopped_container=Remains.REUSED)
BEGAN = 5
"""The place in the engine's event order at which the start began."""


def started(found: Container, *, seen: frozenset[str] = frozenset(), strict: bool = True) -> Case:
    """Service a was started, and `found` is the container that it was bound to."""
    before = State({"a": running(container=Fresh(BEGAN, strict))}, seen=seen)
    after = evolve(before, services={"a": running(found.id)})
    return case(after, picture(after, containers=holding(found)), before=before, acted=("a",))


def fresh(**changes: Any) -> Container:
    return container("a2", **{"born": BEGAN, **changes})


def test_fresh_container_is_quiet_about_a_new_one() -> None:
    assert is_quiet("fresh-container", started(fresh()))
    assert is_quiet("fresh-container", started(fresh(), seen=frozenset({"a1"})))


@pytest.mark.parametrize(
    ("found", "seen", "word"),
    [
        (fresh(), frozenset({"a2"}), "was there before"),
        (fresh(born=BEGAN - 1), frozenset(), "before the start began"),
        (fresh(born=0), frozenset(), "before the start began"),
        (fresh(starts=2), frozenset(), "it was started 2 times"),
        (fresh(restart_count=1), frozenset(), "it was started 2 times"),
        (fresh(changes=("/data", "/data/db")), frozenset(), "/data, /data/db"),
    ],
    ids=["seen before", "born before", "born before this run", "started twice", "restarted", "used layer"],
)
def test_fresh_container_objects_to_one_that_is_not(found: Container, seen: frozenset[str], word: str) -> None:
    (objection,), doubts = findings("fresh-container", started(found, seen=seen))
    assert not doubts
    assert objection.service == "a"
    assert word in objection.seen


@pytest.mark.parametrize("found", [fresh(born=1), fresh(starts=2)])
def test_fresh_container_asks_no_more_than_that_it_runs_after_an_unknown_outcome(found: Container) -> None:
    assert is_quiet("fresh-container", started(found, strict=False))
    assert objected("fresh-container", started(found, strict=True)) == ["a"]


def test_fresh_container_does_not_judge_the_container_of_a_service_that_was_not_started() -> None:
    after = state(a=running("a1"))
    old = picture(after, containers=holding(container("a1", starts=3, changes=("/data",))))
    assert is_quiet("fresh-container", case(after, old))


def test_fresh_container_leaves_a_container_that_is_not_there_to_status() -> None:
    after = State({"a": running(container=Fresh(BEGAN))})
    nothing = case(after, picture(after, containers={}), acted=("a",))
    assert is_quiet("fresh-container", nothing)
    assert objected("status", nothing) == ["a"]


def test_what_the_contract_says_a_server_writes_as_it_starts_is_no_used_layer() -> None:
    logs = Contract(written=("/var/log/.*",))
    clean = started(fresh(changes=("/var", "/var/log", "/var/log/server.log")))
    used = started(fresh(changes=("/var", "/var/lib", "/var/lib/db", "/var/log", "/var/log/server.log")))
    assert is_quiet("fresh-container", evolve(clean, contract=logs))
    (objection,), _ = findings("fresh-container", evolve(used, contract=logs))
    assert objection.seen == "/var/lib, /var/lib/db"
    assert not is_quiet("fresh-container", clean)


POLICIES = Contract(restart_policies=frozenset({"always"}))


def test_how_often_it_was_started_is_not_asked_where_its_restart_policy_is_allowed() -> None:
    often = fresh(starts=2, restart_count=1, restart_policy="always")
    assert is_quiet("fresh-container", evolve(started(often), contract=POLICIES))
    assert not is_quiet("fresh-container", evolve(started(evolve(often, restart_policy="no")), contract=POLICIES))


def again(*found: Container, contract: Contract = REUSING) -> Case:
    """Service a, whose container a1 was stopped, was started again; that is what is there then."""
    after = State({"a": running("a1")}, seen=frozenset({"a1"}))
    return case(after, picture(after, containers=holding(*found)), contract=contract, acted=("a",))


def test_a_container_that_is_started_again_may_be_old_and_dirty() -> None:
    assert is_quiet("fresh-container", again(container("a1", starts=2, changes=("/data",))))


def test_another_container_in_place_of_the_one_that_has_to_be_started_again_is_told() -> None:
    stopped = container("a1", state="exited")
    for found in ((container("a2"),), (stopped, container("a2"))):
        ((objection,), _) = findings("fresh-container", again(*found))
        assert objection.seen == "it runs in a#2"
        assert is_quiet("fresh-container", again(*found, contract=Contract()))
    assert is_quiet("fresh-container", again(stopped)), "nothing runs: `status` says so"


# -- no-orphans -------------------------------------------------------------------------------------------------------


def with_containers(expected: State, *found: Container) -> Case:
    return case(expected, picture(expected, containers=holding(*found)))


@pytest.mark.parametrize("word", ["created", "running", "paused", "restarting", "removing", "exited", "dead"])
@pytest.mark.parametrize("status", [Status.CREATED, Status.STOPPED, Status.FAILED])
def test_no_orphans_objects_to_any_container_of_a_service_that_does_not_run(status: Status, word: str) -> None:
    assert objected("no-orphans", with_containers(state(a=idle(status)), container(state=word))) == ["a"]
    assert is_quiet("no-orphans", with_containers(state(a=idle(status))))


@pytest.mark.parametrize("word", ["created", "running", "removing", "exited", "dead"])
def test_no_orphans_objects_to_a_second_container_of_a_running_service(word: str) -> None:
    expected = state(a=running("a2"))
    assert objected("no-orphans", with_containers(expected, container("a2"), container("a1", state=word))) == ["a"]
    assert is_quiet("no-orphans", with_containers(expected, container("a2")))


@pytest.mark.parametrize("service", [running("a2"), ill("a2"), dead("a2", leftover=False)], ids=str)
def test_no_orphans_objects_to_a_container_that_is_not_the_bound_one(service: Service) -> None:
    """Whether the bound one is missing is for `status` to say; this one is no less an orphan for that."""
    assert objected("no-orphans", with_containers(state(a=service), exited("a1"))) == ["a"]


@pytest.mark.parametrize("word", ["created", "exited", "paused"])
def test_no_orphans_or_status_objects_to_the_container_of_a_running_service_in_another_state(word: str) -> None:
    broken = with_containers(state(a=running()), container(state=word))
    assert (findings("no-orphans", broken)[0] + findings("status", broken)[0])[0].service == "a"


def test_no_orphans_objects_to_containers_of_services_that_are_not_there() -> None:
    expected = state(a=running())
    assert objected("no-orphans", with_containers(expected, container(), container("z1", "z"))) == ["z"]
    assert objected("no-orphans", with_containers(state(), exited("a1"))) == ["a"]


def test_no_orphans_objects_to_a_container_of_the_managers_that_belongs_to_no_service() -> None:
    expected = state(a=running())
    assert objected("no-orphans", with_containers(expected, container(), container("x1", None))) == [None]


def test_no_orphans_knows_a_container_that_tells_no_service_by_its_being_bound() -> None:
    assert is_quiet("no-orphans", with_containers(state(a=running("x1")), container("x1", None)))


def test_no_orphans_knows_what_was_left_from_what_was_made_for_nobody() -> None:
    """A container that tells no service, but was there before, was some service's."""
    left = with_containers(evolve(state(a=idle()), seen=frozenset({"x1"})), exited("x1", None))
    made = with_containers(state(a=idle()), exited("x1", None))
    causes = [findings("no-orphans", one)[0][0].advice for one in (left, made)]
    assert [one.cause.split(",")[0] for one in causes if one is not None] == [
        "on some way out (a failed start",
        "a container was made for a service that was not started",
    ]


def test_no_orphans_objects_once_for_each() -> None:
    found = with_containers(state(a=idle(), b=idle(port=2)), container("a1"), exited("a2"), container("b1", "b"))
    assert sorted(map(str, objected("no-orphans", found))) == ["a", "a", "b"]


def test_no_orphans_tolerates_the_container_of_a_dead_server_but_not_another() -> None:
    assert is_quiet("no-orphans", with_containers(state(a=dead()), exited()))
    assert is_quiet("no-orphans", with_containers(state(a=dead())))
    assert objected("no-orphans", with_containers(state(a=dead("a2")), exited("a2"), exited("a1"))) == ["a"]


def test_no_orphans_tolerates_one_leftover_that_does_not_run() -> None:
    expected = state(a=idle(leftover=True))
    assert is_quiet("no-orphans", with_containers(expected, exited()))
    assert is_quiet("no-orphans", with_containers(expected))
    assert objected("no-orphans", with_containers(expected, container())) == ["a"]
    assert objected("no-orphans", with_containers(expected, exited("a1"), exited("a2"))) == ["a"]


def test_a_leftover_of_one_service_excuses_none_of_another() -> None:
    expected = state(a=idle(leftover=True), b=idle(port=20002))
    assert objected("no-orphans", with_containers(expected, exited("b1", "b"))) == ["b"]


@pytest.mark.parametrize("word", ["created", "running", "exited"])
def test_no_orphans_tolerates_one_container_more_than_expected_of_an_unsettled_service(word: str) -> None:
    more = container("a2", state=word)
    assert is_quiet("no-orphans", with_containers(state(a=unsettled(idle())), more))
    assert is_quiet("no-orphans", with_containers(state(a=unsettled(running("a1"))), container("a1"), more))
    assert is_quiet("no-orphans", with_containers(state(a=unsettled(running("a1"))), more))


def test_no_orphans_tolerates_one_more_than_a_leftover_of_an_unsettled_service() -> None:
    """The manager was cut off between making a new container and removing the one that was kept."""
    expected = state(a=unsettled(idle(leftover=True)))
    assert is_quiet("no-orphans", with_containers(expected, exited("a1"), container("a2")))
    assert objected("no-orphans", with_containers(expected, exited("a1"), container("a2"), exited("a3"))) == ["a"]


def test_no_orphans_objects_to_two_more_than_expected_where_none_was() -> None:
    assert objected("no-orphans", with_containers(state(a=unsettled(idle())), exited("a2"), exited("a3"))) == ["a"]


def test_no_orphans_objects_to_two_more_than_expected_where_one_was() -> None:
    expected = state(a=unsettled(running("a1")))
    assert objected("no-orphans", with_containers(expected, container("a1"), exited("a2"), exited("a3"))) == ["a"]


# -- no-restart-policy ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["", "no"])
def test_no_restart_policy_is_quiet_without_one(policy: str) -> None:
    assert is_quiet("no-restart-policy", with_containers(state(a=running()), container(restart_policy=policy)))


@pytest.mark.parametrize("policy", ["always", "unless-stopped", "on-failure"])
@pytest.mark.parametrize("word", ["running", "exited"])
def test_no_restart_policy_objects_to_one_in_whatever_state(policy: str, word: str) -> None:
    found = container(restart_policy=policy, state=word)
    assert objected("no-restart-policy", with_containers(state(a=running()), found)) == ["a"]


def test_no_restart_policy_allows_those_of_the_contract_and_no_other() -> None:
    contract = Contract(restart_policies=frozenset({"on-failure"}))
    for policy, expected in (("on-failure", []), ("always", ["a"])):
        seen = with_containers(state(a=running()), container(restart_policy=policy))
        assert objected("no-restart-policy", evolve(seen, contract=contract)) == expected


def test_a_sight_of_a_dead_service_is_what_these_tests_take_it_for() -> None:
    assert dead().server is Server.DEAD
    assert dead().leftover
