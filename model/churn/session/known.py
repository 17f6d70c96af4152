"""Bugs that are known already, and what they left in this sequence.

Without this a bug that shows at every start hides all others. A failing step that has a known fingerprint is no news, and the
run goes on behind it if what it left can be put right.
"""

from collections.abc import Callable, Iterable
from itertools import chain, zip_longest

from attrs import define, field, frozen

from churn.errors import ChurnError
from churn.lifecycle.invariants import Objection, Trait, has
from churn.lifecycle.operations import Operation
from churn.session.done import Done
from churn.session.fingerprint import Fingerprint, plain


class NothingNew(ChurnError):
    """A step failed by nothing but bugs that are known, or by what they left, and the run cannot go on behind them."""


@frozen
class Behind:
    """What was known when something was found: bugs, what comes along with them, and consequences met; by fingerprints."""

    bugs: tuple[Fingerprint, ...] = ()
    companions: tuple[Fingerprint, ...] = ()
    consequences: tuple[Fingerprint, ...] = ()
    causes: tuple[Done | None, ...] = ()
    """What makes each of the bugs, in their order; None, or nothing at all, where that is not known."""


@define
class Known:
    """The bugs known so far, by their fingerprints, each with the operations of its smallest sequence."""

    bugs: dict[Fingerprint, Done | None] = field(factory=dict)
    companions: list[Fingerprint] = field(factory=list)
    """What was objected to beside them: it comes with them, and may not be news."""
    consequences: dict[Fingerprint, tuple[Done, ...]] = field(factory=dict)
    """What was found to be a consequence of one of these; only what looks exactly so, behind one of them, is the same."""

    @classmethod
    def of(cls, behind: Behind) -> "Known":
        """The same bugs, known anew."""
        bugs = dict(zip_longest(behind.bugs, behind.causes[: len(behind.bugs)]))
        return cls(bugs, list(behind.companions), dict.fromkeys(behind.consequences, ()))

    @property
    def behind(self) -> Behind:
        """What is known by now, consequences apart."""
        causes = tuple(self.bugs.values()) if any(self.bugs.values()) else ()
        return Behind(tuple(self.bugs), tuple(self.companions), causes=causes)

    def add(self, fingerprint: Fingerprint, cause: Done | None = None) -> None:
        """A bug that looks like this, and comes of that, is known from now on."""
        self.bugs[fingerprint] = cause

    def comes_along(self, fingerprint: Fingerprint) -> bool:
        """Whether this was seen beside a known bug."""
        return any(fingerprint.looks_like(one, late=True) or fingerprint.resembles(one) for one in self.companions)

    def match(self, fingerprint: Fingerprint, done: Callable[[], Done], *, late: bool = False) -> Fingerprint | None:
        """The known bug that this is, None where it is news. `late` as in `Fingerprint.looks_like`.

        What a word to the manager puts right is not met where it was asked, nor what odd names make where they are plain.
        What only resembles a bug is that one where what makes it was `done`. That is asked for where it matters.
        """
        if fingerprint in self.consequences and self._behind_any(self.consequences[fingerprint], done):
            return fingerprint
        alike = (
            known
            for known, cause in self.bugs.items()
            if fingerprint.looks_like(known, late=late)
            and not (cause is not None and cause.special and cause.passes(done()))
        )
        resembling = (
            known
            for known, cause in self.bugs.items()
            if fingerprint.resembles(known) and (cause is None or cause.stands_in(done()))
        )
        return next(chain(alike, resembling), None)

    def _behind_any(self, causes: tuple[Done, ...], done: Callable[[], Done]) -> bool:
        return not causes or any(cause.stands_in(done()) for cause in causes)


@define(kw_only=True)
class Adopted:
    """What known bugs left in this sequence and is not objected to again.

    `tainted` are services with something that could not be put right: what else is wrong with them may be its consequence.
    `unlisted` are services of which no list tells the port, or that were moved from one that is held: it may be that one.
    `crashed` are services whose server ended by itself; `reviving`: the engine starts such containers again.
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
        return not tainted and not (self.reviving and found.service in self.crashed)

    def keep(self, persisting: Iterable[Objection]) -> None:
        """These are still there after all that could be put right was."""
        for found in persisting:
            self._tolerated.add(_key(found))
            if not has(found.invariant, Trait.WORDING):
                self.tainted |= {found.service, *found.others}


def _key(found: Objection) -> tuple[str, str, str]:
    return found.invariant, plain(found.expected), plain(found.seen)
