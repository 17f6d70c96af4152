"""What each kind of operation costs on this system, learned from the run itself: candidates are tried cheapest first."""

from attrs import define, field

from churn.lifecycle.sequence import Sequence
from churn.session.trace import Trace

_UNKNOWN = 1.0
"""Seconds that an operation never done is taken to cost."""


@define
class Costs:
    """Mean seconds of each kind of operation, of the system's clock."""

    _seconds: dict[str, float] = field(init=False, factory=dict)
    _count: dict[str, int] = field(init=False, factory=dict)

    def learn(self, trace: Trace) -> None:
        """Go by what the trace has by now."""
        self._seconds.clear()
        self._count.clear()
        for _, record in trace.records():
            if record.outcome is not None:
                kind = record.step.operation.kind
                self._seconds[kind] = self._seconds.get(kind, 0.0) + record.outcome.took
                self._count[kind] = self._count.get(kind, 0) + 1

    def of(self, kind: str) -> float:
        """Seconds that an operation of this kind is expected to take."""
        count = self._count.get(kind, 0)
        return self._seconds[kind] / count if count else _UNKNOWN

    def total(self, sequence: Sequence) -> float:
        """Seconds that a run of the sequence is expected to take, its reset apart."""
        return sum(self.of(step.operation.kind) for step in sequence.steps)
