"""How long operations take in this situation and in that: what is slow is told by comparison, since managers differ.

Compared are only operations that succeeded while nothing was wrong by Churn's own doing, each with what is quickest of those
that have as much to do, or more. So a start that makes a container may take longer than a start of a service that runs, and a
first start longer than later ones.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from statistics import median
from typing import NamedTuple

from attrs import define, field, frozen

from churn.lifecycle.condition import DEAD, ILL, SOUND, Behaviour
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import Operation, Start, Stop
from churn.lifecycle.outcome import Ok, Outcome, Overlapped
from churn.lifecycle.state import Service, State

_TIMES, _AT_LEAST = 5.0, 5.0
"""What is slow takes so many times as long as elsewhere, and so many seconds longer."""
_AGAIN_AND_AGAIN = 3
"""Times that an operation was done in a situation before anything is said of it; and elsewhere likewise."""
_KEPT = 40
"""The latest times that are kept of each situation."""


class Situation(NamedTuple):
    """In what an operation was done: the condition of its service, and whether another service ran."""

    kind: str
    condition: str
    beside_running: bool
    least: int
    most: int
    """How much there was to do, where operations of one kind differ, as far as the model knows: 0 for nothing."""


@frozen
class Slow:
    """Seconds that an operation takes `here`, in this situation, and `elsewhere`, where it is quickest: medians."""

    here: float
    elsewhere: float


@define
class Durations:
    """The seconds that operations took, by situation."""

    _took: dict[Situation, deque[float]] = field(init=False, factory=dict)
    _by_kind: dict[str, list[Situation]] = field(init=False, factory=dict)
    _told: set[tuple[str, int]] = field(init=False, factory=set)
    """Kinds of operations, each with what there was to do at most, of which some were found to be slow."""
    _assumed: dict[tuple[str, str], float] = field(init=False, factory=dict)

    @property
    def latest(self) -> tuple[tuple[Situation, tuple[float, ...]], ...]:
        """The latest seconds of each situation."""
        return tuple([(situation, tuple(took)) for situation, took in self._took.items()])

    def take(self, latest: Iterable[tuple[Situation, tuple[float, ...]]]) -> None:
        """Begin with what was found elsewhere."""
        for situation, took in latest:
            self._of(situation).extend(took)

    def assume(self, kind: str, condition: str, seconds: float) -> None:
        """Take it as known that this operation takes so long elsewhere, in whatever else a service is: a file says so."""
        self._assumed[kind, condition] = seconds

    def usual(self, operation: Operation, state: State) -> float | None:
        """Seconds that an operation usually takes that is done in `state`, None where none of its kind has succeeded.

        Best known is what was done in the same situation, then what had at least as much to do, then any. What has never been
        done takes as long as what it is made of.
        """
        situation = _situation(operation, state)
        here = self._took.get(situation)
        if here:
            return median(here)
        there = self._by_kind.get(situation.kind, [])
        for least in (situation.most, situation.least, 0):
            took = [median(self._took[other]) for other in there if other.least >= least]
            if took:
                return median(took)
        parts = [self._of_kind(kind) for kind in operation.parts]
        return sum(filter(None, parts)) or None

    def _of_kind(self, kind: str) -> float | None:
        """Seconds of the longest that was done of that kind."""
        return max((median(self._took[one]) for one in self._by_kind.get(kind, [])), default=None)

    def compare(self, operation: Operation, state: State, outcome: Outcome) -> Slow | None:
        """Note how long an operation took that was done in `state`; how slow that is, None where it is not.

        Only a success is looked at, of a single operation of the manager's, with nothing wrong by Churn's own doing.
        """
        if not (operation.manager and isinstance(outcome, Ok)) or isinstance(outcome, Overlapped):
            return None
        if outcome.held or _troubled(state.services.values()):
            return None
        situation = _situation(operation, state)
        self._of(situation).append(outcome.took)
        return self._slow(situation, outcome.took) if outcome.took >= _AT_LEAST else None

    def _of(self, situation: Situation) -> deque[float]:
        took = self._took.get(situation)
        if took is None:
            took = self._took[situation] = deque(maxlen=_KEPT)
            self._by_kind.setdefault(situation.kind, []).append(situation)
        return took

    def _slow(self, situation: Situation, seconds: float) -> Slow | None:
        """Once something was found to be slow, one time is enough to say that it is so here, too: shrinking asks each time."""
        assumed = self._assumed.get((situation.kind, situation.condition))
        if assumed is not None:
            return Slow(seconds, assumed) if seconds >= least_slow(assumed) else None
        here, sort = self._took[situation], (situation.kind, situation.most)
        elsewhere = min(self._comparable(situation), default=None)
        if elsewhere is None or (len(here) < _AGAIN_AND_AGAIN and sort not in self._told):
            return None
        slow = Slow(median(here), elsewhere)
        if min(slow.here, seconds) < least_slow(elsewhere):
            return None
        self._told.add(sort)
        return slow

    def _comparable(self, situation: Situation) -> Iterator[float]:
        """The median of each other situation in which there is as much to do, or more."""
        for other in self._by_kind[situation.kind]:
            took = self._took[other]
            if other != situation and other.least >= situation.most and len(took) >= _AGAIN_AND_AGAIN:
                yield median(took)


def least_slow(usual: float) -> float:
    """The seconds from which on an operation is slow that takes `usual` seconds elsewhere."""
    return max(_TIMES * usual, usual + _AT_LEAST)


def _troubled(services: Iterable[Service]) -> bool:
    """Whether an operation may take long for what Churn did, or for what an operation before it left undone."""
    return any(
        one.behaviour is not Behaviour.HEALTHY or one.held or one.unsettled is not None or one.server is ILL
        for one in services
    )


def _situation(operation: Operation, state: State) -> Situation:
    service = state.services.get(operation.service or "")
    condition = "" if service is None else service.condition.word
    beside = any(one.server is SOUND for one in state.services.values() if one is not service)
    return Situation(operation.kind, condition, beside, *_work(operation, service))


def _work(operation: Operation, service: Service | None) -> tuple[int, int]:
    """How much there is to do, at least and at most."""
    if service is None:
        return 0, 0
    if isinstance(operation, Start):
        return _work_of_start(service)
    if isinstance(operation, Stop):
        return _work_of_stop(service)
    return 0, 0


def _work_of_start(service: Service) -> tuple[int, int]:
    """A container to make, unless one runs; for the first start, what later ones find there, too."""
    if service.server is SOUND:
        return 0, 0
    if service.server is DEAD:
        return 0, 1  # a manager need not have noticed
    return (1, 2) if service.status is Status.CREATED else (1, 1)


def _work_of_stop(service: Service) -> tuple[int, int]:
    """A server to end, or a container to clear away, or nothing."""
    if service.server is SOUND:
        return 2, 2
    return 0, 1 if service.leftover or service.server is DEAD else 0
