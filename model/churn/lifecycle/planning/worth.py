"""What a step promises: how likely things like it are to show a bug in any manager, times how much of it is new.

The priors are few, and each has its reason. They say what is tried first; what was tried often is worth little whatever its
prior, so nothing is left out for good.
"""

from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache

from attrs import frozen

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.operations import (
    Create,
    Family,
    Length,
    Operation,
    Pace,
    Restart,
    SetBehaviour,
    Start,
    Step,
    Stop,
    Wait,
)
from churn.lifecycle.planning.places import Place, Spot
from churn.lifecycle.sequence import Naming

FADING = 0.2
"""A mark that was met counts that much of what it did, each time: a manager that did right once mostly does again."""
_IN_VAIN, _LATE, _RESISTED, _TROUBLED = 12.0, 6.0, 4.0, 2.0
"""Starts of a server that cannot get healthy, or late; stops that the server resists; what has to put trouble right.

Trouble is a server that is ill or has died, or an operation that ended unknown.

The ways out of these are the least tried code. The first two take the manager's whole timeout, or most of it: they have to be
worth that, or they would never be done.
"""
_AGAIN = 1.3
"""A start after a stop, a death or a failure: something is left to be in its way."""
_BESIDE_RUNNING, _BESIDE_FAULTY, _BESIDE_IDLE = 2.5, 1.5, 1.1
"""Beside other services: what they share is mixed up, and to harm one that runs is the worst that a manager can do."""
_IDLE_CHANGE = 0.4
"""A stop of what does not run: it changes nothing."""
_INTERRUPTED = 1.0
"""A change that is ended midway: what it has left undone is tidied up by the least tried code."""
_NO_SERVICE = 0.1
"""An operation on what is not there: it is to be refused, and mostly is."""
_OF_NOTHING = 1.0
"""The same while there is no service at all: it takes no time, and the ways through nothing are seldom tried."""
_SECOND_CREATE = 0.4
"""A create of what is there: it is to be refused, too, but may write over what is known of a living service."""
_LIVE_BEHAVIOUR, _IDLE_BEHAVIOUR = 2.0, 0.3
"""To set a server's behaviour before it runs shows nothing by itself; while it runs it is a strike."""
_SEEN = {Pace.CALM: 1.0, Pace.ENGINE_ONLY: 0.9, Pace.HURRIED: 0.5}
"""What is hurried past is judged later or not at all, and what the engine alone is asked about tells of no status."""
_LONG = 0.1
"""A long wait beside a short one: what a short one does not show is rare, and costs dear."""


class Company(IntEnum):
    """The liveliest of the other services."""

    NONE = 0
    IDLE = 1
    FAULTY = 2
    RUNNING = 3


_BESIDE = {
    Company.NONE: 1.0,
    Company.IDLE: _BESIDE_IDLE,
    Company.FAULTY: _BESIDE_FAULTY,
    Company.RUNNING: _BESIDE_RUNNING,
}

Mark = tuple[object, ...]


@frozen
class Promise:
    """What a step promises as long as nothing of it was done: its marks, each with what it is worth."""

    marks: tuple[tuple[Mark, float], ...]

    def left(self, done: dict[Mark, int], here: dict[Mark, int]) -> float:
        """What is left of it, after what was `done` by now, and would be done on the way `here`."""
        total = 0.0
        for mark, value in self.marks:
            times = done.get(mark, 0) + here.get(mark, 0)
            total += value * FADING**times if times else value
        return total


@frozen(cache_hash=True)
class Leaning:
    """What one run prefers where two things promise alike, so that runs with other seeds do other things.

    `flat`: it goes by two priors alone, a change and anything else.
    """

    seed: int = 0
    flat: bool = False

    def of(self, mark: Mark) -> float:
        """A factor from 0.8 to 1.25, the same for the same seed and mark."""
        return _factor(self.seed, mark)


@lru_cache(maxsize=8192)
def _factor(seed: int, mark: Mark) -> float:
    number = seed & _WHOLE
    for character in repr(mark):  # FNV-1a: Python's own hash of a text is another one in each process
        number = ((number ^ ord(character)) * 1_099_511_628_211) & _WHOLE
    return float(0.8 * (1.25 / 0.8) ** ((number >> 32) / 0xFFFFFFFF))


_WHOLE = 0xFFFFFFFFFFFFFFFF


def promise(
    names: tuple[str, ...], here: Place, step: Step, before: Step | None, naming: Naming, leaning: Leaning
) -> Promise:
    """What `step` promises at a place, after the step `before`, with services so named."""
    operation = step.operation
    spot = here[names.index(operation.service)] if operation.service is not None else None
    prior = _flat(operation) if leaning.flat else _prior(operation, spot, here, names)
    marks: list[tuple[Mark, float]] = [
        *_alone(operation, spot, step.pace),
        *_in_company(operation, spot, here, names, naming),
    ]
    seen = prior * _SEEN[step.pace]
    return Promise(
        (
            *((mark, seen * weight * leaning.of(mark)) for mark, weight in marks),
            *((mark, prior * weight * leaning.of(mark)) for mark, weight in _after(step, before)),
        )
    )


def _flat(operation: Operation) -> float:
    return 2.0 if operation.changes_containers else 1.0


def _prior(operation: Operation, spot: Spot | None, here: Place, names: tuple[str, ...]) -> float:
    if operation.manager and not isinstance(operation, Create) and not any(one.there for one in here):
        return _OF_NOTHING
    beside = _BESIDE[_company(operation, here, names)]
    return operation.weight / 2 * beside * _circumstance(operation, spot)


