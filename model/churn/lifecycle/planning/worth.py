"""What a step promises: how likely things like it are to show a bug in any manager, times how much of it is new.

The priors are few, and each has its reason. They say what is tried first; what was tried often is worth little whatever its
prior, so nothing is left out for good.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from attrs import frozen

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.operations import (
    Create,
    Family,
    Length,
    Operation,
    Pace,
    Remove,
    Restart,
    SetBehaviour,
    Start,
    Step,
    Stop,
    Update,
    Wait,
)
from churn.lifecycle.planning.places import Company, Setting, Spot
from churn.lifecycle.sequence import Naming

_CHANGE, _CREATE, _STRIKE, _ELSE = 2.5, 1.0, 1.0, 0.5
"""By what is done: the manager changes containers, or has to find again what it knew; it makes a service known; somebody
strikes behind its back; all else."""
_LENGTHY, _LATE, _RESISTED, _TROUBLED = 20.0, 10.0, 4.0, 2.0
"""Starts of a server that never gets healthy, or only late; stops that the server resists; what meets trouble.

Trouble is a server that crashes, is ill or has died, or a port that somebody else holds.

The ways out of these are the least tried code. The first takes the manager's whole timeout, or most of it: it has to be worth
that, or it would never be done.
"""
_LOST = 4.0
"""Starts and stops of a service of which nobody knows what became: whether it can be got well again shows in these alone."""
_AGAIN = 1.3
"""A start after a stop, a death or a failure: something is left to be in its way."""
_BESIDE_RUNNING, _BESIDE_FAULTY, _BESIDE_IDLE = 2.5, 1.5, 1.1
"""Beside other services: what they share is mixed up, and to harm one that runs is the worst that a manager can do."""
_TWOFOLD = 2.0
"""A restart or remove of what runs: it is a stop, and then something else."""
_IDLE_CHANGE = 0.4
"""A stop, restart or remove of what does not run: there is nothing to stop, or a start by another word."""
_INTERRUPTED, _INTERRUPTED_SO = 1.0, 0.4
"""A change that is ended midway, or that the engine fails; one at just that point, or by just that failure.

What it has left undone is tidied up by the least tried code.
"""
_NO_SERVICE = 0.1
"""An operation on what is not there: it is to be refused, and mostly is."""
_OF_NOTHING = 3.0
"""The same while there is no service at all: it takes no time, and the ways through nothing are seldom tried."""
_SECOND_CREATE = 0.4
"""A create of what is there: it is to be refused, too, but may write over what is known of a living service."""
_LIVE_BEHAVIOUR, _IDLE_BEHAVIOUR = 2.0, 0.3
"""To set a server's behaviour before it runs shows nothing by itself; while it runs it is a strike."""
_SEEN = {Pace.CALM: 1.0, Pace.ENGINE_ONLY: 0.9, Pace.HURRIED: 0.5}
"""What is hurried past is judged later or not at all, and what the engine alone is asked about tells of no status."""
_LONG = 0.1
"""A long wait beside a short one: what a short one does not show is rare, and costs dear."""


_BESIDE = {
    Company.NONE: 1.0,
    Company.IDLE: _BESIDE_IDLE,
    Company.FAULTY: _BESIDE_FAULTY,
    Company.RUNNING: _BESIDE_RUNNING,
}

Mark = tuple[object, ...]


class Promise(NamedTuple):
    """What a step promises as long as nothing of it was done: its prior, and its marks, each with what it is worth."""

    prior: float
    marks: tuple[tuple[Mark, float], ...]


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


def promise(setting: Setting, step: Step, naming: Naming, leaning: Leaning) -> Promise:
    """What `step` promises in a setting, with services so named."""
    operation, spot = step.operation, setting.spot
    prior = _flat(operation) if leaning.flat else _prior(operation, setting)
    marks: list[tuple[Mark, float]] = [
        *_alone(operation, spot, step.pace),
        *_in_company(operation, setting, naming),
    ]
    seen = prior * _SEEN[step.pace]
    return Promise(prior, tuple([(mark, seen * weight * leaning.of(mark)) for mark, weight in marks]))


