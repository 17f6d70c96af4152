"""`no-leaks` and `no-processes`: what piles up cycle by cycle beside containers."""

import pytest
from attrs import evolve
from builders import case, dead, doubted, findings, idle, ill, is_quiet, objected, picture, running, state, unsettled

from churn.lifecycle.contract import Contract, Remains
from churn.lifecycle.invariants import Case
from churn.lifecycle.observation import Resource, ResourceKind, Status
from churn.lifecycle.state import CLEAN, Baseline, Service, State, Undergone

BEFORE = frozenset({Resource(ResourceKind.NETWORK, "bridge"), Resource(ResourceKind.IMAGE, "stand-in")})
ONE = Resource(ResourceKind.VOLUME, "one")
CYCLED = evolve(
    state(a=idle()), undergone=Undergone(frozenset({"a"})), baseline=Baseline(Undergone(frozenset({"a"})), BEFORE)
)


def having(*more: Resource, expected: State = CYCLED, contract: Contract | None = None) -> Case:
    """What was there after the first cycle is there now, and these are."""
    return case(expected, picture(expected, resources=BEFORE | set(more)), contract=contract)


# -- no-leaks ---------------------------------------------------------------------------------------------------------


def test_no_leaks_is_quiet_where_nothing_was_added() -> None:
    assert is_quiet("no-leaks", having())


def test_no_leaks_does_not_mind_what_is_gone() -> None:
    assert is_quiet("no-leaks", case(CYCLED, picture(CYCLED, resources=frozenset())))


@pytest.mark.parametrize("kind", ResourceKind)
def test_no_leaks_objects_to_each_that_was_added(kind: ResourceKind) -> None:
    objections, doubts = findings("no-leaks", having(Resource(kind, "two"), Resource(kind, "one")))
    assert not doubts
    assert [found.seen for found in objections] == [f"{kind.value} one", f"{kind.value} two"]


def test_no_leaks_leaves_alone_what_the_contract_says_may_stay_with_a_service() -> None:
    contract = Contract(belongings=("models-.*",))
    assert is_quiet("no-leaks", having(Resource(ResourceKind.VOLUME, "models-a"), contract=contract))
    assert objected("no-leaks", having(Resource(ResourceKind.VOLUME, "scratch"), contract=contract)) == [None]


def test_no_leaks_objects_to_a_helper_that_is_left_from_the_first_cycle_on_and_once() -> None:
    helper = Resource(ResourceKind.HELPER, "a-db-1")
    first = evolve(CYCLED, baseline=None)
    objections, _ = findings("no-leaks", having(helper, expected=first))
    assert [(found.expected, found.seen) for found in objections] == [
        ("no helper is left where no service runs", "container a-db-1")
    ]
    assert objected("no-leaks", having(helper)) == [None]


def test_no_leaks_leaves_helpers_alone_where_containers_stay_and_after_a_failed_start() -> None:
    helper = Resource(ResourceKind.HELPER, "a-db-1")
    first = evolve(CYCLED, baseline=None)
    assert is_quiet("no-leaks", having(helper, expected=first, contract=Contract(stopped_container=Remains.REUSED)))
    failed = evolve(first, services={"a": idle(Status.FAILED)})
    assert is_quiet("no-leaks", having(helper, expected=failed))


def test_no_leaks_compares_nothing_before_the_first_cycle() -> None:
    before = evolve(CYCLED, undergone=Undergone(frozenset()), baseline=None)
    assert is_quiet("no-leaks", having(ONE, expected=before))
    assert is_quiet("no-leaks", having(ONE, expected=evolve(CYCLED, baseline=None)))
    assert is_quiet("no-leaks", having(ONE, expected=CLEAN))


def test_no_leaks_compares_nothing_where_another_service_has_just_been_through_its_first_cycle() -> None:
    more = evolve(CYCLED, undergone=Undergone(frozenset({"a", "b"})))
    assert is_quiet("no-leaks", having(Resource(ResourceKind.VOLUME, "b"), expected=more))


@pytest.mark.parametrize(
    "service",
    [running("b1"), ill("b1"), dead("b1"), unsettled(idle())],
    ids=["running", "ill", "dead", "unsettled"],
)
def test_no_leaks_compares_nothing_while_a_service_has_a_container_or_is_uncertain(service: Service) -> None:
    busy = evolve(CYCLED, services={"a": idle(), "b": service})
    assert is_quiet("no-leaks", having(ONE, expected=busy))


def test_no_leaks_cannot_tell_where_the_engine_cannot() -> None:
    assert doubted("no-leaks", case(CYCLED, picture(CYCLED, resources=None))) == [None]


def test_no_leaks_doubts_nothing_where_there_is_nothing_to_compare() -> None:
    expected = state(a=running())
    assert is_quiet("no-leaks", case(expected, picture(expected, resources=None)))


# -- no-processes -----------------------------------------------------------------------------------------------------


def leaving(processes: tuple[str, ...] | None, *allowed: str) -> Case:
    expected = state(a=running())
    contract = Contract(processes=frozenset(allowed))
    return case(expected, picture(expected, processes=processes), contract=contract)


def test_no_processes_is_quiet_where_none_is_left() -> None:
    assert is_quiet("no-processes", leaving(()))


def test_no_processes_objects_to_each_that_is_left() -> None:
    objections, doubts = findings("no-processes", leaving(("7 llama-server", "9 sleep")))
    assert not doubts
    assert [found.seen for found in objections] == ["7 llama-server", "9 sleep"]


def test_no_processes_allows_those_of_the_contract_and_no_other() -> None:
    assert is_quiet("no-processes", leaving(("7 manager-daemon",), "manager-daemon"))
    assert objected("no-processes", leaving(("7 manager-daemon", "9 sleep"), "manager-daemon")) == [None]


def test_no_processes_cannot_tell_where_they_cannot_be_seen() -> None:
    assert doubted("no-processes", leaving(None)) == [None]
