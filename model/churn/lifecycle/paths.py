"""Planning on the model: which abstract states there are, and how to get from one to another. Costs the system nothing."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from attrs import define, field

from churn.lifecycle.condition import Abstract
from churn.lifecycle.contract import Contract
from churn.lifecycle.operations import Operation
from churn.lifecycle.outcome import Ok
from churn.lifecycle.state import CLEAN, abstract, enabled
from churn.lifecycle.transitions import follow


class After(NamedTuple):
    """An abstract state, and the transition that led there: `operation`, done in `before`."""

    there: Abstract
    operation: Operation
    before: Abstract


Place = Abstract | After
"""Where one is: an abstract state, or one with the transition that led there."""

Pair = tuple[Place, Operation]
"""A place and an operation that is enabled there."""

_IMAGINED = Ok()


@define
class Atlas:
    """The abstract states that can be reached from a clean system with these services, and the operations between them.

    Where the model allows several things to follow an operation, the edge leads to the first of them. If the system then does
    another, the next step is planned from there.
    """

    names: tuple[str, ...]
    contract: Contract
    faults: bool = True
    edges: dict[Place, dict[Operation, Place]] = field(init=False, factory=dict)
    _rooms: dict[Place, frozenset[Place]] = field(init=False, factory=dict)
    _next: dict[Place, tuple[tuple[Place, Operation], ...]] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        frontier = deque([CLEAN])
        while frontier:
            state = frontier.popleft()
            here = abstract(state, self.names)
            if here in self.edges:
                continue
            self.edges[here] = {}
            for operation in enabled(state, self.names, self.contract, faults=self.faults):
                if not operation.toured:
                    continue
                states = [branch.state for branch in follow(state, operation, _IMAGINED, self.contract)]
                self.edges[here][operation] = abstract(states[0], self.names)
                frontier.extend(states)

    @property
    def start(self) -> Abstract:
        """Where a sequence begins."""
        return abstract(CLEAN, self.names)

    def place(self, before: Place, operation: Operation, there: Abstract) -> Place:  # noqa: ARG002 -- see PairAtlas
        """Where one is when `operation` in `before` led to the abstract state `there`."""
        return there

    @property
    def pairs(self) -> list[Pair]:
        """Every place, with each operation that is enabled there, in the order in which they were found."""
        return [(here, operation) for here, edges in self.edges.items() for operation in edges]

    def learn(self, here: Place, operation: Operation, there: Place) -> None:
        """The system went from `here` to `there` by the operation: later plans expect that."""
        edges = self.edges.setdefault(here, {})
        if edges.get(operation) != there:
            edges[operation] = there
            self._rooms.clear()
            self._next.pop(here, None)

    def room(self, here: Place) -> frozenset[Place]:
        """The places that can be reached from `here`, and from which there is a way back."""
        if here not in self._rooms:
            back: dict[Place, list[Place]] = {}
            for state, edges in self.edges.items():
                for there in edges.values():
                    back.setdefault(there, []).append(state)
            forth = _reached(here, lambda state: self.edges.get(state, {}).values())
            room = frozenset(forth & _reached(here, lambda state: back.get(state, ())))
            self._rooms.update(dict.fromkeys(room, room))
        return self._rooms[here]

    def _neighbours(self, here: Place) -> tuple[tuple[Place, Operation], ...]:
        """The other places that one operation leads to, each with the first that does: most operations lead nowhere new."""
        found = self._next.get(here)
        if found is None:
            first: dict[Place, Operation] = {}
            for operation, there in self.edges.get(here, {}).items():
                first.setdefault(there, operation)
            first.pop(here, None)
            found = self._next[here] = tuple(first.items())
        return found

    def nearest(
        self, start: Place, wanted: Callable[[Place], bool], within: frozenset[Place] | None = None
    ) -> tuple[Operation, ...] | None:
        """The shortest way from `start` to an abstract state that is `wanted`, through states of `within` if given.

        None where there is no way; an empty one where `start` is wanted itself.
        """
        came: dict[Place, tuple[Place, Operation] | None] = {start: None}
        frontier: deque[Place] = deque([start])
        while frontier:
            here = frontier.popleft()
            if wanted(here):
                return _way(came, here)
            for there, operation in self._neighbours(here):
                if there not in came and (within is None or there in within):
                    came[there] = here, operation
                    frontier.append(there)
        return None


@define
class PairAtlas(Atlas):
    """The atlas of consecutive transitions: a place is an abstract state and the transition that led there (`After`).

    So each edge is a pair of transitions, one after the other. Only the start is a bare state.
    """

    def __attrs_post_init__(self) -> None:
        plain = Atlas(self.names, self.contract, self.faults)
        frontier: deque[tuple[Place, Place]] = deque([(plain.start, plain.start)])
        while frontier:
            place, state = frontier.popleft()
            if place in self.edges:
                continue
            self.edges[place] = {}
            for operation, there in plain.edges[state].items():
                following = self.edges[place][operation] = self.place(place, operation, state_of(there))
                frontier.append((following, there))

    def place(self, before: Place, operation: Operation, there: Abstract) -> Place:
        """As `Atlas.place`."""
        return After(there, operation, state_of(before))

    def learn(self, here: Place, operation: Operation, there: Place) -> None:
        """As `Atlas.learn`. If the place is new, the operations there are those of another place with the same state."""
        if there not in self.edges:
            state = state_of(there)
            like = next((edges for place, edges in self.edges.items() if state_of(place) == state), {})
            self.edges[there] = {one: self.place(there, one, state_of(to)) for one, to in like.items()}
        super().learn(here, operation, there)


def state_of(place: Place) -> Abstract:
    """The abstract state of a place."""
    return place.there if isinstance(place, After) else place


def _way(came: Mapping[Place, tuple[Place, Operation] | None], there: Place) -> tuple[Operation, ...]:
    """The operations on the way to `there`, by where each place was come to from."""
    way: list[Operation] = []
    while (last := came[there]) is not None:
        there, operation = last
        way.append(operation)
    return tuple(reversed(way))


def _reached(start: Place, steps: Callable[[Place], Iterable[Place]]) -> set[Place]:
    found, frontier = {start}, [start]
    while frontier:
        for there in steps(frontier.pop()):
            if there not in found:
                found.add(there)
                frontier.append(there)
    return found
