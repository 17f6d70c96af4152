"""Containers that are there before a start or stay after a stop, by contract: which one a start then has to run."""

import pytest
from attrs import evolve
from builders import dead, idle, ill, running, state

from churn.lifecycle.condition import Behaviour, Server
from churn.lifecycle.contract import Contract, Means, Remains, Reply, SecondStart, Willing
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import (
    Crash,
    Create,
    Operation,
    Outage,
    Restart,
    RestartEngine,
    SetBehaviour,
    Start,
    Stop,
)
from churn.lifecycle.outcome import Ok
from churn.lifecycle.state import Fresh, Service
from churn.lifecycle.transitions import Must, follow

OK = Ok(began=1.0, ended=2.0, mark=7)
REUSING = Contract(stopped_container=Remains.REUSED)
CREATING = Contract(created_container=Remains.REUSED)
BOTH = Contract(created_container=Remains.REUSED, stopped_container=Remains.REUSED)
STOPPED = idle(leftover=True, again="a1")
LOST = dead(leftover=False)


def after(service: Service | None, operation: Operation, contract: Contract) -> list[tuple[Must, Service | None]]:
    """What may become of service a."""
    before = state() if service is None else state(a=service)
    return [(branch.must, branch.state.services.get("a")) for branch in follow(before, operation, OK, contract)]


def container(service: Service, contract: Contract) -> object:
    """What the service's next start has to run."""
    (_, up), *_ = after(service, Start("a"), contract)
    assert up is not None
    assert up.again is None
    return up.container


# -- stopped containers that are started again ---------------------------------------------------------------------------


@pytest.mark.parametrize("service", [running(), dead(), ill()], ids=["running", "dead", "ill"])
def test_a_stop_leaves_the_container_and_the_next_start_runs_it(service: Service) -> None:
    stopped = evolve(STOPPED, behaviour=service.behaviour)
    assert after(service, Stop("a"), REUSING)[0] == (Must.OK, stopped)
    assert container(STOPPED, REUSING) == "a1"


def test_a_second_stop_changes_nothing_of_that() -> None:
    assert after(STOPPED, Stop("a"), REUSING) == [(Must.OK, STOPPED)]


def test_a_server_that_died_is_started_again_in_its_container() -> None:
    assert container(dead(), REUSING) == "a1"


def test_where_nobody_has_seen_the_container_the_start_may_run_any() -> None:
    unseen = running(Fresh(3))  # type: ignore[arg-type]  # nobody has looked yet
    ((_, stopped),) = after(unseen, Stop("a"), REUSING)
    assert stopped == idle(leftover=True)
    assert container(stopped, REUSING) == Fresh(0, strict=False)


@pytest.mark.parametrize("service", [idle(), idle(Status.FAILED), LOST], ids=["stopped", "failed", "removed"])
def test_a_service_that_has_no_container_gets_a_fresh_one(service: Service) -> None:
    assert container(service, REUSING) == Fresh(OK.mark)


@pytest.mark.parametrize("stopped", [Remains.GONE, Remains.KEPT])
def test_unless_it_is_said_each_start_has_a_fresh_container(stopped: Remains) -> None:
    contract = Contract(stopped_container=stopped)
    (_, after_stop), *_ = after(running(), Stop("a"), contract)
    assert after_stop == idle(leftover=stopped is Remains.KEPT)
    assert container(after_stop, contract) == Fresh(OK.mark)
    assert container(dead(), contract) == Fresh(OK.mark)


def restarted(service: Service, contract: Contract) -> object:
    """What a restart has to run."""
    (_, up), *_ = after(service, Restart("a"), contract)
    assert up is not None
    return up.container


def test_a_restart_keeps_the_container_where_the_contract_says_so() -> None:
    keeping = Contract(restarted_container=Remains.REUSED, idle_restart=Willing.DONE)
    for contract in (keeping, REUSING):
        assert restarted(running(), contract) == "a1"
        assert restarted(dead(), contract) == "a1"
    assert restarted(idle(), keeping) == Fresh(OK.mark)
    assert restarted(LOST, keeping) == Fresh(OK.mark)
    assert container(dead(), keeping) == Fresh(OK.mark), "a start is no restart"
    for contract in (Contract(), CREATING):
        assert restarted(running(), contract) == Fresh(OK.mark)


# -- containers that create makes ---------------------------------------------------------------------------------------


def test_what_create_made_may_be_there_and_the_first_start_runs_it() -> None:
    assert after(None, Create("a"), CREATING) == [(Must.OK, Service(leftover=True))]
    assert container(Service(leftover=True), CREATING) == Fresh(0)
    assert container(Service(leftover=True), BOTH) == Fresh(0)


def test_later_starts_are_told_by_what_a_stop_leaves() -> None:
    assert container(idle(), CREATING) == Fresh(OK.mark)
    assert container(STOPPED, BOTH) == "a1"


def test_whose_container_was_removed_may_be_lost_to_the_manager() -> None:
    assert Must.REJECTED in {must for must, _ in after(LOST, Start("a"), CREATING)}
    assert Must.REJECTED in {must for must, _ in after(LOST, Stop("a"), CREATING)}
    assert after(LOST, Create("a"), CREATING) == [
        (Must.OK, Service(leftover=True)),
        (Must.REJECTED, LOST),
    ]


@pytest.mark.parametrize("operation", [Start("a"), Stop("a")], ids=str)
@pytest.mark.parametrize(("service", "contract"), [(LOST, REUSING), (dead(), CREATING)], ids=["no-create", "there"])
def test_any_other_service_is_not_lost(service: Service, contract: Contract, operation: Operation) -> None:
    assert {must for must, _ in after(service, operation, contract)} == {Must.OK}
    assert after(service, Create("a"), contract) == [(Must.REJECTED, service)]


# -- a second start that replaces -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stopped", Remains)
def test_a_start_of_a_running_service_may_have_to_replace_its_container(stopped: Remains) -> None:
    contract = Contract(second_start=SecondStart.REPLACES, stopped_container=stopped)
    assert after(running(), Start("a"), contract) == [(Must.OK, evolve(running(), container=Fresh(OK.mark)))]


def test_a_choice_of_another_kind_is_refused() -> None:
    with pytest.raises(TypeError):
        Contract(second_start=Reply.REFUSED)  # type: ignore[arg-type]  # that is the test


# -- restart policies -----------------------------------------------------------------------------------------------------


def test_a_server_that_the_engine_may_revive_may_be_ill_for_a_while_after_its_fault_has_ended() -> None:
    looping = ill(how=Behaviour.CRASH)
    healed = {
        service.server
        for _, service in after(looping, SetBehaviour("a", Behaviour.HEALTHY), Contract())
        if service is not None
    }
    assert healed == {Server.SOUND, Server.DEAD}
    contract = Contract(restart_policies=frozenset({"always"}), running_means=Means.LAUNCHED)
    found = [service for _, service in after(looping, SetBehaviour("a", Behaviour.HEALTHY), contract)]
    assert Server.ILL in {service.server for service in found if service is not None}


@pytest.mark.parametrize("operation", [Crash("a"), RestartEngine(Outage.PLAIN)], ids=str)
def test_what_is_struck_may_come_back(operation: Operation) -> None:
    contract = Contract(restart_policies=frozenset({"always"}))
    assert Server.ILL in {service.server for _, service in after(running(), operation, contract) if service is not None}