def _circumstance(operation: Operation, spot: Spot | None) -> float:
    if spot is not None and spot.there is isinstance(operation, Create):
        return _SECOND_CREATE if spot.there else _NO_SERVICE
    if isinstance(operation, Wait):
        return _LONG if operation.length is Length.LONG else 1.0
    if spot is None:
        return 1.0
    if isinstance(operation, SetBehaviour):
        return _LIVE_BEHAVIOUR if spot.condition.word == "running" else _IDLE_BEHAVIOUR
    if isinstance(operation, Start | Restart):
        return _of_start(spot)
    return _of_stop(spot) if isinstance(operation, Stop) else 1.0


def _of_start(spot: Spot) -> float:
    if spot.condition.doomed:
        return _IN_VAIN
    if spot.behaviour is Behaviour.LATE and not spot.runs:
        return _LATE
    if spot.condition.word == "unsettled":
        return _TROUBLED
    return _AGAIN if spot.condition.word != "created" else 1.0


def _of_stop(spot: Spot) -> float:
    if spot.condition.word == "unsettled":
        return _TROUBLED
    if spot.condition.word not in ("running", "dead"):
        return _IDLE_CHANGE
    if spot.behaviour is Behaviour.IGNORE_SIGTERM:
        return _RESISTED
    return _TROUBLED if spot.condition.word == "dead" or spot.condition.doomed else 1.0


# -- marks: what of a step can be new -----------------------------------------------------------------------------------


def _alone(operation: Operation, spot: Spot | None, pace: Pace) -> Iterable[tuple[Mark, float]]:
    subject = _subject(operation, spot)
    yield (*subject, "alone"), 0.3
    yield (*subject, pace), 0.25


def _subject(operation: Operation, spot: Spot | None) -> tuple[object, ...]:
    """The operation, and what of the service acted on matters to it."""
    how = getattr(operation, "how", getattr(operation, "length", None))
    if spot is None:
        return operation.kind, how
    condition = spot.condition
    matters: object = None
    if isinstance(operation, Start | Restart):
        if condition.doomed and (condition.word != "running" or isinstance(operation, Restart)):
            return operation.kind, how, "in vain", condition.held, _MATTERING.get(spot.behaviour, spot.behaviour)
        matters = _MATTERING.get(spot.behaviour, spot.behaviour) if condition.word != "running" else None
    elif isinstance(operation, Stop) and condition.word == "running":
        matters = "ill" if condition.doomed else spot.behaviour is Behaviour.IGNORE_SIGTERM
    if condition.word == "dead":
        matters = (matters, spot.left)  # a container that has ended is another thing than one that is gone
    return operation.kind, how, condition.word, condition.held, matters


_MATTERING = {Behaviour.HANG: Behaviour.UNHEALTHY, Behaviour.IGNORE_SIGTERM: Behaviour.HEALTHY}
"""What is the same to a start."""


def _in_company(
    operation: Operation, spot: Spot | None, here: Place, names: tuple[str, ...], naming: Naming
) -> Iterable[tuple[Mark, float]]:
    subject, company = _subject(operation, spot), _company(operation, here, names)
    yield (*subject, company), 0.25
    if isinstance(operation, Create):
        yield (operation.kind, "many", sum(one.there for one in here)), 0.7
    if isinstance(operation, Start):
        yield (operation.kind, "many", sum(one.runs for one in here)), 0.7
    if operation.service is None or company is Company.NONE:
        return
    odd = None if naming is Naming.PLAIN else naming.value
    if company is Company.RUNNING:
        side = _side(operation.service, here, names)
        yield (*subject, side), 0.3
        yield (*subject, side, odd), 0.4 if odd else 0.12
    else:
        yield (*subject, "named", odd), 0.15


def _company(operation: Operation, here: Place, names: tuple[str, ...]) -> Company:
    others = [spot for name, spot in zip(names, here, strict=True) if name != operation.service and spot.there]
    return max(map(_liveliness, others), default=Company.NONE)


def _liveliness(spot: Spot) -> Company:
    if spot.runs:
        return Company.RUNNING
    return Company.FAULTY if spot.condition.faulted or spot.condition.word in ("dead", "running") else Company.IDLE


def _side(service: str, here: Place, names: tuple[str, ...]) -> str:
    """Whether those that run are older or younger than the service."""
    mine = names.index(service)
    running = {place > mine for place, spot in enumerate(here) if place != mine and spot.runs}
    return "both" if len(running) > 1 else "younger" if True in running else "elder"


def _after(step: Step, before: Step | None) -> Iterable[tuple[Mark, float]]:
    """What follows what: it matters for changes, and most where the second follows the first at once."""
    if before is not None and before.operation.family is Family.INTERRUPT and step.operation.changes_containers:
        yield (str(before.operation), step.operation.kind, "interrupted"), _INTERRUPTED
    if before is None or not (_changes(before.operation) and step.operation.changes_containers):
        return
    same = before.operation.service == step.operation.service
    pair = (before.operation.kind, step.operation.kind, same, before.hurried)
    if before.hurried:
        at_once = isinstance(before.operation, Stop) and isinstance(step.operation, Start)
        yield (*pair, "then"), (1.0 if at_once else 0.5) if same else 0.2
    elif same:
        yield (*pair, "then"), 0.2


def _changes(operation: Operation) -> bool:
    return operation.changes_containers or operation.family in (Family.STRIKE, Family.BEHAVIOUR)
