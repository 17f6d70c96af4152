"""How a step was judged."""

from enum import Enum

from attrs import field, frozen

from churn.lifecycle.condition import Condition
from churn.lifecycle.invariants import Doubt, Objection
from churn.lifecycle.observation import Observation
from churn.lifecycle.outcome import Outcome
from churn.lifecycle.state import State


class Verdict(Enum):
    """The verdict on a step."""

    PASS = "pass"  # noqa: S105 -- a verdict, no password
    FAIL = "fail"
    """Something was objected to, and it was news."""
    UNKNOWN = "unknown"
    """It could not be told whether all is well."""
    UNSEEN = "unseen"
    """It was hurried past: nobody looked."""
    KNOWN = "known"
    """Something was objected to, but only because of known bugs."""


@frozen(eq=False, kw_only=True)
class Judgement:
    """What one look came to. `kept` are the possible states to which nothing is objected, with ports and ids filled in.

    If none was kept, `objections` are those to `nearest`, the possible state that fits best; `equal` fit no worse. `settled` says
    how many seconds the system needed until one was kept, `looks` how many looks that took.
    """

    kept: tuple[State, ...]
    objections: tuple[Objection, ...]
    doubts: tuple[Doubt, ...]
    nearest: State
    equal: tuple[State, ...] = ()
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
