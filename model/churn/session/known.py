"""Bugs that are known already, and what they left in this sequence.

Without this, a bug that shows at every start would hide all others. A step that fails with a known fingerprint is no news; the
run goes on behind it, if what the bug left can be put right.
"""

from collections.abc import Iterable

from attrs import define, field, frozen

from churn.errors import ChurnError
from churn.lifecycle.invariants import Objection, Trait, has
from churn.lifecycle.operations import Operation
from churn.session.fingerprint import Fingerprint, plain


class NothingNew(ChurnError):
    """A step failed only because of bugs that are known, or of what they left, and the run cannot go on behind them."""


@frozen
class Behind:
    """What was known when something was found, by fingerprints. The fields are those of `Known`."""

    bugs: tuple[Fingerprint, ...] = ()
    companions: tuple[Fingerprint, ...] = ()
    consequences: tuple[Fingerprint, ...] = ()


@define
class Known:
    """The bugs known so far, by their fingerprints."""

    bugs: dict[Fingerprint, None] = field(factory=dict)
    companions: list[Fingerprint] = field(factory=list)
    """What else was objected to at the steps at which these bugs were found. Met again, it is probably no bug of its own."""
    consequences: dict[Fingerprint, None] = field(factory=dict)
    """Failures that turned out to be consequences of these bugs. Only what looks exactly like one is taken for one."""

    @classmethod
    def of(cls, behind: Behind) -> "Known":
        """The bugs that were known then, to be known in another session."""
        return cls(dict.fromkeys(behind.bugs), list(behind.companions), dict.fromkeys(behind.consequences))

    @property
    def behind(self) -> Behind:
        """What is known by now, without the consequences."""
        return Behind(tuple(self.bugs), tuple(self.companions))

    def add(self, fingerprint: Fingerprint) -> None:
        """A bug that looks like this is known from now on."""
        self.bugs[fingerprint] = None

    def comes_along(self, fingerprint: Fingerprint) -> bool:
        """Whether something like this was seen together with a known bug."""
        return any(fingerprint.resembles(one, late=True) for one in self.companions)

    def match(self, fingerprint: Fingerprint, *, late: bool = False) -> Fingerprint | None:
        """The known bug, or known consequence, that this looks like; None if it is news. `late` as in `Fingerprint.resembles`."""
        if fingerprint in self.consequences:
            return fingerprint
        return next((known for known in self.bugs if fingerprint.resembles(known, late=late)), None)


@define(kw_only=True)
class Adopted:
    """What known bugs left in this sequence, and could not be cleared away.

    It decides two things about a new objection. `tolerates`: is it only about what was left, so that it is passed over?
    `counts`: if not, can it be a bug of its own, or might it be a consequence of what was left?
    """

    met: dict[Fingerprint, None] = field(factory=dict)
    """The known bugs that were met."""
    tainted: set[str | None] = field(factory=set)
    """Services with something wrong that stayed. What else goes wrong with them may be its consequence."""
    unlisted: set[str | None] = field(factory=set)
    """Services whose port no list tells: Churn cannot know whether it is the one that is held."""
    crashed: set[str | None] = field(factory=set)
    """Services whose server was made to crash."""
    reviving: bool = False
    """Whether the engine starts crashed containers again, because of a known bug."""
    _tolerated: set[tuple[str, str, str]] = field(factory=set)

    def note(self, operation: Operation) -> None:
        """Note whose server the operation makes crash; it is about to be done."""
        if operation.crashes(operation.service):
            self.crashed.add(operation.service)

    def tolerates(self, found: Objection) -> bool:
        """Whether the judge passes this objection over, as if it had not been made.

        It does if the same was still objected to after everything was put right that could be: it would come at every step now.
        """
        return bool(self._tolerated) and _key(found) in self._tolerated

    def counts(self, found: Objection) -> bool:
        """Whether an objection is taken for news. Otherwise it may be a consequence of what known bugs left, and is no failure.

        It may be one if it concerns a tainted service, unless the invariant is about other services. It may be one if an
        operation on an unlisted service ended otherwise than expected: its port may be held. And it may be one if the engine
        revives crashed containers, and this service's server crashed.
        """
        if found.service is None:
            return True
        tainted = found.service in self.tainted and not has(found.invariant, Trait.OTHERS)
        tainted |= found.service in self.unlisted and has(found.invariant, Trait.SPOKEN)
        return not tainted and not (self.reviving and found.service in self.crashed)

    def keep(self, persisting: Iterable[Objection]) -> None:
        """These objections came again after everything was put right that could be: tolerate them, and taint their services."""
        for found in persisting:
            self._tolerated.add(_key(found))
            if not has(found.invariant, Trait.WORDING):
                self.tainted |= {found.service, *found.others}


def _key(found: Objection) -> tuple[str, str, str]:
    return found.invariant, plain(found.expected), plain(found.seen)
