"""What each kind of operation costs on this system, learned while it is done.

Shrinking goes by it: of sequences that promise equally much, it tries the cheapest first.
"""

from attrs import define, field

from churn.lifecycle.sequence import Sequence

_UNKNOWN = 1.0
"""Seconds that an operation never done is taken to cost."""


@define
class Costs:
    """Mean seconds of each kind of operation, of the system's clock."""

    _seconds: dict[str, float] = field(init=False, factory=dict)
    _count: dict[str, int] = field(init=False, factory=dict)

    def learn(self, kind: str, seconds: float) -> None:
        """An operation of this kind took so long."""
        self._seconds[kind] = self._seconds.get(kind, 0.0) + seconds
        self._count[kind] = self._count.get(kind, 0) + 1

    def of(self, kind: str) -> float:
        """Seconds that an operation of this kind is expected to take."""
        count = self._count.get(kind, 0)
        return self._seconds[kind] / count if count else _UNKNOWN

    def total(self, sequence: Sequence) -> float:
        """Seconds that a run of the sequence is expected to take, its reset apart."""
        return sum(self.of(step.operation.kind) for step in sequence.steps)
