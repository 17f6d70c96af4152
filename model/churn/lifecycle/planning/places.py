"""Places: a state as far as planning tells states apart, and what can be done there. Found as they are asked for."""

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
    """One service at a place: its condition, how its server behaves, and whether a dead one's container may be there still."""

    condition: Condition
    behaviour: Behaviour = Behaviour.HEALTHY
    left: bool = False

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


class Ahead(NamedTuple):
    """An operation that can be done at a place: where it leads, what sort it is by its cost, and at which paces it is done."""

    there: Place
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
            known = [name for name, spot in zip(self.names, here, strict=True) if spot.there]
            used = {*known, *[name for name in self.names if name not in known][:1]}
            possible = enabled(self._states[here], self.names, self.contract, faults=self.faults)
            found = tuple([one for one in possible if one.service is None or one.service in used])
            self._choices[here] = found
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
        return Ahead(there, self.sort(here, operation), steps)

    def spot(self, here: Place, service: str | None) -> Spot | None:
        """The spot of that service, None for no service."""
        return here[self.names.index(service)] if service is not None else None


def _spot(service: Service | None) -> Spot:
    if service is None:
        return _NOWHERE
    condition = service.condition
    return _made(condition, service.behaviour, service.leftover and condition.word == "dead")


@lru_cache(maxsize=1024)
def _made(condition: Condition, behaviour: Behaviour, left: bool) -> Spot:
    return Spot(condition, behaviour, left)


def _paces(operation: Operation, *, moves: bool) -> tuple[Pace, ...]:
    """What moves nothing is worth a look; only what the manager is asked for can be looked at past it, or not at all."""
    if not moves:
        return (Pace.CALM,)
    return tuple(Pace) if operation.manager else (Pace.CALM, Pace.HURRIED)
