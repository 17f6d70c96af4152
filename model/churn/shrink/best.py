"""The smallest failing sequence so far, and what is known of it."""

from attrs import define, field

from churn.lifecycle.operations import Operation, Pace, Together
from churn.lifecycle.sequence import Naming, Sequence
from churn.session.failing import Failing
from churn.session.run import Record
from churn.session.verdict import Signature
from churn.shrink.rate import Rate


@define(eq=False, kw_only=True)
class Best:
    """The smallest failing sequence so far, what is known of it, and the signatures it had on the way."""

    failing: Failing
    record: Record | None = None
    """Its failing step, with its evidence, of the last run in which it failed."""
    symptoms: set[Signature] = field(factory=set)
    minimal: bool = False
    doubted: bool = False
    """The system was seen to disagree with itself."""
    told: bool = False
    """It was run again as often as it takes to say how sure it is."""
    runs: int = 0
    """All that were made for it so far."""
    failures: int = 1
    """That were seen on the way down to it, the first included."""
    former: set[Sequence] = field(factory=set)
    """What was the best before. It is never taken again, so that two that are alike do not take turns for ever."""
    rate: Rate = field(factory=lambda: Rate(0, 0))
    """Of its runs since it was taken."""

    def take(self, failing: Failing, record: Record | None) -> None:
        """A candidate failed: up to its failing step it is the new best."""
        self.symptoms.add(self.failing.signature)
        self.former.add(self.failing.sequence)
        self.failing, self.record, self.rate = failing, record, Rate(0, 0)
        self.failures += 1

    def become(self, other: "Best") -> None:
        """The other is the same bug, told shorter."""
        self.symptoms |= {self.failing.signature, *other.symptoms}
        self.failing, self.minimal = other.failing, other.minimal
        self.record, self.rate, self.failures = other.record, other.rate, other.failures


def size(failing: Failing) -> tuple[int, int]:
    """Steps, and what the manager is asked for in them; turns of clients count as well."""
    return len(failing.steps), sum(_asked(step.operation) for step in failing.steps)


def _asked(operation: Operation) -> int:
    if isinstance(operation, Together):
        return len(operation.operations) + len(operation.turns)
    return int(operation.manager)


def shape(sequence: Sequence) -> tuple[Operation, ...]:
    """Its operations, whatever their pace."""
    return tuple(step.operation for step in sequence.steps)


def wilder(one: Sequence, other: Sequence) -> bool:
    """Whether `one`, of the same operations, is named like `other` or worse, and each step is done as calmly or less."""
    if one.naming not in (other.naming, *(naming for naming in Naming if other.naming is Naming.PLAIN)):
        return False
    return all(a.pace is b.pace or b.pace is Pace.CALM for a, b in zip(one.steps, other.steps, strict=True))
