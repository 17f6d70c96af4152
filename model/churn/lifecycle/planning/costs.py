"""What a step is expected to take: learned from what was done, and guessed until then."""

from collections.abc import Mapping

from attrs import define, field

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.operations import Length, Operation, Pace, SetBehaviour, Wait
from churn.lifecycle.planning.places import Spot

_GUESSED: Mapping[str, float] = {"start": 7.0, "stop": 3.0, "create": 0.5, "list": 0.3, "status": 0.3}
"""Seconds of an operation never done. Their proportions matter, not their size: the first one done corrects them."""
_NEVER_HEALTHY = 60.0
"""Seconds of a start that waits in vain, until one was seen."""
_OTHER = 0.5
_LOOK = 0.4
"""Seconds of a look at everything, until one was seen."""
_LATER = 1.0
"""Seconds added to each step: whatever is found has to be made small, and each step more makes that dearer."""
_IN_VAIN = frozenset({Behaviour.UNHEALTHY, Behaviour.HANG})

Key = tuple[str, object, object]


@define
class Expected:
    """Mean seconds of steps by operation, and by the condition and behaviour of the service acted on."""

    waits: Mapping[Length, float]
    reset: float = 5.0
    """Seconds of a reset."""
    _means: dict[Key, tuple[float, int]] = field(init=False, factory=dict)
    _resets: int = field(init=False, default=0)

    def of(self, operation: Operation, spot: Spot | None, pace: Pace) -> float:
        """Seconds that a step is expected to take, and to cost later."""
        return self._operation(operation, spot) + (0.0 if pace is Pace.HURRIED else _LOOK) + _LATER

    def learn(self, operation: Operation, spot: Spot | None, seconds: float) -> None:
        """It took so long."""
        for key in (_detailed(operation, spot), _plain(operation)):
            mean, count = self._means.get(key, (0.0, 0))
            self._means[key] = mean + (seconds - mean) / (count + 1), count + 1

    def learn_reset(self, seconds: float) -> None:
        """A reset took so long."""
        self._resets += 1
        self.reset += (seconds - self.reset) / self._resets

    def _operation(self, operation: Operation, spot: Spot | None) -> float:
        seen = self._means.get(_detailed(operation, spot))
        if seen is None and not _waits_in_vain(operation, spot):
            seen = self._means.get(_plain(operation))
        return seen[0] if seen is not None else self._guess(operation, spot)

    def _guess(self, operation: Operation, spot: Spot | None) -> float:
        if isinstance(operation, Wait):
            return self.waits[operation.length]
        if _waits_in_vain(operation, spot):
            return _NEVER_HEALTHY
        return _GUESSED.get(operation.kind, _OTHER)


def _waits_in_vain(operation: Operation, spot: Spot | None) -> bool:
    return operation.kind == "start" and spot is not None and spot.behaviour in _IN_VAIN


def _detailed(operation: Operation, spot: Spot | None) -> Key:
    return operation.kind, spot, operation.length if isinstance(operation, Wait) else None


def _plain(operation: Operation) -> Key:
    how = operation.how if isinstance(operation, SetBehaviour) else None
    return operation.kind, how, operation.length if isinstance(operation, Wait) else None
