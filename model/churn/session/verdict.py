"""How a step was judged."""

from enum import Enum

from attrs import field, frozen

from churn.lifecycle.condition import Condition
from churn.lifecycle.invariants import Doubt, Objection
from churn.lifecycle.observation import Observation
from churn.lifecycle.outcome import Outcome
from churn.lifecycle.state import State


class Verdict(Enum):
    """Of a step: it passed, something was objected to, it could not be told, it was hurried past, or it met only known bugs."""

    PASS = "pass"  # noqa: S105 -- a verdict, no password
    FAIL = "fail"
    UNKNOWN = "unknown"
    UNSEEN = "unseen"
    KNOWN = "known"


@frozen(eq=False, kw_only=True)
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


def _condition(given: Condition | str) -> Condition:
    return Condition.of(given)


@frozen
class Signature:
    """What tells one bug from another: no id, port or time. `condition` is that of the service acted on, before the step."""

    invariant: str
    operation: str
    condition: Condition = field(converter=_condition)

    def __str__(self) -> str:
        return f"{self.invariant} after {self.operation} of a service that is {self.condition}"
