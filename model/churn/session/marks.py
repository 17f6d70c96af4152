"""Marks: what a failure looks like, to be known again whatever ids, ports and names it has.

What is said here of single invariants is what they mean for telling bugs apart; it holds for any manager.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from churn.lifecycle.invariants import Objection
from churn.lifecycle.operations import Behave, Behaviour, Crash, Operation
from churn.lifecycle.sequence import Naming
from churn.session.verdict import Signature

_BELATED = frozenset({"no-leaks", "no-processes", "quiet"})
"""Invariants that notice at whatever step comes next: which one it was says nothing about the cause."""
_ANYWHERE = _BELATED | {"stable-port"}
"""Those and that of ports, which are chosen at one step and seen at many."""
CONTAINERS = frozenset({"undisturbed", "no-restart-policy"})
"""Invariants about others' containers and how they are made: a port that is not as it should be changes neither."""
_TOLD = frozenset({"status", "stable-port"})
_FACTS = CONTAINERS | {"no-orphans", "fresh-container", "no-leaks", "no-processes"}
_PILING = frozenset({"no-leaks", "no-processes", "no-restart-policy"})
"""Invariants that a container which only runs again does not break."""
REVIVING = "no-restart-policy"
"""The invariant about what the engine does by itself."""
_STRIKES = frozenset({"behave", "crash", "kill", "remove"})
"""Operations that end a server past its manager: what a manager makes of that is one and the same."""
SPOKEN = frozenset({"accepted", "in-time"})
"""Invariants about how an operation ended."""
WORDS = "status"
"""The invariant about a list's words: a list that is not true harms nothing, so what comes behind it is no consequence."""


@frozen
class Mark:
    """What a bug looks like: its signature, and its objection in words that hold no name, id or number."""

    signature: Signature
    expected: str
    seen: str

    @property
    def faulted(self) -> bool:
        """Whether the service acted on was under a fault."""
        return "!" in self.signature.condition or "+" in self.signature.condition

    @property
    def comes_late(self) -> bool:
        """Whether the bug shows only some time after what caused it."""
        return self.signature.invariant == "quiet"

    def resembles(self, other: "Mark", *, late: bool = False) -> bool:
        """Whether both may be one bug: alike signatures, alike words, or one step under this fault and that.

        `late`: this one may have been there unseen for some steps, so which operation it was noticed after says nothing.
        """
        mine, its = self.signature, other.signature
        if mine == its:
            return True
        if mine.invariant != its.invariant:
            return False
        if mine.operation == its.operation and self.faulted and other.faulted:
            return True
        if mine.invariant in _ANYWHERE and self.seen == other.seen:
            return True
        if mine.invariant == WORDS and self.seen == other.seen and self.seen.startswith("'"):
            return True  # a list that says, say, 'running' of what is not
        alike = late or mine.operation == its.operation or {mine.operation, its.operation} <= _STRIKES
        return alike and (self.expected, self.seen) == (other.expected, other.seen)

    def may_cause(self, other: "Mark", operations: Sequence[Operation]) -> bool:
        """Whether a failure that looks like `other`, and ends these operations, may be its consequence.

        What comes by and by makes no operation fail, what a list tells makes no container come or go, and a restart policy
        does nothing to a service whose server does not end by itself.
        """
        mine, its = self.signature.invariant, other.signature.invariant
        if mine == "quiet" and its in _PILING:
            return False
        if mine == REVIVING and mine != its and not any(ends_itself(one, operations[-1].service) for one in operations):
            return False
        held = "+" in other.signature.condition  # what is held is the port that the list told
        return not (mine in _BELATED and its in SPOKEN) and not (mine in _TOLD and its in _FACTS and not held)

    @property
    def misleads(self) -> bool:
        """Whether it gives the model a wrong port to go by."""
        return self.signature.invariant == "stable-port"

    def must_cause(self, other: "Mark") -> bool:
        """Whether a failure that looks like `other`, and has the bug's steps in it, is its consequence for sure."""
        one, two = self.signature.invariant, other.signature.invariant
        return one == two or (one == "quiet" and two == "no-orphans")


def ends_itself(operation: Operation, service: str | None) -> bool:
    """Whether it makes that service's server end by itself; None stands for any service."""
    crash = isinstance(operation, Crash) or operation == Behave(operation.service or "", Behaviour.CRASH)
    return crash and service in (None, operation.service)


def marks_of(
    objections: Iterable[Objection], operation: str, condition: str, names: Mapping[str, str]
) -> list[tuple[Objection, Mark]]:
    """Each objection with its mark. `names` are the services of the sequence and what they are really called."""
    return [
        (
            found,
            Mark(
                Signature(found.invariant, operation, condition),
                plain(found.expected, names),
                _STATE.sub("S", plain(found.seen, names))
                if found.invariant == "no-orphans"
                else plain(found.seen, names),
            ),
        )
        for found in objections
    ]


def plain(text: str, names: Mapping[str, str] | None = None) -> str:
    """`text` without ids and numbers, and without the names of services where they are given."""
    for real in sorted((names or {}).values(), key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(real)}\b", "*", text)
    for name in names or ():
        text = re.sub(rf"\b{re.escape(name)}\b", "*", text)
    return _NUMBER.sub("N", _IDENTITY.sub("ID", text))


def naming(names: Iterable[str], scheme: Naming) -> dict[str, str]:
    """The services of a sequence, and what they are really called."""
    return {name: scheme.real(name) for name in names}


_STATE = re.compile(r"\b(created|running|paused|restarting|removing|exited|dead)$")
"""How a container was when it was left says less than which operation left it."""
_IDENTITY, _NUMBER = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b"), re.compile(r"\d+")
