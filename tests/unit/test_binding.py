"""What a look teaches a state: container ids, ports, what was seen, and what leaks are compared to."""

import pytest
from attrs import evolve
from builders import PORTS, container, dead, exited, holding, idle, ill, listed, running, state, unsettled

from churn.lifecycle.binding import bind, comparable, remember
from churn.lifecycle.observation import Container, Observation, Resource, ResourceKind, Status
from churn.lifecycle.state import CLEAN, Baseline, Fresh, Service, State, Undergone

AWAITING = running(container=Fresh(3))
"""A service that was just started: nobody has seen its container yet."""


def bound(*containers: Container, before: State | None = None) -> object:
    """The container that a look at these gives service a."""
    return bind(before or state(a=AWAITING), Observation(containers=holding(*containers))).services["a"].container


def test_a_fresh_container_is_bound_to_the_one_that_appeared() -> None:
    assert bound(container("a1")) == "a1"


def test_where_no_container_is_seen_it_is_still_awaited() -> None:
    assert bound() == Fresh(3)
    assert bound(container("b1", "b")) == Fresh(3)


def test_one_that_tells_its_service_is_preferred_to_one_that_does_not() -> None:
    assert bound(container("x1", None, born=9), container("a1", born=4)) == "a1"
    assert bound(container("x1", None)) == "x1"


def test_one_that_was_never_seen_is_preferred() -> None:
    before = State({"a": AWAITING}, seen=frozenset({"a1"}))
    assert bound(container("a1", born=9), exited("a2", born=4), before=before) == "a2"


def test_a_running_one_is_preferred_then_the_youngest() -> None:
    assert bound(exited("a1", born=9), container("a2", born=4)) == "a2"
    assert bound(container("a1", born=9), container("a2", born=4)) == "a1"


def test_one_that_was_seen_before_is_bound_if_there_is_no_other() -> None:
    """An invariant has to object to it, not to find nothing."""
    before = State({"a": AWAITING}, seen=frozenset({"a1"}))
    assert bound(container("a1"), before=before) == "a1"


def test_two_services_never_get_the_same_container() -> None:
    before = state(a=AWAITING, b=evolve(AWAITING, port=PORTS["b"]))
    after = bind(before, Observation(containers=holding(container("x1", None), container("x2", None))))
    assert {service.container for service in after.services.values()} == {"x1", "x2"}
    taken = state(a=AWAITING, b=running("x1", PORTS["b"]))
    assert bind(taken, Observation(containers=holding(container("x1", None)))).services["a"].container == Fresh(3)


def test_a_container_that_is_known_stays_bound() -> None:
    before = state(a=running("a1", port=None))
    assert bound(container("a2", born=9), before=before) == "a1"


def test_a_port_is_learned_from_the_list() -> None:
    before = state(a=Service())
    seen = Observation(containers={}, listed=(listed("b", port=5), listed("a", Status.CREATED, port=7)))
    assert bind(before, seen).services["a"].port == 7


def test_a_port_is_learned_from_the_container_where_the_list_tells_none() -> None:
    before = state(a=evolve(AWAITING, port=None))
    assert bind(before, Observation(containers=holding(container("a1", ports=(9,))))).services["a"].port == 9
    silent = evolve(listed("a"), port=None)
    seen = Observation(containers=holding(container("a1", ports=(9,))), listed=(silent,))
    assert bind(before, seen).services["a"].port == 9


def test_a_port_that_is_known_stays() -> None:
    before = state(a=idle(port=7))
    assert bind(before, Observation(containers={}, listed=(listed("a", port=8),))).services["a"].port == 7


def test_a_port_that_nobody_tells_stays_unknown() -> None:
    assert bind(state(a=Service()), Observation(containers={}, listed=())).services["a"].port is None


def test_a_state_that_awaits_nothing_is_left_as_it_is() -> None:
    before = state(a=running(), b=idle(port=PORTS["b"]))
    assert bind(before, Observation(containers=holding(container("a1"), container("a2")))) is before


def test_binding_makes_another_state() -> None:
    before = state(a=evolve(AWAITING, port=None))
    after = bind(before, Observation(containers=holding(container("a1"))))
    assert before == state(a=evolve(AWAITING, port=None))
    assert after != before
    assert after.seen == before.seen


def test_the_containers_of_services_are_remembered_as_seen() -> None:
    before = State({"a": running("a2"), "b": idle()}, seen=frozenset({"a1"}))
    assert remember(before, Observation(containers={})).seen == {"a1", "a2"}


RESOURCES = frozenset({Resource(ResourceKind.VOLUME, "v"), Resource(ResourceKind.IMAGE, "i")})
CYCLED = State({"a": idle()}, undergone=Undergone(frozenset({"a"})))


def remembered(before: State, resources: frozenset[Resource] | None = RESOURCES) -> Baseline | None:
    return remember(before, Observation(containers={}, resources=resources)).baseline


def test_after_the_first_cycle_what_is_there_is_what_leaks_are_compared_to() -> None:
    assert remembered(CYCLED) == Baseline(Undergone(frozenset({"a"})), RESOURCES)


def test_the_baseline_of_a_cycle_is_taken_once() -> None:
    before = evolve(CYCLED, baseline=Baseline(Undergone(frozenset({"a"})), frozenset()))
    assert remembered(before) == before.baseline


def test_it_is_taken_anew_when_another_service_has_been_through_its_first_cycle() -> None:
    before = State(
        {"a": idle(), "b": idle()},
        undergone=Undergone(frozenset({"a", "b"})),
        baseline=Baseline(Undergone(frozenset({"a"})), frozenset()),
    )
    assert remembered(before) == Baseline(Undergone(frozenset({"a", "b"})), RESOURCES)


def test_there_is_none_without_a_cycle_or_while_something_runs_or_where_the_engine_cannot_tell() -> None:
    assert remembered(state(a=idle())) is None
    assert remembered(evolve(CYCLED, services={"a": idle(), "b": running("b1")})) is None
    assert remembered(CYCLED, None) is None


@pytest.mark.parametrize(
    ("service", "expected"),
    [(idle(), True), (dead(), False), (running(), False), (ill(), False), (unsettled(idle()), False)],
)
def test_leaks_can_be_told_when_no_service_has_a_container_or_is_uncertain(service: Service, expected: bool) -> None:
    assert comparable(evolve(CYCLED, services={"a": idle(), "b": service})) is expected
    assert not comparable(CLEAN)