def _flat(operation: Operation) -> float:
    return 2.0 if operation.changes_containers else 1.0


def _prior(operation: Operation, setting: Setting) -> float:
    if operation.manager and not isinstance(operation, Create) and not setting.known:
        return _OF_NOTHING
    beside = 1.0 if _takes_long(operation, setting.spot) else _BESIDE[setting.company]
    return _by_kind(operation, setting) * beside * _circumstance(operation, setting.spot)


def _by_kind(operation: Operation, setting: Setting) -> float:
    if isinstance(operation, Create):
        return _CREATE
    if isinstance(operation, Update):
        running = setting.spot is not None and setting.spot.runs
        return _STRIKE if running else _ELSE  # the next start shows what came of it
    if operation.changes_containers or (operation.makes_container and setting.known):
        return _CHANGE
    return _STRIKE if operation.family is Family.STRIKE else _ELSE


def _circumstance(operation: Operation, spot: Spot | None) -> float:
    if spot is not None and spot.there is isinstance(operation, Create):
        return _SECOND_CREATE if spot.there else _NO_SERVICE
    if isinstance(operation, Wait):
        return _LONG if operation.length is Length.LONG else 1.0
    if spot is None:
        return 1.0
    if isinstance(operation, SetBehaviour):
        return _LIVE_BEHAVIOUR if spot.condition.word == "running" else _IDLE_BEHAVIOUR
    if isinstance(operation, Start):
        return _of_start(spot)
    return _of_end(operation, spot) if isinstance(operation, Stop | Restart | Remove) else 1.0


def _of_start(spot: Spot) -> float:
    if _is_lengthy(spot):
        return _LATE if spot.behaviour is Behaviour.LATE else _LENGTHY
    if spot.condition.word == "unsettled":
        return _LOST
    crashes = spot.condition.word != "running" and spot.behaviour is Behaviour.CRASH
    if crashes or spot.condition.held or spot.condition.word == "dead":
        return _TROUBLED
    return _AGAIN if spot.condition.word != "created" else 1.0


def _takes_long(operation: Operation, spot: Spot | None) -> bool:
    return spot is not None and isinstance(operation, Start | Restart) and _is_lengthy(spot)


def _is_lengthy(spot: Spot) -> bool:
    """Whether a start there takes the manager's whole timeout, or most of it."""
    return spot.condition.word != "running" and not spot.condition.held and spot.behaviour in _WITHOUT_END


_WITHOUT_END = frozenset({Behaviour.UNHEALTHY, Behaviour.HANG, Behaviour.LATE})


def _of_end(operation: Operation, spot: Spot) -> float:
    if spot.condition.word == "unsettled":
        return _LOST
    if spot.condition.word not in ("running", "dead"):
        return _IDLE_CHANGE
    if isinstance(operation, Stop):
        return _RESISTED if spot.behaviour is Behaviour.IGNORE_SIGTERM else _TROUBLED if not spot.runs else 1.0
    return _TWOFOLD if spot.condition.word == "running" else 1.0


# -- marks: what of a step can be new -----------------------------------------------------------------------------------


def _alone(operation: Operation, spot: Spot | None, pace: Pace) -> Iterable[tuple[Mark, float]]:
    subject = _subject(operation, spot)
    if _takes_long(operation, spot):
        yield subject, 1.0  # the others' time would go into doing it in other ways
        return
    yield (*subject, "alone"), 0.3
    yield (*subject, pace), 0.25


def _subject(operation: Operation, spot: Spot | None) -> tuple[object, ...]:
    """The operation, and what of the service acted on matters to it."""
    how = next((getattr(operation, name) for name in _DETAILS if hasattr(operation, name)), None)
    if spot is None or operation.family is Family.STRIKE:
        return operation.kind, how
    word, runs = spot.condition.word, spot.condition.word == "running"
    if word == "unsettled" and isinstance(operation, Start | Stop):
        return operation.kind, word, spot.unknown, spot.tries
    if operation.family is Family.BEHAVIOUR:
        return operation.kind, how, runs
    if isinstance(operation, Update):
        return (operation.kind, how, word) if spot.there else (operation.kind, word)
    serves = _MATTERING.get(spot.behaviour, spot.behaviour)
    struck = spot.condition.faulted or spot.behaviour is Behaviour.LATE
    if isinstance(operation, Restart if runs else Start | Restart):
        return (
            (Start.kind, "struck", spot.condition.held, serves) if struck else (operation.kind, word, serves, spot.left)
        )
    ends = isinstance(operation, Stop | Restart | Remove) and runs
    resists = ("ill" if spot.condition.doomed else spot.behaviour is Behaviour.IGNORE_SIGTERM) if ends else None
    return operation.kind, word, resists, spot.left  # a container that has ended is another thing than one that is gone


