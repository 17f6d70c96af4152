"""The planner: from where the system is, or from a reset, the way with most that is new for its seconds."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from attrs import define, field, frozen

from churn.lifecycle.contract import Contract
from churn.lifecycle.costs import RESET, Costs
from churn.lifecycle.operations import Step
from churn.lifecycle.planning.places import Place, Places
from churn.lifecycle.planning.worth import Leaning, Mark, Promise, promise
from churn.lifecycle.sequence import Naming, fitting
from churn.lifecycle.state import CLEAN, State

_DEPTH, _WIDTH, _SAME_PLACE = 6, 8, 3
"""A route's most steps; ways that are gone on with at each; ways to one place among them."""
_LATER = 1.0
"""Seconds added to each step: whatever is found has to be made small, and each step more makes that dearer."""
_MOST_STEPS = 10
"""Steps of a sequence, after which a reset pays: what fails in a longer one costs too much to make small."""
_ODD = (Naming.MIXED, Naming.MARKED, Naming.UNDERSCORED)
"""Names that sequences are planned with beside plain ones, in turns: much that is odd at once. Shrinking tells what it was."""


@frozen
class At:
    """Where a sequence is: its state, what its services are called, its last step, and how many there were."""

    state: State
    naming: Naming
    last: Step | None = None
    steps: int = 0


@frozen(kw_only=True)
class Route:
    """Steps to do next. `reset`: from a clean system, with services so named; else from where the system is."""

    steps: tuple[Step, ...]
    value: float
    seconds: float
    reset: bool
    naming: Naming

    @property
    def rate(self) -> float:
        """What it promises for each second."""
        return self.value / self.seconds


@frozen(eq=False)
class _Way:
    """A way that is being planned, and the marks that were met on it."""

    here: Place
    steps: tuple[Step, ...]
    met: dict[Mark, int]
    value: float
    seconds: float


class _Further(NamedTuple):
    """A way with one step more. Most are dropped at once, so it is a tuple, and the longer way is made of those that stay."""

    rate: float
    value: float
    seconds: float
    there: Place
    step: Step
    made: Promise
    way: _Way

    def gone(self) -> _Way:
        """The longer way."""
        met = dict(self.way.met)
        for mark, _ in self.made.marks:
            met[mark] = met.get(mark, 0) + 1
        return _Way(self.there, (*self.way.steps, self.step), met, self.value, self.seconds)


@define(eq=False, kw_only=True)
class Planner:
    """Plans for these services. It remembers what was done, by the planner or by others, and what that took."""

    names: tuple[str, ...]
    contract: Contract
    costs: Costs = field(factory=Costs)
    """What was learned of the system's seconds."""
    faults: bool = True
    leaning: Leaning = field(factory=Leaning)
    places: Places = field(init=False)
    done: dict[Mark, int] = field(init=False, factory=dict)
    _named: Counter[Naming] = field(init=False, factory=Counter)
    """How many steps were done with each naming."""
    _promises: dict[tuple[Place, Step | None, Naming], dict[Step, Promise]] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self.places = Places(self.names, self.contract, self.faults)

    def route(self, at: At | None, within: float | None = None) -> Route | None:
        """The best way on from where the system is, or from a reset; None where nothing can be done in `within` seconds.

        None for `at`: there is no way on but a reset.
        """
        fresh = [At(CLEAN, naming) for naming in self._namings()]
        routes = [self._best(one, self.costs.of(RESET), within, reset=True) for one in fresh]
        if at is not None and at.steps < _MOST_STEPS:
            routes.append(self._best(at, 0.0, within, reset=False))
        found = [one for one in routes if one is not None]
        return max(found, key=lambda one: one.rate, default=None)

    def _namings(self) -> tuple[Naming, ...]:
        """The odd naming that was used least so far, and the plain one."""
        odd = min(fitting(_ODD, self.names, self.contract), key=self._named.__getitem__, default=None)
        return (Naming.PLAIN,) if odd is None else (odd, Naming.PLAIN)

    def note(self, here: Place, step: Step, before: Step | None, naming: Naming) -> None:
        """A step was done there, whoever planned it: of what was new in it less is left."""
        self._named[naming] += 1
        for mark, _ in self._promise(here, step, before, naming).marks:
            self.done[mark] = self.done.get(mark, 0) + 1

    def _promise(self, here: Place, step: Step, before: Step | None, naming: Naming) -> Promise:
        return promise(self.names, here, step, before, naming, self.leaning)

    def _best(self, at: At, seconds: float, within: float | None, *, reset: bool) -> Route | None:
        limit = float("inf") if within is None else within
        ways, best, rate = [_Way(self.places.of(at.state), (), {}, 0.0, seconds)], None, 0.0
        for _ in range(_DEPTH):
            affordable = [further for further in self._further(ways, at) if further.seconds <= limit]
            kept = _widest(sorted(affordable, key=lambda further: further.rate, reverse=True))
            ways = [further.gone() for further in kept]
            if kept and kept[0].rate > rate:
                best, rate = ways[0], kept[0].rate
        if best is None:
            return None
        return Route(steps=best.steps, value=best.value, seconds=best.seconds, reset=reset, naming=at.naming)

    def _further(self, ways: list[_Way], at: At) -> Iterator[_Further]:
        for way in ways:
            before = way.steps[-1] if way.steps else at.last
            promises = self._promises.setdefault((way.here, before, at.naming), {})
            for there, sort, steps in self.places.ahead(way.here):
                seconds = way.seconds + self.costs.of(sort) + _LATER
                for step in steps:
                    made = promises.get(step)
                    if made is None:
                        made = promises[step] = self._promise(way.here, step, before, at.naming)
                    value = way.value + made.left(self.done, way.met)
                    yield _Further(value / seconds, value, seconds, there, step, made, way)


def _widest(further: list[_Further]) -> list[_Further]:
    """The best of them, at most a few to one place."""
    kept: list[_Further] = []
    count: dict[Place, int] = {}
    for one in further:
        if count.get(one.there, 0) < _SAME_PLACE:
            count[one.there] = count.get(one.there, 0) + 1
            kept.append(one)
            if len(kept) == _WIDTH:
                break
    return kept
