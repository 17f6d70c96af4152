"""Judging: the states that are possible after a step, held against what was seen of it."""

from collections.abc import Iterable, Sequence

from attrs import define, frozen

from churn.lifecycle.contract import Contract
from churn.lifecycle.invariants import Case, Doubt, Invariant, Objection, examine
from churn.lifecycle.outcome import Outcome
from churn.lifecycle.state import State
from churn.lifecycle.transitions import Branch
from churn.session.fingerprint import Fingerprint, fingerprints_of
from churn.session.known import Adopted, Known
from churn.session.observer import Look
from churn.session.run import Record, Run


@frozen(kw_only=True)
class Pending:
    """The last step, while nobody has looked at what it did."""

    record: Record
    branches: tuple[Branch, ...]
    acted: frozenset[str]
    waited: bool
    late: bool
    """Whether the manager was not asked after a step before it: what is seen now may have been there then."""
    fits: bool = True
    """Whether the operation ended in a way that the model allows."""

    @property
    def outcome(self) -> Outcome:
        """How the step's operation ended."""
        assert self.record.outcome is not None, "only a step that ended is looked at"  # noqa: S101 -- Session.step sets it
        return self.record.outcome


@frozen
class Nearest:
    """The possible state that fits what was seen best, and what is objected to even so."""

    objections: tuple[Objection, ...]
    doubts: tuple[Doubt, ...]
    state: State


@define(eq=False)
class Judge:
    """Judges the steps of one sequence. `contract` is the manager's, and what known bugs broke of it in this sequence."""

    run: Run
    contract: Contract
    invariants: tuple[Invariant, ...]
    known: Known
    adopted: Adopted

    def judge(self, pending: Pending, bound: tuple[State, ...], look: Look) -> tuple[tuple[State, ...], Nearest]:
        """The states that nothing objects to, and the nearest one. `bound` are the branches' states, filled in by the look."""
        kept: list[State] = []
        nearest: Nearest | None = None
        for branch, state in zip(pending.branches, bound, strict=True):
            found, doubts = examine(self.case(pending, branch, state, look), self.invariants)
            objections = [one for one in found if not self.adopted.tolerates(one)]
            if not objections:
                kept.append(state)
            if nearest is None or self._rank(pending, objections) < self._rank(pending, nearest.objections):
                nearest = Nearest(tuple(objections), tuple(doubts), state)
        assert nearest is not None, "follow() gives at least one branch"  # noqa: S101 -- a promise of the model plane
        return tuple(kept), nearest

    def case(self, pending: Pending, branch: Branch, state: State, look: Look) -> Case:
        """One possible state held against what was seen."""
        return Case(
            operation=pending.record.step.operation,
            outcome=pending.outcome,
            must=branch.must,
            expected=branch.state,
            state=state,
            observation=look.observation,
            contract=self.contract,
            acted=pending.acted,
            waited=pending.waited,
            listing=look.listing,
        )

    def _rank(self, pending: Pending, objections: Sequence[Objection]) -> tuple[int, int, int]:
        """How near a state is: few objections that are news, few at all, none of a high rank."""
        order = [invariant.name for invariant in self.invariants]
        places = [order.index(found.invariant) for found in objections]
        known = len(self.recognised(pending, objections)) if self.known.bugs else 0
        return len(places) - known, len(places), min(places, default=0)

    def recognised(self, pending: Pending, objections: Iterable[Objection]) -> dict[Objection, Fingerprint]:
        """Those of the objections that known bugs are known by, and which bug that is."""
        told = self.fingerprints(pending.record, objections)
        matches = ((found, self.known.match(one, late=pending.late)) for found, one in told)
        return {found: match for found, match in matches if match is not None}

    def fingerprints(self, record: Record, objections: Iterable[Objection]) -> list[tuple[Objection, Fingerprint]]:
        """Each objection to a step of this sequence with its fingerprint."""
        return fingerprints_of(objections, record.step.operation.kind, record.condition, self.run.real_names)
