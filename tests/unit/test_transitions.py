"""The table in `churn.lifecycle.transitions`, row by row, under every contract on which the row depends or must not depend."""

import copy
from typing import Any

import pytest
from attrs import evolve
from builders import contracts, dead, idle, ill, running, state, unsettled
from hypothesis import given, settings, strategies as st

from churn.lifecycle.condition import Behaviour, Server
from churn.lifecycle.contract import Contract, Means, Noticing, Ports, Remains, Reply, SecondStart
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import (
    Crash,
    Create,
    HoldPort,
    Kill,
    Length,
    List,
    Operation,
    ReleasePort,
    RemoveContainer,
    SetBehaviour,
    Start,
    Status as StatusOf,
    Stop,
    Wait,
)
from churn.lifecycle.outcome import Ok, Outcome, Rejected, Unknown
from churn.lifecycle.state import CLEAN, Fresh, Service, State, Unsettled, enabled, every, is_enabled, repaired
from churn.lifecycle.transitions import Branch, Must, follow

DEFAULT = Contract()
OK = Ok(began=1.0, ended=2.0, mark=7)
LIVELY = tuple(how for how in Behaviour if not how.deadly)
DEADLY = tuple(how for how in Behaviour if how.deadly)
BY_REPLY = {Reply.REFUSED: {Must.REJECTED}, Reply.IGNORED: {Must.OK}, Reply.EITHER: {Must.OK, Must.REJECTED}}

CREATED = idle(Status.CREATED)
STOPPED = idle(Status.STOPPED)
FAILED = idle(Status.FAILED)
RUNNING = running()
DEAD = dead()
ILL = ill()
STARTABLE = {"created": CREATED, "stopped": STOPPED, "failed": FAILED, "dead": DEAD}
IDLE = {"created": CREATED, "stopped": STOPPED, "failed": FAILED}
EVERY = {**STARTABLE, "running": RUNNING, "ill": ILL}
BESIDE = {"b": running("b1", 20002)}
"""Another service, which nothing in these tests may touch."""


def beside(service: Service | None) -> State:
    """A state with `service` as a, and another one."""
    return state(**({} if service is None else {"a": service}), **BESIDE)


def after(
    service: Service | None, operation: Operation, contract: Contract = DEFAULT, outcome: Outcome = OK
) -> list[tuple[Must, Service | None]]:
    """What may become of service a; everything else is seen to be as before, but for what counts as a cycle."""
    before = beside(service)
    branches = follow(before, operation, outcome, contract)
    for branch in branches:
        assert branch.state.services["b"] == BESIDE["b"]
        assert branch.state.seen == before.seen
        assert branch.state.baseline == before.baseline
    return [(branch.must, branch.state.services.get("a")) for branch in branches]


def musts(branches: list[tuple[Must, Service | None]]) -> set[Must]:
    return {must for must, _ in branches}


