"""Places: a state as far as planning tells states apart, and what can be done there. Found as they are asked for."""

from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from attrs import define, field

from churn.lifecycle.condition import ABSENT, Behaviour, Condition
from churn.lifecycle.contract import Contract
from churn.lifecycle.costs import Sort, sort_of
from churn.lifecycle.operations import Operation, Pace, Step
from churn.lifecycle.outcome import Ok
from churn.lifecycle.state import CLEAN, Service, State, enabled
from churn.lifecycle.transitions import follow


class Spot(NamedTuple):
    """One service at a place: its condition, how its server behaves, and whether a dead one's container may be there still.

    Of an unsettled one: what ended unknown, and how many starts and stops were refused since.
    """

    condition: Condition
    behaviour: Behaviour = Behaviour.HEALTHY
    left: bool = False
    unknown: str = ""
    tries: int = 0

    @property
    def there(self) -> bool:
        """Whether the manager knows the service."""
        return self.condition != ABSENT

    @property
    def runs(self) -> bool:
        """Whether the service runs and nothing is wrong with it."""
        return self.condition.word == "running" and not self.condition.faulted


Place = tuple[Spot, ...]
"""Where one is: a spot for each service, in the order of their names."""


class Company(IntEnum):
    """The liveliest of the other services."""

    NONE = 0
    IDLE = 1
    FAULTY = 2
    RUNNING = 3


class Setting(NamedTuple):
    """What of a place matters to an operation: the spot of the service acted on, None for no service, and its company."""

    spot: Spot | None
    company: Company
    side: str
    """Whether those of the others that run are ``elder``, ``younger`` or ``both``; empty where none does."""
    known: int
    running: int
    """How many services there are, and how many of them run, in all."""
    struck: bool
    """Whether another service is under a fault that lasts: then there is no other fault."""


class Ahead(NamedTuple):
    """An operation that can be done at a place: where it leads, in what setting, of what sort by its cost, at which paces."""

    there: Place
    setting: Setting
    sort: Sort
    steps: tuple[Step, ...]


_IMAGINED = Ok()
_NOWHERE = Spot(ABSENT)


@define(eq=False)
class Places:
    """The places of these services under a contract, found as planning comes to them.

    Services are alike until they are named: of those that are not there only the first is created, and only it is asked for.
    """

    names: tuple[str, ...]
    contract: Contract
    faults: bool = True
    start: Place = field(init=False)
    """A clean system."""
    _states: dict[Place, State] = field(init=False, factory=dict)
    _settings: dict[Place, Mapping[str | None, Setting]] = field(init=False, factory=dict)
    _choices: dict[Place, tuple[Operation, ...]] = field(init=False, factory=dict)
    _ways: dict[tuple[Place, Operation], Place] = field(init=False, factory=dict)
    _ahead: dict[Place, tuple[Ahead, ...]] = field(init=False, factory=dict)
    _sorts: dict[tuple[Place, Operation], Sort] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self.start = self.of(CLEAN)

    def of(self, state: State) -> Place:
        """Where a system is whose expected state is this."""
        place = tuple([_spot(state.services.get(name)) for name in self.names])
        self._states.setdefault(place, state)
        return place

    def state(self, here: Place) -> State:
        """A state that is there."""
        return self._states[here]

    def choices(self, here: Place) -> tuple[Operation, ...]:
        """What makes sense there."""
        found = self._choices.get(here)
        if found is None:
            used = self.settings(here)
            possible = enabled(self._states[here], self.names, self.contract, faults=self.faults)
            found = tuple([one for one in possible if one.service in used])
            self._choices[here] = found
        return found

    def settings(self, here: Place) -> Mapping[str | None, Setting]:
        """The setting of an operation on each service that is used there, and on none."""
        found = self._settings.get(here)
        if found is None:
            known = [name for name, spot in zip(self.names, here, strict=True) if spot.there]
            used = (None, *known, *[name for name in self.names if name not in known][:1])
            found = self._settings[here] = {name: _setting(self.names, here, name) for name in used}
        return found

    def after(self, here: Place, operation: Operation) -> Place:
        """Where that leads, as far as is known."""
        there = self._ways.get((here, operation))
        if there is None:
            first, *_ = follow(self._states[here], operation, _IMAGINED, self.contract)
            there = self._ways[here, operation] = self.of(first.state)
        return there

    def sort(self, here: Place, operation: Operation) -> Sort:
        """What sort of thing the operation is there, by what it costs."""
        found = self._sorts.get((here, operation))
        if found is None:
            found = self._sorts[here, operation] = sort_of(operation, self._states[here])
        return found

    def learn(self, here: Place, operation: Operation, there: Place) -> None:
        """It led there: plans go by that from now on."""
        self._ways[here, operation] = there
        self._ahead.pop(here, None)

    def ahead(self, here: Place) -> tuple[Ahead, ...]:
        """What can be done there, each with where it leads and what it costs. Asked for at each way of each plan."""
        found = self._ahead.get(here)
        if found is None:
            choices = self.choices(here)
            found = tuple([self._ahead_of(here, operation) for operation in choices])
            self._ahead[here] = found
        return found

    def _ahead_of(self, here: Place, operation: Operation) -> Ahead:
        there = self.after(here, operation)
        steps = tuple([Step(operation, pace) for pace in _paces(operation, moves=there != here)])
        return Ahead(there, self.settings(here)[operation.service], self.sort(here, operation), steps)


def _setting(names: tuple[str, ...], here: Place, service: str | None) -> Setting:
    mine = names.index(service) if service is not None else None
    others = [(place, spot) for place, spot in enumerate(here) if place != mine and spot.there]
    company = max([_liveliness(spot) for _, spot in others], default=Company.NONE)
    sides = {place > mine for place, spot in others if spot.runs} if mine is not None else set()
    side = "both" if len(sides) > 1 else "younger" if True in sides else "elder" if sides else ""
    known, running = sum([spot.there for spot in here]), sum([spot.runs for spot in here])
    spot = here[mine] if mine is not None else None
    return Setting(spot, company, side, known, running, any(one.condition.faulted for _, one in others))


def _liveliness(spot: Spot) -> Company:
    if spot.runs:
        return Company.RUNNING
    return Company.FAULTY if spot.condition.faulted or spot.condition.word in ("dead", "running") else Company.IDLE


def _spot(service: Service | None) -> Spot:
    if service is None:
        return _NOWHERE
    condition = service.condition
    lost = service.unsettled
    unknown, tries = ("", 0) if lost is None else (lost.kind, lost.tries)
    return _made(condition, service.behaviour, service.leftover and condition.word == "dead", unknown, tries)


@lru_cache(maxsize=1024)
def _made(condition: Condition, behaviour: Behaviour, left: bool, unknown: str, tries: int) -> Spot:
    return Spot(condition, behaviour, left, unknown, tries)


def _paces(operation: Operation, *, moves: bool) -> tuple[Pace, ...]:
    """What moves nothing is worth a look; only what the manager is asked for can be looked at past it, or not at all."""
    if not moves:
        return (Pace.CALM,)
    return tuple(Pace) if operation.manager else (Pace.CALM, Pace.HURRIED)
