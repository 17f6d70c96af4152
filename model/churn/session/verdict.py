"""How a step was judged, and the exception that a violation becomes."""

from enum import Enum

from attrs import frozen

from churn.errors import ChurnError
from churn.lifecycle.invariants import Doubt, Objection
from churn.lifecycle.observation import Observation
from churn.lifecycle.operations import Operation
from churn.lifecycle.outcome import Outcome
from churn.lifecycle.state import State


class Verdict(Enum):
    """Of a step: it passed, something was objected to, it could not be told, it was hurried past, or it met only known bugs."""

    PASS = "pass"  # noqa: S105 -- a verdict, no password
    FAIL = "fail"
    UNKNOWN = "unknown"
    UNSEEN = "unseen"
    KNOWN = "known"


@frozen(eq=False)
class Judgement:
    """What one look came to. `kept` are the possible states that nothing objects to, ports and ids filled in.

    `objections` are those of the nearest possible state, `nearest`, where none was kept; `settled` is how many seconds the
    system needed until one was, `looks` how many looks that took.
    """

    kept: tuple[State, ...]
    objections: tuple[Objection, ...]
    doubts: tuple[Doubt, ...]
    nearest: State
    observation: Observation
    listing: Outcome | None
    settled: float
    looks: int


@frozen
class Signature:
    """What tells one bug from another: no id, port or time."""

    invariant: str
    operation: str
    condition: str

    def __str__(self) -> str:
        return f"{self.invariant} after {self.operation} of a service that is {self.condition}"


class Violation(ChurnError):
    """A step after which no possible state is left. The trace has it already."""

    def __init__(self, operation: Operation, objections: tuple[Objection, ...], signature: Signature) -> None:
        self.operation = operation
        self.objections = objections
        self.signature = signature
        first = objections[0]
        super().__init__(
            f"{first.invariant}: after '{operation}' expected {first.expected}; seen: {first.seen}"
            + (f" (look: {first.look})" if first.look else "")
        )