def cases(table: dict[str, Service]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("service", table.values(), ids=table.keys())


# -- create -----------------------------------------------------------------------------------------------------------


def test_creating_a_service_that_is_not_there_succeeds_whatever_the_contract() -> None:
    for contract in contracts():
        assert after(None, Create("a"), contract) == [(Must.OK, Service())]
    assert Service() == Service(status=Status.CREATED, server=Server.NONE, container=None, port=None, leftover=False)


@cases(EVERY)
@pytest.mark.parametrize("reply", Reply)
def test_creating_a_service_that_is_there_ends_as_the_contract_says_and_changes_nothing(
    service: Service, reply: Reply
) -> None:
    for contract in contracts(second_create=reply):
        branches = [found for found in after(service, Create("a"), contract) if found[1] == service]
        assert musts(branches) == BY_REPLY[reply]


# -- start ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [Start("a"), Stop("a"), StatusOf("a")], ids=str)
def test_what_the_manager_does_not_know_is_refused_and_changes_nothing(operation: Operation) -> None:
    for contract in contracts():
        assert after(None, operation, contract) == [(Must.REJECTED, None)]


@cases(STARTABLE)
@pytest.mark.parametrize("how", LIVELY)
@pytest.mark.parametrize("ports", Ports)
def test_a_start_with_a_server_that_can_live_gives_a_sound_one_in_a_fresh_container(
    service: Service, how: Behaviour, ports: Ports
) -> None:
    service = evolve(service, behaviour=how, leftover=True)
    up = Service(
        status=Status.RUNNING,
        server=Server.SOUND,
        container=Fresh(since=OK.mark, strict=True),
        port=service.port if ports is Ports.FIXED else None,
        leftover=False,
        behaviour=how,
    )
    for contract in contracts(ports=ports):
        branches = after(service, Start("a"), contract)
        assert branches[0] == (Must.OK, up)
        if service.server is not Server.DEAD or contract.death_noticed is not Noticing.NEVER:
            assert len(branches) == 1


@cases(STARTABLE)
@pytest.mark.parametrize("how", DEADLY)
@pytest.mark.parametrize(("remains", "leftover"), [(Remains.GONE, False), (Remains.KEPT, True)])
def test_a_start_with_a_server_that_cannot_live_is_refused_and_leaves_what_the_contract_says(
    service: Service, how: Behaviour, remains: Remains, leftover: bool
) -> None:
    service = evolve(service, behaviour=how)
    failed = Service(
        status=Status.FAILED, server=Server.NONE, container=None, port=service.port, leftover=leftover, behaviour=how
    )
    for contract in contracts(failed_container=remains, running_means=Means.HEALTHY):
        branches = after(service, Start("a"), contract)
        assert branches[0] == (Must.REJECTED, failed)
        if service.server is not Server.DEAD or contract.death_noticed is not Noticing.NEVER:
            assert len(branches) == 1


@cases(STARTABLE)
@pytest.mark.parametrize("how", [Behaviour.HANG, Behaviour.UNHEALTHY])
def test_where_running_merely_means_launched_a_start_succeeds_with_a_server_that_is_ill(
    service: Service, how: Behaviour
) -> None:
    service = evolve(service, behaviour=how)
    for contract in contracts(running_means=Means.LAUNCHED, ports=Ports.FIXED):
        must, launched = after(service, Start("a"), contract)[0]
        assert must is Must.OK
        assert launched == Service(
            status=Status.RUNNING, server=Server.ILL, container=Fresh(OK.mark), port=service.port, behaviour=how
        )


@cases(STARTABLE)
def test_where_running_merely_means_launched_a_server_that_crashes_may_be_up_down_or_noticed(service: Service) -> None:
    service = evolve(service, behaviour=Behaviour.CRASH)
    for contract in contracts(running_means=Means.LAUNCHED, death_noticed=Noticing.SETTLING):
        told = [(must, s.status, s.server, s.leftover) for must, s in after(service, Start("a"), contract) if s]
        kept = contract.failed_container is Remains.KEPT
        assert told == [
            (Must.OK, Status.RUNNING, Server.ILL, False),
            (Must.OK, Status.RUNNING, Server.DEAD, True),
            (Must.REJECTED, Status.FAILED, Server.NONE, kept),
        ]


@pytest.mark.parametrize("reply", Reply)
@pytest.mark.parametrize("how", LIVELY)
def test_starting_a_running_service_ends_as_the_contract_says_and_keeps_its_container(
    reply: Reply, how: Behaviour
) -> None:
    service = running(behaviour=how)
    for contract in contracts(second_start=SecondStart[reply.name]):
        branches = after(service, Start("a"), contract)
        assert musts(branches) == BY_REPLY[reply]
        assert all(found == service for _, found in branches)


def test_starting_a_running_service_whose_server_is_ill_changes_nothing_or_is_a_failed_start() -> None:
    for contract in contracts(running_means=Means.HEALTHY):
        failed = Service(
            status=Status.FAILED,
            port=ILL.port,
            leftover=contract.failed_container is Remains.KEPT,
            behaviour=ILL.behaviour,
        )
        branches = after(ILL, Start("a"), contract)
        assert (Must.ANY, ILL) in branches
        assert (Must.REJECTED, failed) in branches
        assert not [found for found in branches if found[1] and found[1].server is Server.SOUND]


@pytest.mark.parametrize("reply", Reply)
def test_a_start_after_an_unnoticed_death_may_end_like_that_of_a_running_service(reply: Reply) -> None:
    for contract in contracts(death_noticed=Noticing.NEVER, second_start=SecondStart[reply.name]):
        launched, *unnoticed = after(DEAD, Start("a"), contract)
        assert launched[0] is Must.OK
        assert launched[1] is not None
        assert launched[1].server is Server.SOUND
        assert musts(unnoticed) == BY_REPLY[reply]
        assert all(found == DEAD for _, found in unnoticed)


@pytest.mark.parametrize("noticing", [Noticing.SETTLING, Noticing.OPERATION])
def test_a_start_after_a_death_that_must_be_noticed_has_to_launch(noticing: Noticing) -> None:
    for contract in contracts(death_noticed=noticing):
        branches = after(DEAD, Start("a"), contract)
        assert [(must, found.server) for must, found in branches if found] == [(Must.OK, Server.SOUND)]


# -- stop -------------------------------------------------------------------------------------------------------------


@cases({"running": RUNNING, "ill": ILL})
@pytest.mark.parametrize(("remains", "leftover"), [(Remains.GONE, False), (Remains.KEPT, True)])
def test_stopping_a_running_service_succeeds_and_leaves_what_the_contract_says(
    service: Service, remains: Remains, leftover: bool
) -> None:
    stopped = idle(leftover=leftover, behaviour=service.behaviour)
    for contract in contracts(stopped_container=remains):
        assert after(service, Stop("a"), contract)[0] == (Must.OK, stopped)
        if service is RUNNING:
            assert len(after(service, Stop("a"), contract)) == 1


@cases(IDLE)
@pytest.mark.parametrize("how", Behaviour)
@pytest.mark.parametrize("reply", Reply)
def test_stopping_what_does_not_run_ends_as_the_contract_says_as_stopped_or_unchanged(
    service: Service, how: Behaviour, reply: Reply
) -> None:
    service = evolve(service, behaviour=how)
    stopped = evolve(service, status=Status.STOPPED)
    for contract in contracts(idle_stop=reply):
        branches = after(service, Stop("a"), contract)
        assert musts(branches) == BY_REPLY[reply]
        assert {found for must, found in branches if must is Must.REJECTED} <= {service}
        if reply is not Reply.REFUSED:
            assert {found for must, found in branches if must is Must.OK} == {stopped, service}


def test_stopping_a_failed_service_takes_the_container_that_was_kept_for_inspection() -> None:
    kept = evolve(FAILED, leftover=True)
    for contract in contracts(failed_container=Remains.KEPT, stopped_container=Remains.GONE, idle_stop=Reply.IGNORED):
        assert (Must.OK, evolve(STOPPED, leftover=False)) in after(kept, Stop("a"), contract)


@pytest.mark.parametrize("reply", Reply)
def test_stopping_a_service_whose_server_died_succeeds_or_is_refused_where_the_contract_allows_that(
    reply: Reply,
) -> None:
    for contract in contracts(idle_stop=reply, stopped_container=Remains.GONE):
        branches = after(DEAD, Stop("a"), contract)
        assert branches[0] == (Must.OK, STOPPED)
        assert branches[1:] == ([] if reply is Reply.IGNORED else [(Must.REJECTED, DEAD)])


@cases({"running": RUNNING, "dead": DEAD})
def test_a_service_that_was_started_and_stopped_has_been_through_a_cycle(service: Service) -> None:
    (branch, *_) = follow(beside(service), Stop("a"), OK, DEFAULT)
    assert branch.state.undergone.cycled == {"a"}


@cases(IDLE)
def test_a_stop_of_what_did_not_run_is_no_cycle(service: Service) -> None:
    for branch in follow(beside(service), Stop("a"), OK, DEFAULT):
        assert branch.state.undergone.cycled == frozenset()


# -- what changes nothing ---------------------------------------------------------------------------------------------


@cases({name: service for name, service in EVERY.items() if name != "ill"})
@pytest.mark.parametrize("operation", [List(), StatusOf("a"), Wait(Length.SHORT), Wait(Length.LONG)], ids=str)
def test_looking_and_waiting_succeed_and_change_nothing(service: Service, operation: Operation) -> None:
    for contract in contracts():
        assert after(service, operation, contract) == [(Must.OK, service)]


# -- faults -----------------------------------------------------------------------------------------------------------


@cases({**IDLE, "dead": DEAD})
@pytest.mark.parametrize("how", Behaviour)
def test_a_new_behaviour_waits_for_the_next_server_where_none_lives(service: Service, how: Behaviour) -> None:
    for contract in contracts():
        assert after(service, SetBehaviour("a", how), contract) == [(Must.OK, evolve(service, behaviour=how))]


@cases(EVERY)
@pytest.mark.parametrize("how", Behaviour)
def test_servers_that_obey_nobody_stay_as_they_are(service: Service, how: Behaviour) -> None:
    for _, left in after(service, SetBehaviour("a", how), Contract(obedient=False)):
        assert left.behaviour is service.behaviour
    assert musts(after(service, SetBehaviour("a", how), Contract(obedient=False))) == {Must.REJECTED}


@pytest.mark.parametrize("how", LIVELY)
def test_a_running_server_stays_sound_under_a_behaviour_that_it_can_live_with(how: Behaviour) -> None:
    assert after(RUNNING, SetBehaviour("a", how)) == [(Must.OK, running(behaviour=how))]


@pytest.mark.parametrize(
    ("how", "first"), [(Behaviour.CRASH, Server.DEAD), (Behaviour.HANG, Server.ILL), (Behaviour.UNHEALTHY, Server.ILL)]
)
def test_a_running_server_falls_ill_or_dies_under_a_behaviour_that_it_cannot_live_with(
    how: Behaviour, first: Server
) -> None:
    branches = after(RUNNING, SetBehaviour("a", how))
    assert musts(branches) == {Must.OK}
    assert {found for _, found in branches} == {ill(how=how), dead(behaviour=how)}
    assert branches[0][1] is not None
    assert branches[0][1].server is first


def test_the_end_of_a_fault_finds_an_ill_server_sound_or_dead() -> None:
    found = {service for _, service in after(ILL, SetBehaviour("a", Behaviour.HEALTHY))}
    assert found == {running(), dead()}


@pytest.mark.parametrize(
    "operation",
    [
        Create("a"), Start("a"), Stop("a"), StatusOf("a"), List(), Wait(Length.SHORT), Wait(Length.LONG),
        SetBehaviour("a", Behaviour.HEALTHY), Create("b"), Start("b"), Stop("b"), StatusOf("b"), Start("c"),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("how", DEADLY)
def test_an_ill_server_may_die_at_any_moment(operation: Operation, how: Behaviour) -> None:
    """Whatever may follow from the state in which it has died already may follow from the one in which it is ill."""
    service, late = ill(how=how), dead(behaviour=how)
    for contract in contracts(ports=Ports.FIXED, second_create=Reply.REFUSED):
        branches = follow(beside(service), operation, OK, contract)
        assert set(map(_frozen, follow(beside(late), operation, OK, contract))) <= set(map(_frozen, branches))


def test_a_sound_server_does_not_die_by_itself() -> None:
    for operation in every(("a", "b"), DEFAULT.offers):
        if operation.service != "a":
            assert all(found == RUNNING for _, found in _with_another_idle(operation))


def _with_another_idle(operation: Operation) -> list[tuple[Must, Service | None]]:
    before = state(a=RUNNING, b=idle(port=20002))
    return [(branch.must, branch.state.services.get("a")) for branch in follow(before, operation, OK, DEFAULT)]


# -- unknown outcomes -------------------------------------------------------------------------------------------------

UNKNOWN = Unknown(began=1.0, ended=2.0, mark=7, reason="cut off", until=30.0)


@cases({name: service for name, service in EVERY.items() if name != "ill"})
@pytest.mark.parametrize("operation", [Create("a"), Start("a"), Stop("a")], ids=str)
def test_an_unknown_outcome_unsettles_the_service_and_keeps_what_was_known(
    service: Service, operation: Operation
) -> None:
    for contract in contracts():
        assert after(service, operation, contract, UNKNOWN) == [
            (Must.ANY, evolve(service, unsettled=Unsettled(operation.kind, 30.0)))
        ]


def test_a_create_of_unknown_outcome_may_have_made_the_service() -> None:
    assert after(None, Create("a"), outcome=UNKNOWN) == [(Must.ANY, Service(unsettled=Unsettled("create", 30.0)))]


@pytest.mark.parametrize("operation", [Start("a"), Stop("a"), StatusOf("a")], ids=str)
def test_an_unknown_outcome_does_not_make_a_service_that_was_not_there(operation: Operation) -> None:
    assert after(None, operation, outcome=UNKNOWN) == [(Must.ANY, None)]


@cases(EVERY)
@pytest.mark.parametrize("operation", [StatusOf("a"), List()], ids=str)
def test_an_unknown_outcome_of_a_mere_look_unsettles_nothing(service: Service, operation: Operation) -> None:
    branches = after(service, operation, outcome=UNKNOWN)
    assert (Must.ANY, service) in branches
    assert all(found is None or found.unsettled is None for _, found in branches)


def test_two_unknown_outcomes_are_over_when_the_later_of_them_is() -> None:
    """A start that may go on until 30 is not over sooner because a stop that came after it is."""
    (_, once) = after(STOPPED, Start("a"), outcome=UNKNOWN)[0]
    (_, twice) = after(once, Stop("a"), outcome=evolve(UNKNOWN, until=5.0))[0]
    assert twice is not None
    assert twice.unsettled is not None
    assert twice.unsettled.until == 30.0


UNSETTLED = {name: unsettled(service, "start", until=30.0) for name, service in EVERY.items() if name != "ill"}
BEFORE, AT = Ok(began=8.0, ended=9.0, mark=7), Ok(began=29.0, ended=30.0, mark=7)


@cases(UNSETTLED)
@pytest.mark.parametrize("operation", [Start("a"), Stop("a")], ids=str)
def test_before_its_time_nothing_restores_certainty(service: Service, operation: Operation) -> None:
    for contract in contracts():
        assert after(service, operation, contract, BEFORE) == [(Must.ANY, service)]


@cases(UNSETTLED)
@pytest.mark.parametrize("how", LIVELY)
def test_from_its_time_on_a_start_that_succeeds_restores_certainty(service: Service, how: Behaviour) -> None:
    """Its container may be one that the unknown operation left: it need not be born after the start began."""
    service = evolve(service, behaviour=how)
    for contract in contracts(ports=Ports.FIXED):
        succeeded, refused = after(service, Start("a"), contract, AT)
        assert succeeded == (Must.OK, running(behaviour=how, container=Fresh(7, strict=False), port=service.port))
        assert refused == (Must.REJECTED, after_refusals(service, "start"))


@pytest.mark.parametrize("how", DEADLY)
def test_from_its_time_on_a_start_under_a_deadly_fault_promises_no_sound_server(how: Behaviour) -> None:
    for contract in contracts():
        for _, found in after(unsettled(idle(behaviour=how)), Start("a"), contract, AT):
            assert found is not None
            assert found.server is not Server.SOUND


@cases(UNSETTLED)
def test_from_its_time_on_a_stop_that_succeeds_restores_certainty(service: Service) -> None:
    for contract in contracts(stopped_container=Remains.GONE):
        succeeded, refused = after(service, Stop("a"), contract, AT)
        assert succeeded == (Must.OK, STOPPED)
        assert refused == (Must.REJECTED, after_refusals(service, "stop"))


def after_refusals(service: Service, *kinds: str) -> Service:
    """The unsettled service once these were refused."""
    assert service.unsettled is not None
    return evolve(service, unsettled=evolve(service.unsettled, tries=len(kinds), refused=frozenset(kinds)))


def may_be_refused(service: Service, operation: Operation, **choices: Any) -> bool:
    """Whether the model lets it be refused, once nothing unknown can come any more."""
    refused = Rejected(began=29.0, ended=30.0, mark=7)
    return any(must.admits(refused) for must, _ in after(service, operation, evolve(DEFAULT, **choices), AT))


LOST = unsettled(STOPPED, until=30.0)


@pytest.mark.parametrize(
    ("refused", "next_one", "may"),
    [
        ((), Start("a"), True),
        ((), Stop("a"), True),
        (("start",), Start("a"), True),  # it may run, and nobody has tried to stop it
        (("start",), Stop("a"), False),
        (("stop",), Start("a"), False),
        (("stop",), Stop("a"), False),
        (("start", "start"), Stop("a"), False),
    ],
)
def test_a_manager_has_to_get_well_again(refused: tuple[str, ...], next_one: Operation, may: bool) -> None:
    service = after_refusals(LOST, *refused)
    assert may_be_refused(service, next_one) is may
    assert may_be_refused(service, next_one, recovers=0)
    assert may_be_refused(service, next_one, recovers=9)


def test_where_a_stop_of_what_does_not_run_may_be_refused_only_a_start_shows_that_a_service_is_lost() -> None:
    for reply in (Reply.REFUSED, Reply.EITHER):
        stopped_in_vain = after_refusals(LOST, "stop")
        assert may_be_refused(stopped_in_vain, Stop("a"), idle_stop=reply)
        assert not may_be_refused(stopped_in_vain, Start("a"), idle_stop=reply)


@pytest.mark.parametrize(
    "service",
    [
        evolve(LOST, behaviour=Behaviour.CRASH),
        evolve(LOST, held=True),
        unsettled(Service(), "create", until=30.0),
    ],
    ids=["its server crashes", "its port is held", "it may not be there"],
)
def test_what_is_refused_for_another_reason_does_not_count(service: Service) -> None:
    assert may_be_refused(after_refusals(service, "stop", "start"), Start("a"))
    (refused,) = [found for must, found in after(service, Start("a"), outcome=AT) if must is Must.REJECTED]
    assert refused == service


@cases(UNSETTLED)
def test_looking_and_waiting_restore_no_certainty(service: Service) -> None:
    for operation in (List(), Wait(Length.LONG)):
        assert after(service, operation, outcome=AT) == [(Must.OK, service)]
    assert after(service, StatusOf("a"), outcome=AT) == [(Must.ANY, service)]


def test_a_create_after_one_of_unknown_outcome_may_succeed_or_find_the_service_there() -> None:
    service = unsettled(Service(), "create", until=30.0)
    for contract in contracts():
        assert set(after(service, Create("a"), contract)) == {(Must.OK, Service()), (Must.REJECTED, service)}


def test_a_create_that_is_done_again_leaves_the_behaviour_of_the_server_as_it_was_set() -> None:
    service = unsettled(Service(behaviour=Behaviour.CRASH), "create")
    for must, found in after(service, Create("a")):
        assert found is not None
        assert found.behaviour is Behaviour.CRASH, must


def test_a_create_may_still_be_needed_after_other_operations_of_unknown_outcome() -> None:
    """Create and start were both cut off before they did anything: the service is not there, so create succeeds."""
    (_, made) = after(None, Create("a"), outcome=UNKNOWN)[0]
    (_, started) = after(made, Start("a"), outcome=UNKNOWN)[0]
    for contract in contracts(second_create=Reply.REFUSED):
        assert any(must.admits(AT) for must, _ in after(started, Create("a"), contract, AT))


def test_a_create_that_is_done_again_does_not_end_the_uncertainty_about_a_start() -> None:
    """Create and start were both cut off, and may both still come: the second create ends the doubt about the first alone."""
    (_, made) = after(None, Create("a"), outcome=UNKNOWN)[0]
    (_, started) = after(made, Start("a"), outcome=UNKNOWN)[0]
    for must, found in after(started, Create("a"), outcome=BEFORE):
        assert found is not None
        assert found.unsettled is not None, must


# -- musts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("must", "ok", "rejected"),
    [(Must.OK, True, False), (Must.REJECTED, False, True), (Must.ANY, True, True)],
)
def test_what_a_branch_admits(must: Must, ok: bool, rejected: bool) -> None:
    assert must.admits(Ok()) is ok
    assert must.admits(Rejected(reason="no")) is rejected
    assert must.admits(Unknown(reason="cut off"))


# -- properties -------------------------------------------------------------------------------------------------------

NAMES = ("a", "b", "c")
OUTCOMES = st.sampled_from(
    [OK, Rejected(1.0, 2.0, 7), UNKNOWN, Unknown(1.0, 2.0, 7, until=2.0), Ok(90.0, 91.0, 9), Rejected(90.0, 91.0, 9)]
)
CONTRACTS = st.builds(
    Contract,
    second_start=st.sampled_from(SecondStart),
    idle_stop=st.sampled_from(Reply),
    second_create=st.sampled_from(Reply),
    created_container=st.sampled_from(Remains),
    failed_container=st.sampled_from(Remains),
    stopped_container=st.sampled_from(Remains),
    ports=st.sampled_from(Ports),
    running_means=st.sampled_from(Means),
    death_noticed=st.sampled_from(Noticing),
)


# -- what strikes past the manager ------------------------------------------------------------------------------------

STRIKES = [Crash("a"), Kill("a"), RemoveContainer("a")]
WITH_POLICIES = Contract(restart_policies=frozenset({"always"}))


@pytest.mark.parametrize("operation", STRIKES, ids=str)
def test_a_struck_server_is_dead_or_there_was_none_to_strike(operation: Operation) -> None:
    for contract in contracts():
        struck = evolve(RUNNING, server=Server.DEAD, leftover=not isinstance(operation, RemoveContainer))
        assert after(RUNNING, operation, contract) == [(Must.OK, struck), (Must.REJECTED, RUNNING)]


@cases(STARTABLE)
@pytest.mark.parametrize("operation", STRIKES, ids=str)
def test_where_nothing_runs_a_strike_changes_nothing(service: Service, operation: Operation) -> None:
    assert after(service, operation) == [(Must.ANY, service)]


@pytest.mark.parametrize(
    ("operation", "revived"), [(Crash("a"), True), (Kill("a"), True), (RemoveContainer("a"), False)]
)
def test_an_engine_that_may_revive_containers_may_revive_a_struck_one(operation: Operation, revived: bool) -> None:
    states = [service for _, service in after(RUNNING, operation, WITH_POLICIES)]
    assert (evolve(RUNNING, server=Server.ILL) in states) is revived


@cases(STARTABLE)
def test_a_port_is_held_or_could_not_be_had_and_released_again(service: Service) -> None:
    held = evolve(service, held=True)
    for contract in contracts():
        assert after(service, HoldPort("a"), contract) == [(Must.OK, held), (Must.REJECTED, service)]
        assert after(held, ReleasePort("a"), contract) == [(Must.OK, service)]


@cases(STARTABLE)
@pytest.mark.parametrize(("remains", "leftover"), [(Remains.GONE, False), (Remains.KEPT, True)])
def test_a_start_on_a_held_port_fails_and_leaves_what_the_contract_says(
    service: Service, remains: Remains, leftover: bool
) -> None:
    held = evolve(service, held=True)
    failed = Service(
        status=Status.FAILED, server=Server.NONE, container=None, port=service.port, leftover=leftover, held=True
    )
    for contract in contracts(ports=Ports.FIXED, failed_container=remains):
        assert after(held, Start("a"), contract)[0] == (Must.REJECTED, failed)
        assert Must.OK not in musts([found for found in after(held, Start("a"), contract) if found[1] != held])


@cases(IDLE)
def test_where_ports_are_given_anew_a_start_may_get_round_a_held_one(service: Service) -> None:
    held = evolve(service, held=True)
    for contract in contracts(ports=Ports.ANEW):
        assert musts(after(held, Start("a"), contract)) == {Must.OK, Must.REJECTED}


def _frozen(branch: Branch) -> tuple[object, ...]:
    made = branch.state
    return branch.must, frozenset(made.services.items()), made.seen, made.undergone, made.baseline


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(data=st.data(), contract=CONTRACTS)
def test_follow_always_gives_branches_and_touches_only_the_service_that_is_acted_on(
    data: st.DataObject, contract: Contract
) -> None:
    here = CLEAN
    for _ in range(12):
        operation = data.draw(st.sampled_from(enabled(here, NAMES, contract)))
        before = copy.deepcopy(here)
        branches = follow(here, operation, data.draw(OUTCOMES), contract)
        assert branches
        assert here == before
        for branch in branches:
            _assert_others_alike(here, branch.state, operation)
        here = data.draw(st.sampled_from(branches)).state


def _assert_others_alike(before: State, then: State, operation: Operation) -> None:
    assert then.seen == before.seen
    for name in {*before.services, *then.services} - {operation.service}:
        was, now = before.services[name], then.services[name]
        assert now == was or (was.server is Server.ILL and now == evolve(was, server=Server.DEAD, leftover=True))


@settings(max_examples=40, derandomize=True, database=None, deadline=None)
@given(data=st.data(), contract=CONTRACTS)
def test_what_is_repaired_is_enabled(data: st.DataObject, contract: Contract) -> None:
    here = CLEAN
    for _ in range(12):
        for wanted in every(NAMES, contract.offers):
            found = repaired(here, wanted)
            assert found is None or is_enabled(here, found)
            assert found == wanted or not is_enabled(here, wanted)
        operation = data.draw(st.sampled_from(enabled(here, NAMES, contract)))
        here = data.draw(st.sampled_from(follow(here, operation, data.draw(OUTCOMES), contract))).state
