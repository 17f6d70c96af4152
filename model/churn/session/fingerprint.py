"""Fingerprints: what a failure looks like, so that it is known again whatever ids, ports and names it has.

The rules here decide by fingerprints alone which failures may be one bug. They go by the traits of invariants (`Trait`), not by
their names. Each rule has an example: planted defects, which `churn explain` explains.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from churn.lifecycle.condition import Condition
from churn.lifecycle.invariants import Objection, Trait, has
from churn.lifecycle.operations import KINDS, Operation
from churn.session.verdict import Signature


@frozen
class Fingerprint:
    """What a bug looks like: its signature, and its objection in words that hold no name, id or number."""

    signature: Signature
    expected: str
    seen: str

    def has(self, trait: Trait) -> bool:
        """Whether the invariant that objected has the trait."""
        return has(self.signature.invariant, trait)

    @property
    def ends_servers(self) -> bool:
        """Whether it was noticed after an operation that ends a server past its manager."""
        kind = KINDS.get(self.signature.operation)
        return kind is not None and kind.ends_servers

    def resembles(self, other: "Fingerprint", *, late: bool = False) -> bool:
        """Whether both may be one bug.

        `late`: this one may have been there unseen for some steps, so the operation after which it was noticed says nothing.
        """
        mine, its = self.signature, other.signature
        if mine == its:
            return True
        if mine.invariant != its.invariant:
            return False
        # The same operation fails under different faults. `failed-start-leaves`: a start leaves its container, whether it failed
        # because the server hangs (`created!`) or because the port is held (`created+held`).
        if mine.operation == its.operation and mine.condition.faulted and its.condition.faulted:
            return True
        # The step says nothing about the cause. `leaves-process`: the same process is seen after the failed start, or later.
        if (self.has(Trait.BELATED) or self.has(Trait.ELSEWHERE)) and self.seen == other.seen:
            return True
        # The list says the same wrong word. `list-is-stale`: it says 'running' of a service that crashed, or was killed, or
        # hangs.
        if self.has(Trait.WORDING) and self.seen == other.seen and self.seen.startswith("'"):
            return True
        # The same was expected and seen. `leaves-container`: the container is there after the stop that left it or, if
        # nobody looked then (`late`), after the next operation. `restart-policy`: it runs again after `crash`, or after
        # `set-behaviour a crash`.
        alike = late or mine.operation == its.operation or (self.ends_servers and other.ends_servers)
        return alike and (self.expected, self.seen) == (other.expected, other.seen)

    def may_cause(self, other: "Fingerprint", operations: Sequence[Operation]) -> bool:
        """Whether a failure that looks like `other`, and is the last of these operations, may be a consequence of this bug."""
        # `revived-later` only lets a container run again: it is not why there is one more volume (`leaks-volume`).
        if self.has(Trait.BY_ITSELF) and other.has(Trait.PILING):
            return False
        # `restart-policy` starts only crashed containers again: without a crash it is not why a container is left
        # (`leaves-container`).
        revives = self.has(Trait.REVIVING) and not other.has(Trait.REVIVING)
        if revives and not any(one.crashes(operations[-1].service) for one in operations):
            return False
        # `list-omits` tells something wrong, but that is not why a container is left (`leaves-container`). A held port is
        # an exception: Churn holds the port that the list tells. If that is another service's (`sorts`), a start that had
        # to fail makes a container.
        held = other.signature.condition.held
        told = self.has(Trait.TOLD) and other.has(Trait.FACT) and not held
        # `leaks-volume` is not why an operation is refused (`fifth-start-fails`).
        return not (self.has(Trait.BELATED) and other.has(Trait.SPOKEN)) and not told

    def must_cause(self, other: "Fingerprint") -> bool:
        """Whether a failure that looks like `other`, and has this bug's steps in it, is surely a consequence of it."""
        # The same invariant objects: `stops-by-label` stops other services, whether the service that is stopped ran or not.
        # What comes by itself may be seen as something that was left: `revived-later` revives a container during a wait
        # (`quiet`), or unseen before the next operation, after which it is one too many (`no-orphans`).
        same = self.signature.invariant == other.signature.invariant
        return same or (self.has(Trait.BY_ITSELF) and other.has(Trait.LEFT_BEHIND))


def fingerprints_of(
    objections: Iterable[Objection], operation: str, condition: Condition, names: Mapping[str, str]
) -> list[tuple[Objection, Fingerprint]]:
    """Each objection with its fingerprint. `names` has the services of the sequence, and what they are really called."""
    return [
        (
            found,
            Fingerprint(
                Signature(found.invariant, operation, condition),
                plain(found.expected, names),
                _seen(found, names),
            ),
        )
        for found in objections
    ]


def _seen(found: Objection, names: Mapping[str, str]) -> str:
    seen = plain(found.seen, names)
    return _STATE.sub("S", seen) if has(found.invariant, Trait.LEFT_BEHIND) else seen


def plain(text: str, names: Mapping[str, str] | None = None) -> str:
    """`text` without ids and numbers, and without the names of services where they are given."""
    for real in sorted((names or {}).values(), key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(real)}\b", "*", text)
    for name in names or ():
        text = re.sub(rf"\b{re.escape(name)}\b", "*", text)
    return _NUMBER.sub("N", _IDENTITY.sub("ID", text))


_STATE = re.compile(r"\b(created|running|paused|restarting|removing|exited|dead)$")
"""The state of a container that was left. It is no part of a fingerprint: with `stop-does-not-wait` it is one or another."""
_IDENTITY, _NUMBER = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b"), re.compile(r"\d+")
