"""What is enabled in a state, what it looks like without ids and history, and that it is a value."""

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError
from builders import dead, idle, ill, running, state, unsettled

from churn.lifecycle.condition import ABSENT, Behaviour, Condition
from churn.lifecycle.contract import Bounds, Contract
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
    Remove,
    RemoveContainer,
    Restart,
    SetBehaviour,
    Start,
    Status as StatusOf,
    Stop,
    Wait,
)
from churn.lifecycle.state import (
    CLEAN,
    Service,
    State,
    Undergone,
    abstract,
    condition,
    enabled,
    every,
    is_enabled,
    repaired,
)

NAMES = ("a", "b")
CONTRACT = Contract()


@pytest.mark.parametrize(
    ("service", "word"),
    [
        (None, "absent"),
        (Service(), "created"),
        (idle(Status.CREATED, behaviour=Behaviour.CRASH), "created!"),
        (idle(Status.STOPPED), "stopped"),
        (idle(Status.STOPPED, behaviour=Behaviour.HANG), "stopped!"),
        (idle(Status.FAILED), "failed"),
        (idle(Status.FAILED, behaviour=Behaviour.UNHEALTHY), "failed!"),
        (running(), "running"),
        (running(behaviour=Behaviour.SLOW), "running"),
        (running(behaviour=Behaviour.IGNORE_SIGTERM), "running"),
        (ill(), "running!"),
        (dead(), "dead"),
        (dead(behaviour=Behaviour.CRASH), "dead!"),
        (idle(Status.STOPPED, held=True), "stopped+held"),
        (dead(held=True), "dead+held"),
        (unsettled(running()), "unsettled"),
        (unsettled(dead(behaviour=Behaviour.CRASH)), "unsettled"),
    ],
)
def test_a_service_has_one_word(service: Service | None, word: str) -> None:
    assert str(condition(service)) == word


def test_the_abstract_view_holds_no_id_port_or_history() -> None:
    one = state(a=running("a1", 20001), b=idle(port=None))
    other = evolve(
        state(a=running("x9", 31000), b=idle(port=5)), seen=frozenset({"x1"}), undergone=Undergone(frozenset({"b"}))
    )
    assert abstract(one, NAMES) == abstract(other, NAMES) == (Condition("running"), Condition("stopped"))


def test_the_abstract_view_is_in_the_order_of_the_names_and_tells_of_absent_ones() -> None:
    assert abstract(state(b=running("b1"), a=idle()), ("a", "b", "c")) == (
        Condition("stopped"),
        Condition("running"),
        ABSENT,
    )


def test_all_of_the_managers_operations_and_the_waits_are_enabled_also_on_services_that_are_not_there() -> None:
    assert set(enabled(CLEAN, ("a",), CONTRACT)) == {
        Start("a"), Stop("a"), Create("a"), Remove("a"), Restart("a"), StatusOf("a"), List(), Wait(Length.SHORT),
        Wait(Length.LONG),
    }  # fmt: skip


def test_a_fault_needs_a_service_that_is_there() -> None:
    here = state(a=idle())
    assert {found.service for found in enabled(here, NAMES, CONTRACT) if isinstance(found, SetBehaviour)} == {"a"}


def test_without_faults_none_is_made() -> None:
    here = state(a=idle(), b=running("b1"))
    without = enabled(here, NAMES, CONTRACT, faults=False)
    assert without
    assert set(without) == {found for found in enabled(here, NAMES, CONTRACT) if not found.fault}


def test_operations_that_the_manager_does_not_offer_are_never_enabled() -> None:
    few = Contract(offers=frozenset({"start", "stop"}))
    kinds = {found.kind for found in enabled(state(a=idle()), NAMES, few)}
    assert kinds == {"start", "stop", "wait", "set-behaviour", "hold-port"}


def test_under_a_deadly_fault_only_its_end_may_come_before_another_fault() -> None:
    here = state(a=idle(behaviour=Behaviour.CRASH), b=idle())
    assert [found for found in enabled(here, NAMES, CONTRACT) if isinstance(found, SetBehaviour)] == [
        SetBehaviour("a", Behaviour.HEALTHY)
    ]


@pytest.mark.parametrize("how", [how for how in Behaviour if not how.deadly])
def test_a_harmless_behaviour_is_in_the_way_of_nothing(how: Behaviour) -> None:
    here = state(a=idle(behaviour=how), b=idle())
    faults = [found for found in enabled(here, NAMES, CONTRACT) if isinstance(found, SetBehaviour)]
    assert len(faults) == len(NAMES) * (len(Behaviour) - 1)  # no late servers: the contract states no timeout


