"""Bugs that are known already, and what they left in this sequence.

Without this a bug that shows at every start hides all others. A failing step that has a known fingerprint is no news, and the
run goes on behind it if what it left can be put right.
"""

from collections.abc import Iterable

from attrs import define, field, frozen

from churn.errors import ChurnError
from churn.lifecycle.invariants import Objection, Trait, has
from churn.lifecycle.operations import Operation
from churn.session.fingerprint import Fingerprint, plain


class NothingNew(ChurnError):
    """A step failed by nothing but bugs that are known, or by what they left, and the run cannot go on behind them."""


@frozen
class Behind:
    """What was known when something was found: bugs, what comes along with them, and consequences met; by fingerprints."""

    bugs: tuple[Fingerprint, ...] = ()
    companions: tuple[Fingerprint, ...] = ()
    consequences: tuple[Fingerprint, ...] = ()


@define
class Known:
    """The bugs known so far, by their fingerprints."""

    bugs: dict[Fingerprint, None] = field(factory=dict)
    companions: list[Fingerprint] = field(factory=list)
    """What was objected to beside them: it comes with them, and may not be news."""
    consequences: dict[Fingerprint, None] = field(factory=dict)
    """What was found to be a consequence of these: only what looks exactly so is taken for the same."""

    @classmethod
    def of(cls, behind: Behind) -> "Known":
        """The same bugs, known anew."""
        return cls(dict.fromkeys(behind.bugs), list(behind.companions), dict.fromkeys(behind.consequences))

    @property
    def behind(self) -> Behind:
        """What is known by now, consequences apart."""
        return Behind(tuple(self.bugs), tuple(self.companions))

    def add(self, fingerprint: Fingerprint) -> None:
        """A bug that looks like this is known from now on."""
        self.bugs[fingerprint] = None

    def comes_along(self, fingerprint: Fingerprint) -> bool:
        """Whether this was seen beside a known bug."""
        return any(fingerprint.resembles(one, late=True) for one in self.companions)

    def match(self, fingerprint: Fingerprint, *, late: bool = False) -> Fingerprint | None:
        """The known bug that this resembles, None where it is news. `late` as in `Fingerprint.resembles`."""
        if fingerprint in self.consequences:
            return fingerprint
        return next((known for known in self.bugs if fingerprint.resembles(known, late=late)), None)


@define(kw_only=True)
class Adopted:
    """What known bugs left in this sequence and is not objected to again.

    `tainted` are services with something that could not be put right: what else is wrong with them may be its consequence.
    `unlisted` are services of which no list tells the port, so that it may be one that is held. `crashed` are services whose
    server ended by itself; `reviving`: the engine starts such containers again.
    """

    met: dict[Fingerprint, None] = field(factory=dict)
    """The known bugs that were met."""
    tainted: set[str | None] = field(factory=set)
    unlisted: set[str | None] = field(factory=set)
    crashed: set[str | None] = field(factory=set)
    reviving: bool = False
    _tolerated: set[tuple[str, str, str]] = field(factory=set)

    def note(self, operation: Operation) -> None:
        """An operation is about to be done."""
        if operation.crashes(operation.service):
            self.crashed.add(operation.service)

    def tolerates(self, found: Objection) -> bool:
        """Whether this was objected to before, and adopted."""
        return bool(self._tolerated) and _key(found) in self._tolerated

    def counts(self, found: Objection) -> bool:
        """Whether an objection may be something else than a consequence of what was adopted."""
        if found.service is None:
            return True
        tainted = found.service in self.tainted and not has(found.invariant, Trait.OTHERS)
        tainted |= found.service in self.unlisted and has(found.invariant, Trait.SPOKEN)
        return not tainted and not (self.reviving and found.service in self.crashed)

    def keep(self, persisting: Iterable[Objection]) -> None:
        """These are still there after all that could be put right was."""
        for found in persisting:
            self._tolerated.add(_key(found))
            if not has(found.invariant, Trait.WORDING):
                self.tainted |= {found.service, *found.others}


def _key(found: Objection) -> tuple[str, str, str]:
    return found.invariant, plain(found.expected), plain(found.seen)
