"""Removing and restarting a service: what the model lets follow, and what the reference manager does."""

import pytest
from attrs import evolve
from builders import dead, idle, ill, laboratory, running, state, unsettled

from churn.assembly import Target, assembled
from churn.lifecycle.condition import Behaviour, Server
from churn.lifecycle.contract import Contract, Willing
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import (
    Create,
    HoldPort,
    Operation,
    Pace,
    Remove,
    Restart,
    SetBehaviour,
    Start,
    Step,
    Stop,
)
from churn.lifecycle.outcome import Ok, Outcome, Unknown
from churn.lifecycle.planning import Places
from churn.lifecycle.state import Fresh, Service, Undergone, Unsettled
from churn.lifecycle.transitions import Must, follow
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.system.clock import RealClock

EARLY, LATE = Ok(began=1.0, ended=2.0, mark=7), Ok(began=31.0, ended=32.0, mark=7)
IDLE = {status.value: idle(status) for status in (Status.CREATED, Status.STOPPED, Status.FAILED)}
ALIVE = {"running": running(), "ill": ill()}
idle_cases = pytest.mark.parametrize("service", IDLE.values(), ids=IDLE.keys())
alive_cases = pytest.mark.parametrize("service", ALIVE.values(), ids=ALIVE.keys())
MUSTS = {
    Willing.DONE: [Must.OK],
    Willing.REFUSED: [Must.REJECTED],
    Willing.EITHER: [Must.OK, Must.REJECTED],
}


def after(
    service: Service | None, operation: Operation, outcome: Outcome = EARLY, **contract: object
) -> list[tuple[Must, Service | None]]:
    """What may become of service a, beside which b stays as it is."""
    before = state(b=running("b1", 20002), **({} if service is None else {"a": service}))
    branches = follow(before, operation, outcome, Contract(**contract))  # type: ignore[arg-type]  # fields as given
    assert all(branch.state.services["b"] == before.services["b"] for branch in branches)
    return [(branch.must, branch.state.services.get("a")) for branch in branches]


# -- remove -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [Remove("a"), Restart("a")], ids=str)
def test_of_a_service_that_is_not_there_it_is_refused(operation: Operation) -> None:
    assert after(None, operation) == [(Must.REJECTED, None)]


@idle_cases
@pytest.mark.parametrize("willing", Willing)
def test_what_does_not_run_is_removed_whatever_the_contract(service: Service, willing: Willing) -> None:
    assert after(evolve(service, leftover=True), Remove("a"), running_remove=willing) == [(Must.OK, None)]


@pytest.mark.parametrize("willing", Willing)
def test_what_runs_is_removed_as_the_contract_says(willing: Willing) -> None:
    branches = after(running(), Remove("a"), running_remove=willing)
    assert [must for must, _ in branches] == MUSTS[willing]
    assert all(found == (None if must is Must.OK else running()) for must, found in branches)


@pytest.mark.parametrize("service", [ill(), dead()], ids=["ill", "dead"])
def test_of_an_ill_or_dead_server_a_manager_may_think_that_it_runs(service: Service) -> None:
    assert (Must.OK, None) in after(service, Remove("a"), running_remove=Willing.REFUSED)
    assert (Must.REJECTED, service) in after(service, Remove("a"), running_remove=Willing.REFUSED)
    assert all(found is None for _, found in after(service, Remove("a"), running_remove=Willing.DONE))


def test_a_service_that_was_removed_counts_as_never_cycled() -> None:
    before = evolve(state(a=idle()), undergone=Undergone(frozenset({"a", "b"})))
    (branch,) = follow(before, Remove("a"), EARLY, Contract())
    assert branch.state.undergone.cycled == {"b"}


def test_after_a_remove_of_unknown_outcome_the_service_may_be_gone() -> None:
    unknown = Unknown(began=1.0, ended=2.0, reason="cut off", until=30.0)
    ((_, service),) = after(idle(), Remove("a"), unknown)
    assert service is not None
    assert service.unsettled == Unsettled("create", 30.0, others=True)
    created = after(service, Create("a"), LATE)
    assert [must for must, _ in created] == [Must.OK, Must.REJECTED]


def test_a_remove_while_effects_may_still_come_leaves_that_open_and_ends_the_faults() -> None:
    service = evolve(unsettled(idle(), "start", until=30.0), behaviour=Behaviour.CRASH)
    (must, found), refused = after(service, Remove("a"))
    assert refused == (Must.REJECTED, service)
    assert must is Must.OK
    assert found is not None
    assert (found.unsettled, found.behaviour) == (Unsettled("create", 30.0, others=True), Behaviour.HEALTHY)
    assert after(service, Remove("a"), LATE) == [(Must.OK, None), (Must.REJECTED, service)]


def test_planning_creates_again_the_first_of_those_that_are_not_there() -> None:
    places = Places(("a", "b", "c"), Contract())
    here = places.start
    for name in "abc":
        here = places.after(here, Create(name))
    here = places.after(places.after(here, Remove("a")), Remove("b"))
    assert {one.service for one in places.choices(here)} == {"a", "c", None}


# -- restart ----------------------------------------------------------------------------------------------------------


def test_what_runs_is_restarted_in_a_fresh_container_on_its_port() -> None:
    for willing in Willing:
        assert after(running(), Restart("a"), idle_restart=willing) == [
            (Must.OK, running(container=Fresh(EARLY.mark), port=running().port))
        ]


@idle_cases
@pytest.mark.parametrize("willing", Willing)
def test_what_does_not_run_is_restarted_as_the_contract_says(service: Service, willing: Willing) -> None:
    branches = after(service, Restart("a"), idle_restart=willing)
    started = after(service, Start("a"))
    assert branches == [one for one in (*started, (Must.REJECTED, service)) if one[0] in MUSTS[willing]]


def test_a_restart_of_what_cannot_live_fails_as_a_start_does() -> None:
    (failed,) = after(ill(how=Behaviour.HANG), Restart("a"))[:1]
    assert failed[0] is Must.REJECTED
    assert failed[1] is not None
    assert (failed[1].status, failed[1].server) == (Status.FAILED, Server.NONE)


# -- done -------------------------------------------------------------------------------------------------------------


def test_a_service_that_was_removed_and_created_again_has_no_fault_any_more() -> None:
    """Its port is another one, nobody holds it, and its servers are healthy."""
    lab = laboratory()
    lab.session.begin("test", "a")
    for operation in (
        Create("a"), HoldPort("a"), Remove("a"), Create("a"), Start("a"), Remove("a"),
        Create("a"), SetBehaviour("a", Behaviour.CRASH), Remove("a"), Create("a"), HoldPort("a"), Start("a"), Remove("a"),
        Create("a"), Restart("a"), Restart("a"), Stop("a"),
    ):  # fmt: skip
        lab.session.step(Step(operation))
    lab.session.finish()
    assert {type(record.outcome).__name__ for record in lab.session.current.records} == {"Ok", "Rejected"}


def test_volumes_are_known_only_where_nothing_was_started_before_the_first_look() -> None:
    with assembled(Target()) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        session.begin("test", "a")
        session.step(Step(Create("a"), Pace.HURRIED))
        session.step(Step(Start("a")))
        assert session.state.volumes is None
        session.begin("test", "a")
        session.step(Step(Create("a")))
        assert session.state.volumes == frozenset()