_DETAILS = "how", "length", "where", "what", "what"
"""What an operation may say beside the service that it acts on."""
_MATTERING = {Behaviour.HANG: Behaviour.UNHEALTHY, Behaviour.IGNORE_SIGTERM: Behaviour.HEALTHY}
"""What is the same to a start."""


def _in_company(operation: Operation, setting: Setting, naming: Naming) -> Iterable[tuple[Mark, float]]:
    if _takes_long(operation, setting.spot):
        return
    subject, company = _subject(operation, setting.spot), setting.company
    odd = None if naming is Naming.PLAIN else naming.value
    yield (*subject, company), 0.25
    if isinstance(operation, Create):
        yield (operation.kind, "named", odd), 0.5  # a name may be read wrongly where there is no other
        yield (operation.kind, "many", setting.known), 0.7
    if isinstance(operation, Start) and setting.spot is not None and not setting.spot.condition.faulted:
        yield (operation.kind, "many", setting.running), 0.7  # it will run beside so many
    if isinstance(operation, Remove):
        word = setting.spot.condition.word if setting.spot is not None else None
        alone = setting.known == 1  # what a remove leaves shows once nothing is there
        yield (operation.kind, word, "the last one", alone), 0.5
    if operation.service is None and operation.makes_container:
        yield (operation.kind, "idle ones, too", setting.known > setting.running), 0.5
    if operation.service is None or company is Company.NONE:
        return
    if company is Company.RUNNING:
        yield (*subject, setting.side), 0.3
        yield (operation.kind, setting.side, odd), 0.4 if odd else 0.12
    else:
        yield (operation.kind, "named", odd), 0.15


UPSETTING = frozenset({Family.INTERRUPT, Family.ENGINE})
"""What shows nothing by itself: it upsets whatever comes next."""


def sequel(before: Step | None, step: Step, leaning: Leaning) -> tuple[tuple[Mark, float], ...]:
    """What it promises that `step` follows the step `before`: marks, each with the part of the step's prior that it is worth.

    It matters for changes, and most where the second follows the first at once.
    """
    if before is None or not step.operation.changes_containers:
        return ()
    first, second = before.operation, step.operation
    if first.family in UPSETTING:
        whole, exact = (first.kind, second.kind, "upset"), (str(first), second.kind, "upset")
        return (whole, _INTERRUPTED * leaning.of(whole)), (exact, _INTERRUPTED_SO * leaning.of(exact))
    if not _changes(first):
        return ()
    same = first.service == second.service
    weight = _weight(before, step, same=same)
    detail = getattr(first, "where", None) or getattr(first, "what", None)
    mark = (first.kind, detail, second.kind, same, before.hurried, "then")
    return ((mark, weight * leaning.of(mark)),) if weight else ()


def _weight(before: Step, step: Step, *, same: bool) -> float:
    struck = before.operation.family is Family.STRIKE  # the next change shows whether the manager can cope with it
    if same and (struck or (type(before.operation), type(step.operation)) in _TOGETHER):
        return 1.0
    if before.hurried:
        return 0.5 if same else 0.2
    return 0.2 if same else 0.0


_TOGETHER = frozenset({(Stop, Start), (Remove, Create), (Update, Start), (Update, Restart)})
"""What is made anew just as it was taken away, where what was left of it is in the way; what is to have a changed setting."""


def _changes(operation: Operation) -> bool:
    return operation.changes_containers or operation.family in (Family.STRIKE, Family.BEHAVIOUR)
