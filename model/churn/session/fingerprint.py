"""Fingerprints: what a failure looks like, to be known again whatever ids, ports and names it has.

What an invariant's objections say, where bugs are told apart, stands with the invariant (`Trait`); it holds for any manager.
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

    def looks_like(self, other: "Fingerprint", *, late: bool = False) -> bool:
        """Whether both say the same of the same operation, or of one and its part, whatever state the service was in.

        `late`: this one may have been there unseen for some steps, so which operation it was noticed after says nothing. Nor does
        it where a manager does not get well after an operation that ended unknown: whatever it is asked for then fails, and what
        that operation has left is left by whatever comes next.
        """
        mine, its = self.signature, other.signature
        if mine.invariant != its.invariant:
            return False
        lasting = self.has(Trait.SPOKEN) or self.has(Trait.LEFT_BEHIND)
        if lasting and mine.condition.word == its.condition.word == _UNSETTLED:
            return self.seen == other.seen
        if not self._says_what(other):
            return False
        late |= self.has(Trait.BELATED)
        alike = _are_one(mine.operation, its.operation)
        return late or alike or (self.ends_servers and other.ends_servers)

    def _says_what(self, other: "Fingerprint") -> bool:
        """Whether the words are the same; how a container was left counts where both tell it."""
        if self.expects != other.expects or self.seen == other.seen:
            return self.expects == other.expects
        told = (_STATE.sub(_ANY_STATE, one.seen) for one in (self, other))
        return any(one.seen.endswith(f" {_ANY_STATE}") for one in (self, other)) and len(set(told)) == 1

    @property
    def expects(self) -> str:
        """What was expected, without the operation, where it begins with that: a restart is to succeed as a start is."""
        rest = self.expected.removeprefix(self.signature.operation)
        return rest if rest == self.expected else _TOLD_OF.sub("", rest)

    def resembles(self, other: "Fingerprint") -> bool:
        """Whether this may be the other in another place or in other words, if what makes the other was done.

        One step under this fault and that may be; what is noticed at many steps may be so at whatever step.
        """
        mine, its = self.signature, other.signature
        if mine.invariant != its.invariant:
            return False
        if mine.operation == its.operation and mine.condition.faulted and its.condition.faulted:
            return True
        quoted = self.has(Trait.WORDING) and self.seen.startswith(
            "'"
        )  # a list that says, say, 'running' of what is not
        return (quoted or self.has(Trait.ELSEWHERE)) and self.seen == other.seen

    def may_cause(self, other: "Fingerprint", operations: Sequence[Operation]) -> bool:
        """Whether a failure that looks like `other`, and ends these operations, may be its consequence.

        What comes by and by makes no operation fail, what a list tells makes no container come or go, and a restart policy
        does nothing to a service whose server does not end by itself.
        """
        if self.has(Trait.BY_ITSELF) and other.has(Trait.PILING):
            return False
        revives = self.has(Trait.REVIVING) and not other.has(Trait.REVIVING)
        if revives and not any(one.crashes(operations[-1].service) for one in operations):
            return False
        held = other.signature.condition.held  # what is held is the port that the list told
        told = self.has(Trait.TOLD) and other.has(Trait.FACT) and not held
        return not (self.has(Trait.BELATED) and other.has(Trait.SPOKEN)) and not told


def _are_one(kind: str, other: str) -> bool:
    """Whether both are the same operation, or one is a part of the other."""
    return kind == other or any(one in KINDS and two in KINDS[one].parts for one, two in ((kind, other), (other, kind)))


def fingerprints_of(
    objections: Iterable[Objection], operation: Operation, condition: Condition, names: Mapping[str, str]
) -> list[tuple[Objection, Fingerprint]]:
    """Each objection with its fingerprint. `names` are the services of the sequence and what they are really called."""
    ran = operation.service if condition.word == _RUNNING else None
    return [
        (
            found,
            Fingerprint(
                Signature(found.invariant, operation.kind, condition),
                plain(found.expected, names),
                _seen(found, names, ran=found.service is not None and found.service == ran),
            ),
        )
        for found in objections
    ]


def _seen(found: Objection, names: Mapping[str, str], *, ran: bool) -> str:
    seen = plain(found.alike or found.seen, names)
    return _STATE.sub(_ANY_STATE, seen) if has(found.invariant, Trait.LEFT_BEHIND) and not ran else seen


def plain(text: str, names: Mapping[str, str] | None = None) -> str:
    """`text` without ids and numbers, and without the names of services where they are given."""
    for real in sorted((names or {}).values(), key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(real)}\b", "*", text)
    for name in names or ():
        text = re.sub(rf"\b{re.escape(name)}\b", "*", text)
    return _NUMBER.sub("N", _IDENTITY.sub("ID", text))


_STATE = re.compile(r"\b(created|running|paused|restarting|removing|exited|dead)$")
"""How a container was when it was left says less than which operation left it, unless the service ran until then."""
_TOLD_OF = re.compile(r"^[^:]*: ")
"""What an operation acts on, and how, before the words for what was expected of it."""
_ANY_STATE, _RUNNING, _UNSETTLED = "S", "running", "unsettled"
_IDENTITY, _NUMBER = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b"), re.compile(r"\d+")