@pytest.mark.parametrize(("loading", "late"), [(0.0, False), (9.9, False), (10.0, True), (60.0, True)])
def test_late_servers_are_where_the_manager_states_a_timeout_that_is_long_enough(loading: float, late: bool) -> None:
    stating = Contract(bounds=Bounds(loading=loading))
    found = enabled(state(a=idle()), NAMES, stating)
    assert (SetBehaviour("a", Behaviour.LATE) in found) is late
    assert stating.bounds.late == (0.8 * loading if late else 0.0)


STRIKES = (Crash, Kill, RemoveContainer, HoldPort, ReleasePort)


@pytest.mark.parametrize(
    ("service", "kinds"),
    [
        (running(), {Crash, Kill, RemoveContainer}),
        (idle(Status.CREATED), {HoldPort}),
        (idle(Status.STOPPED), {HoldPort}),
        (dead(), {HoldPort}),
        (ill(how=Behaviour.HEALTHY), set()),
        (idle(held=True), {ReleasePort}),
        (dead(held=True), {ReleasePort}),
        (unsettled(running()), set()),
        (unsettled(idle()), set()),
    ],
    ids=lambda value: str(value.condition) if isinstance(value, Service) else "",
)
def test_what_strikes_a_service_depends_on_its_server(service: Service, kinds: set[type[Operation]]) -> None:
    found = {type(each) for each in enabled(state(a=service), ("a",), CONTRACT) if isinstance(each, STRIKES)}
    assert found == kinds


def test_while_a_port_is_held_nothing_but_its_release_may_come_before_another_fault() -> None:
    here = state(a=idle(held=True), b=running("b1"))
    assert [found for found in enabled(here, NAMES, CONTRACT) if found.fault] == [ReleasePort("a")]
    assert repaired(here, Kill("b")) == ReleasePort("a")
    assert repaired(here, HoldPort("a")) == ReleasePort("a")


def test_a_fault_that_has_another_in_its_way_is_repaired_to_the_end_of_that_one() -> None:
    here = state(a=idle(behaviour=Behaviour.CRASH), b=idle())
    assert repaired(here, SetBehaviour("b", Behaviour.HANG)) == SetBehaviour("a", Behaviour.HEALTHY)
    assert repaired(here, SetBehaviour("a", Behaviour.HANG)) == SetBehaviour("a", Behaviour.HEALTHY)


def test_what_is_enabled_needs_no_repair_and_what_nothing_comes_near_to_is_left_out() -> None:
    assert repaired(CLEAN, Start("a")) == Start("a")
    assert repaired(CLEAN, SetBehaviour("a", Behaviour.CRASH)) is None


def test_everything_enabled_is_among_everything_there_is_in_its_order() -> None:
    for here in (CLEAN, state(a=idle()), state(a=ill(), b=idle())):
        found = enabled(here, NAMES, CONTRACT)
        assert list(found) == [
            operation for operation in every(NAMES, CONTRACT.possible) if is_enabled(here, operation)
        ]
    assert len(set(every(NAMES, CONTRACT.possible))) == len(every(NAMES, CONTRACT.offers))


def test_a_state_is_changed_by_making_another() -> None:
    before = state(a=idle())
    after = before.put("b", running("b1")).change("a", status=Status.FAILED)
    assert before == state(a=idle())
    assert dict(after.services) == {"a": idle(Status.FAILED), "b": running("b1")}
    with pytest.raises(FrozenInstanceError):
        before.seen = frozenset()  # type: ignore[misc]


def test_putting_a_service_keeps_what_else_is_known() -> None:
    before = State({"a": idle()}, frozenset({"a1"}), frozenset({"a"}))
    after = before.put("a", running("a2"))
    assert (after.seen, after.undergone, after.baseline) == (before.seen, before.undergone, before.baseline)


@pytest.mark.parametrize(
    ("service", "is_exempt"),
    [
        (Service(), False),
        (idle(), False),
        (running(), False),
        (ill(), True),
        (dead(), True),
        (unsettled(idle()), True),
        (unsettled(running()), True),
        (unsettled(dead()), True),
    ],
)
def test_which_services_may_move_by_themselves(service: Service, is_exempt: bool) -> None:
    assert service.exempt is is_exempt
