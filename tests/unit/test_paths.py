"""Planning on the model: the abstract states that there are, and the ways between them."""

from collections.abc import Mapping

import pytest
from builders import conditions

from churn.lifecycle.condition import Abstract, Behaviour
from churn.lifecycle.contract import Contract, SecondStart
from churn.lifecycle.operations import Create, List, Operation, Remove, SetBehaviour, Start, Stop
from churn.lifecycle.paths import After, Atlas, PairAtlas

ABSENT, CREATED, RUNNING, STOPPED = map(conditions, ("absent", "created", "running", "stopped"))
ONE, CALM = Atlas(("a",), Contract()), Atlas(("a",), Contract(), faults=False)
WITHOUT_REMOVE = Contract(offers=Contract().offers - {Remove.kind})
FOR_EVER = Atlas(("a",), WITHOUT_REMOVE, faults=False)
"""Of a manager that cannot remove services."""


@pytest.mark.parametrize(
    ("services", "faults", "states", "pairs"),
    [(1, True, 15, 185), (1, False, 4, 36), (2, True, 144, 2760), (2, False, 16, 240)],
)
def test_how_many_states_and_pairs_there_are(services: int, faults: bool, states: int, pairs: int) -> None:
    """Two services have less than 15 x 15 states: only one at a time may be under a fault that lasts."""
    atlas = Atlas(("a", "b")[:services], Contract(), faults=faults)
    assert len(atlas.edges) == states
    assert len(atlas.pairs) == len(set(atlas.pairs)) == pairs


def test_one_service_is_in_one_of_these_states() -> None:
    assert set(ONE.edges) == {
        ABSENT, CREATED, RUNNING, STOPPED,
        *map(conditions, ("created!", "running!", "stopped!", "failed!", "dead!", "dead", "failed")),
        *map(conditions, ("created+held", "stopped+held", "failed+held", "dead+held")),
    }  # fmt: skip
    assert set(CALM.edges) == {ABSENT, CREATED, RUNNING, STOPPED}


@pytest.mark.parametrize("second_start", SecondStart)
@pytest.mark.parametrize("names", [("a",), ("a", "b")], ids=len)
def test_every_edge_leads_to_a_state_that_is_there(names: tuple[str, ...], second_start: SecondStart) -> None:
    atlas = Atlas(names, Contract(second_start=second_start))
    assert {there for edges in atlas.edges.values() for there in edges.values()} <= set(atlas.edges)


def test_every_state_can_be_planned_for_from_a_clean_system() -> None:
    for here in ONE.edges:
        assert ONE.nearest(ABSENT, lambda there, here=here: there == here) is not None  # type: ignore[misc]


def test_the_nearest_way_is_the_shortest() -> None:
    assert ONE.nearest(ABSENT, lambda there: there == RUNNING) == (Create("a"), Start("a"))
    assert ONE.nearest(ABSENT, lambda there: there == STOPPED) == (Create("a"), Stop("a"))
    way = ONE.nearest(ABSENT, lambda there: there == conditions("failed!"))
    assert way is not None
    assert [operation.kind for operation in way] == ["create", "set-behaviour", "start"]


def test_where_one_stands_already_the_way_is_empty() -> None:
    assert ONE.nearest(RUNNING, lambda there: there == RUNNING) == ()


def test_only_a_remove_leads_back_to_a_clean_system() -> None:
    assert ONE.nearest(CREATED, lambda there: there == ABSENT) == (Remove("a"),)
    assert FOR_EVER.nearest(CREATED, lambda there: there == ABSENT) is None
    assert ONE.nearest(ABSENT, lambda _: False) is None


def test_a_way_can_be_kept_within_some_states() -> None:
    within = frozenset({ABSENT, CREATED, STOPPED})
    assert CALM.nearest(ABSENT, lambda there: there == STOPPED, within) == (Create("a"), Stop("a"))
    assert CALM.nearest(ABSENT, lambda there: there == RUNNING, within) is None


def test_a_way_leads_where_it_says() -> None:
    for here in ONE.edges:
        way = ONE.nearest(ABSENT, lambda there, here=here: there == here)  # type: ignore[misc]
        assert _walked(ONE.edges, ABSENT, way or ()) == here


def _walked(
    edges: Mapping[Abstract, Mapping[Operation, Abstract]], here: Abstract, way: tuple[Operation, ...]
) -> Abstract:
    for operation in way:
        here = edges[here][operation]
    return here


def test_a_room_is_what_one_can_leave_and_come_back_to() -> None:
    assert FOR_EVER.room(ABSENT) == {ABSENT}
    assert FOR_EVER.room(CREATED) == {CREATED}
    assert FOR_EVER.room(RUNNING) == FOR_EVER.room(STOPPED) == {RUNNING, STOPPED}
    assert CALM.room(CREATED) == {ABSENT, CREATED, RUNNING, STOPPED}


def test_rooms_are_all_states_once() -> None:
    rooms = {ONE.room(here) for here in ONE.edges}
    assert sum(map(len, rooms)) == len(ONE.edges)
    assert set().union(*rooms) == set(ONE.edges)


def test_what_is_learned_changes_ways_and_rooms() -> None:
    atlas = Atlas(("a",), WITHOUT_REMOVE, faults=False)
    assert atlas.room(CREATED) == {CREATED}
    atlas.learn(STOPPED, List(), CREATED)
    assert atlas.room(CREATED) == {CREATED, RUNNING, STOPPED}
    assert atlas.nearest(RUNNING, lambda there: there == CREATED) == (Stop("a"), List())


def test_a_state_that_was_not_planned_can_be_learned() -> None:
    atlas = Atlas(("a",), Contract(), faults=False)
    atlas.learn(conditions("unsettled"), Stop("a"), STOPPED)
    assert atlas.nearest(conditions("unsettled"), lambda there: there == RUNNING) == (Stop("a"), Start("a"))


def test_what_is_learned_stays_in_its_atlas() -> None:
    atlas = Atlas(("a",), Contract())
    atlas.learn(RUNNING, SetBehaviour("a", Behaviour.HANG), conditions("dead"))
    assert Atlas(("a",), Contract()).edges[RUNNING][SetBehaviour("a", Behaviour.HANG)] == conditions("running!")


def test_an_unchanged_edge_is_no_news() -> None:
    atlas = Atlas(("a",), Contract(), faults=False)
    room = atlas.room(RUNNING)
    atlas.learn(RUNNING, Stop("a"), STOPPED)
    assert atlas.room(RUNNING) is room


def test_pairs_of_transitions_are_edges_between_transitions() -> None:
    pairs = PairAtlas(("a",), Contract(), faults=False)
    assert pairs.start == ABSENT
    after = pairs.edges[ABSENT][Create("a")]
    assert after == After(CREATED, Create("a"), ABSENT)
    successions = sum(len(CALM.edges[there]) for edges in CALM.edges.values() for there in edges.values())
    assert len(pairs.pairs) == successions + len(CALM.edges[ABSENT]), "the first step of all follows none"


def test_a_place_that_was_not_planned_has_what_its_state_has() -> None:
    pairs = PairAtlas(("a",), Contract(), faults=False)
    odd = pairs.place(pairs.start, Create("a"), STOPPED)
    pairs.learn(pairs.start, Create("a"), odd)
    assert set(pairs.edges[odd]) == set(CALM.edges[STOPPED])
