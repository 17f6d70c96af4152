"""The planner: from where the system is, or from a reset, the way with most that is new for its seconds."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from attrs import define, field, frozen

from churn.lifecycle.contract import Contract
from churn.lifecycle.costs import RESET, Costs
from churn.lifecycle.operations import Step
from churn.lifecycle.planning.novelty import FADING, Marks, Novelty
from churn.lifecycle.planning.places import Place, Places
from churn.lifecycle.planning.prospects import Offer, Prospects
from churn.lifecycle.planning.worth import Leaning
from churn.lifecycle.sequence import Naming, fitting
from churn.lifecycle.state import CLEAN, State

_DEPTH, _SAME_PLACE, _SAME_RUNNING = 6, 2, 3
"""A route's most steps; ways that are gone on with at each: to one place, and to places with so many services running.

To have more services running is dear at first, and pays later: such ways have to be kept, or none would be found.
"""
_MOST_STEPS = 13
"""Steps of a sequence, after which a reset pays: what fails in a longer one costs too much to make small."""
_ODD = (Naming.MIXED, Naming.MARKED, Naming.UNDERSCORED, Naming.NUMBERS)
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
    """A way that is being planned, and how much the marks that were met on it have faded."""

    here: Place
    steps: tuple[Step, ...]
    faded: dict[int, float]
    value: float
    seconds: float


class _Further(NamedTuple):
    """A way with one step more. Most are dropped at once, so it is a tuple, and the longer way is made of those that stay."""

    outlook: float
    """What it promises a second, with the best that can be done then."""
    value: float
    seconds: float
    offer: Offer
    sequel: Marks
    way: _Way

    def gone(self) -> _Way:
        """The longer way."""
        faded = dict(self.way.faded)
        for number, _ in (*self.offer.promised.marks, *self.sequel):
            faded[number] = faded.get(number, 1.0) * FADING
        return _Way(self.offer.there, (*self.way.steps, self.offer.step), faded, self.value, self.seconds)


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
    novelty: Novelty = field(init=False, factory=Novelty)
    _named: Counter[Naming] = field(init=False, factory=Counter)
    """How many steps were done with each naming."""
    _prospects: dict[Naming, Prospects] = field(init=False, factory=dict)
    _anew: Route | None = field(init=False, default=None)
    """The best route from a reset when that was last planned."""
    _outdated: bool = field(init=False, default=True)
    """Whether something was done since then, so that less is new on it."""

    def __attrs_post_init__(self) -> None:
        self.places = Places(self.names, self.contract, self.faults)

    def route(self, at: At | None, within: float | None = None) -> Route | None:
        """The best way on from where the system is, or from a reset; None where nothing can be done in `within` seconds.

        None for `at`: there is no way on but a reset.
        """
        for prospects in self._prospects.values():
            prospects.renew()
        on = self._best(at, 0.0, within, reset=False) if at is not None and at.steps < _MOST_STEPS else None
        if on is not None and self._anew is not None and on.rate >= self._anew.rate:
            return on  # what a reset promised before is the most that it can promise now
        if self._anew is None or self._outdated or not _fits(self._anew, within):
            found = [self._best(At(CLEAN, one), self.costs.of(RESET), within, reset=True) for one in self._namings()]
            self._anew, self._outdated = _better(found), False
        return _better([self._anew, on])

    def _namings(self) -> tuple[Naming, ...]:
        """The odd naming that was used least so far, and the plain one."""
        odd = min(fitting(_ODD, self.names, self.contract), key=self._named.__getitem__, default=None)
        return (Naming.PLAIN,) if odd is None else (odd, Naming.PLAIN)

    def note(self, here: Place, step: Step, before: Step | None, naming: Naming) -> None:
        """A step was done there, whoever planned it: of what was new in it less is left."""
        self._named[naming] += 1
        self._outdated = True
        setting = self.places.settings(here).get(step.operation.service)
        if setting is not None:
            prospects = self._named_so(naming)
            self.novelty.met(prospects.promised(setting, step).marks)
            self.novelty.met(prospects.sequel(before, step))

    def _named_so(self, naming: Naming) -> Prospects:
        found = self._prospects.get(naming)
        if found is None:
            found = self._prospects[naming] = Prospects(
                naming=naming, places=self.places, costs=self.costs, novelty=self.novelty, leaning=self.leaning
            )
        return found

    def _best(self, at: At, seconds: float, within: float | None, *, reset: bool) -> Route | None:
        limit = float("inf") if within is None else within
        ways, best, rate = [_Way(self.places.of(at.state), (), {}, 0.0, seconds)], None, 0.0
        for _ in range(_DEPTH):
            affordable = [further for further in self._further(ways, at) if further.seconds <= limit]
            ways = [further.gone() for further in _widest(affordable)]
            for way in ways:
                if way.value / way.seconds > rate:
                    best, rate = way, way.value / way.seconds
        if best is None:
            return None
        return Route(steps=best.steps, value=best.value, seconds=best.seconds, reset=reset, naming=at.naming)

    def _further(self, ways: list[_Way], at: At) -> Iterator[_Further]:
        prospects, left = self._named_so(at.naming), self.novelty.left_of
        for way in ways:
            here, before = way.here, way.steps[-1] if way.steps else at.last
            faded, met = way.faded, way.faded.keys()
            for option, sequel in zip(prospects.options(here), prospects.sequels(here, before), strict=True):
                offer, new, seconds, then = option
                prior, marks, numbers = offer.promised
                value = way.value + (new if met.isdisjoint(numbers) else left(marks, faded))
                if sequel:
                    value += prior * left(sequel, faded)
                seconds += way.seconds
                yield _Further((value + then.value) / (seconds + then.seconds), value, seconds, offer, sequel, way)


def _fits(route: Route, within: float | None) -> bool:
    return within is None or route.seconds <= within


def _better(routes: list[Route | None]) -> Route | None:
    return max([one for one in routes if one is not None], key=lambda one: one.rate, default=None)


def _widest(further: list[_Further]) -> list[_Further]:
    """The best of them: at most a few to one place, and some each of those with no service running, with one, with two…"""
    kept: list[_Further] = []
    places, running = Counter[Place](), Counter[int]()
    for one in sorted(further, key=lambda one: one.outlook, reverse=True):
        there = one.offer.there
        alike = sum([spot.runs for spot in there])
        if places[there] < _SAME_PLACE and running[alike] < _SAME_RUNNING:
            places[there] += 1
            running[alike] += 1
            kept.append(one)
    return kept
