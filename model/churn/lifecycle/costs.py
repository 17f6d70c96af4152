"""What operations cost on this system, learned as they are done: what promises alike is tried cheapest first.

Told apart are the operation (waits by their length), the state of the service acted on, and how its server behaves: a start
that cannot get healthy takes until the manager gives up.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from attrs import define, field

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Contract
from churn.lifecycle.operations import Operation, Restart, Start, Wait
from churn.lifecycle.outcome import Ok
from churn.lifecycle.sequence import Sequence
from churn.lifecycle.state import CLEAN, State, is_enabled
from churn.lifecycle.transitions import follow

_GUESSED: Mapping[str, float] = {
    "start": 7.0,
    "stop": 3.0,
    "restart": 10.0,
    "remove": 3.0,
    "reset": 5.0,
    "wait short": 5.0,
    "wait long": 60.0,
}
_UNKNOWN = 1.0
"""Seconds that an operation never done is taken to cost, where they are told apart and elsewhere: their proportions matter."""
_NEVER = "never healthy"
_LONG_STARTS: Mapping[str, float] = {_NEVER: 60.0, Behaviour.LATE.value: 40.0}
"""Seconds that starts of such servers are taken to cost at least, until one was done."""
_ABSENT = "absent"
"""The state of a service that is not there: whatever is asked of it, there is little to do."""
_IMAGINED = Ok()


class Sort(NamedTuple):
    """What costs alike. `state` and `behaviour` are the service's before the operation; empty where there is none."""

    kind: str
    state: str = ""
    behaviour: str = ""


NO_SORT, RESET = Sort(""), Sort("reset")


def sort_of(operation: Operation, state: State) -> Sort:
    """What sort of thing the operation is, done in that state."""
    kind = f"wait {operation.length.value}" if isinstance(operation, Wait) else operation.kind
    if operation.service is None:
        return Sort(kind)
    service = state.services.get(operation.service)
    if service is None:
        return Sort(kind, _ABSENT)
    never = service.behaviour in (Behaviour.UNHEALTHY, Behaviour.HANG)
    return Sort(kind, service.condition.word, _NEVER if never else service.behaviour.value)


@define
class Costs:
    """Mean seconds of each sort of operation, of the system's clock."""

    _seconds: dict[Sort, float] = field(init=False, factory=dict)
    _count: dict[Sort, int] = field(init=False, factory=dict)

    def learn(self, sort: Sort, seconds: float) -> None:
        """An operation of this sort took so long."""
        for one in (sort, Sort(sort.kind)):
            self._seconds[one] = self._seconds.get(one, 0.0) + seconds
            self._count[one] = self._count.get(one, 0) + 1

    @property
    def learned(self) -> tuple[tuple[Sort, float, int], ...]:
        """All that was learned: of each sort its seconds in all, and how often it was done."""
        return tuple([(sort, seconds, self._count[sort]) for sort, seconds in self._seconds.items()])

    def assume(self, learned: Iterable[tuple[Sort, float, int]]) -> None:
        """Begin with what was learned elsewhere."""
        for sort, seconds, count in learned:
            self._seconds[sort], self._count[sort] = seconds, count

    def of(self, sort: Sort) -> float:
        """Seconds that an operation of this sort is expected to take."""
        if sort in self._count:
            return self._seconds[sort] / self._count[sort]
        if sort.state == _ABSENT:
            return _UNKNOWN
        kind = Sort(sort.kind)
        guessed = _GUESSED.get(sort.kind, _UNKNOWN)
        usual = self._seconds[kind] / self._count[kind] if kind in self._count else guessed
        least = _LONG_STARTS.get(sort.behaviour, 0.0) if sort.kind in (Start.kind, Restart.kind) else 0.0
        return max(usual, least)

    def total(self, sequence: Sequence, contract: Contract) -> float:
        """Seconds that a run of the sequence is expected to take, its reset included. What is not enabled is not done."""
        state, seconds = CLEAN, self.of(RESET)
        for step in sequence.steps:
            if not is_enabled(state, step.operation):
                continue
            seconds += self.of(sort_of(step.operation, state))
            state = follow(state, step.operation, _IMAGINED, contract)[0].state
        return seconds
