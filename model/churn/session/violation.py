"""The exception that a session raises when a step fails."""

from churn.errors import ChurnError
from churn.lifecycle.invariants import Objection
from churn.session.failing import Failing
from churn.session.run import Record
from churn.session.verdict import Signature


class Violation(ChurnError, AssertionError):
    """There is an objection to every state that is possible after a step. `failing` is the sequence up to that step.

    For whoever knows nothing of Churn, it is an assertion that failed.
    """

    def __init__(self, record: Record, failing: Failing) -> None:
        self.where = ""
        """The line of a user's own rule that asked for the step: ``file:line``. Empty where there is none."""
        self.record = record
        self.failing = failing
        first = record.objections[0]
        super().__init__(
            f"{first.invariant}: after '{record.step.operation}' expected {first.expected}; seen: {first.seen}"
            + (f" (look: {first.command})" if first.command else "")
        )

    @property
    def objections(self) -> tuple[Objection, ...]:
        """What is objected to."""
        return self.record.objections

    @property
    def signature(self) -> Signature:
        """What tells it from other failures."""
        return self.failing.signature
