"""A branch: how an operation has to end, and the state then."""

from enum import Enum

from attrs import frozen

from churn.lifecycle.contract import Reply, SecondStart
from churn.lifecycle.outcome import Ok, Outcome, Rejected, Unknown
from churn.lifecycle.state import State


class Must(Enum):
    """How an operation has to end for a branch to be taken."""

    OK = "succeed"
    REJECTED = "be refused"
    ANY = "end in any way"
    OVERDUE = "succeed by now"
    """It should have succeeded, and what it left undone stays so: this is where things go on behind that failure."""
    EXPLAINED = "be as in some order"
    """Of several operations at once: there should have been an order of them that explains how they ended."""
    SOUGHT = "be as in some order, if there is one"
    """Of these, where the search for such an order gave up."""

    def admits(self, outcome: Outcome) -> bool:
        """Whether that outcome is what this demands. An unknown one is never objected to."""
        if self in (Must.ANY, Must.SOUGHT) or isinstance(outcome, Unknown):
            return True
        if self in (Must.OVERDUE, Must.EXPLAINED):
            return False
        return isinstance(outcome, Ok if self is Must.OK else Rejected)


@frozen
class Branch:
    """One thing that may follow an operation: how it must have ended, and the state then."""

    must: Must
    state: State
    told: str = ""
    """Of several operations at once: how far the longest order goes, where none explains all."""


def by_contract(reply: Reply | SecondStart, *states: State) -> tuple[Branch, ...]:
    """What follows where an operation changes nothing, or only that, and the contract says how it ends."""
    ends = {"refused": [Must.REJECTED], "ignored": [Must.OK], "either": [Must.OK, Must.REJECTED]}[reply.value]
    return tuple(Branch(must, state) for must in ends for state in states)
