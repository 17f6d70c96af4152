"""Judging: the states that are possible after a step, held against what was seen of it."""

from collections.abc import Iterable, Sequence

from attrs import define, frozen

from churn.lifecycle.binding import remember
from churn.lifecycle.contract import Contract
from churn.lifecycle.invariants import Case, Doubt, Invariant, Objection, examine
from churn.lifecycle.outcome import Outcome
from churn.lifecycle.state import State, distinct
from churn.lifecycle.transitions import Branch
from churn.session.done import Done
from churn.session.fingerprint import Fingerprint, fingerprints_of
from churn.session.known import Adopted, Known
from churn.session.observer import Look
from churn.session.patience import Patience
from churn.session.run import Record, Run
from churn.session.verdict import Judgement


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


def is_blind(states: Iterable[State], contract: Contract) -> bool:
    """Whether a look at the engine alone could not tell whose a container is: by ports only, and one is not known."""
    if contract.labels or contract.name_pattern:
        return False
    return any(
        service.port is None and service.container is not None
        for state in states
        for service in state.services.values()
    )


@define(eq=False)
class Judge:
    """Judges the steps of one sequence. `contract` is the manager's, and what known bugs broke of it in this sequence."""

    run: Run
    contract: Contract
    invariants: tuple[Invariant, ...]
    known: Known
    adopted: Adopted

    def judge(self, pending: Pending, bound: tuple[State, ...], look: Look, patience: Patience) -> Judgement:
        """Which states nothing objects to, and what of the nearest. `bound` are the branches' states, filled in by the look."""
        kept: list[State] = []
        found: list[tuple[list[Objection], list[Doubt], State]] = []
        for branch, state in zip(pending.branches, bound, strict=True):
            objections, doubts = examine(self.case(pending, branch, state, look), self.invariants)
            objections = [one for one in objections if not self.adopted.tolerates(one)]
            if not objections:
                kept.append(remember(state, look.observation))
            found.append((objections, doubts, state))
        objections, doubts, nearest = (
            found[0] if len(found) == 1 else min(found, key=lambda one: self._rank(pending, one[0]))
        )
        return Judgement(
            kept=distinct(kept),
            objections=tuple(objections),
            doubts=tuple(doubts),
            nearest=nearest,
            observation=look.observation,
            listing=look.listing,
            settled=patience.waited,
            looks=patience.looks,
        )

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
        matches = ((found, self.known.match(one, self._done, late=pending.late)) for found, one in told)
        return {found: match for found, match in matches if match is not None}

    def _done(self) -> Done:
        return Done.of(self.run.names, self.run.steps, self.run.naming)

    def fingerprints(self, record: Record, objections: Iterable[Objection]) -> list[tuple[Objection, Fingerprint]]:
        """Each objection to a step of this sequence with its fingerprint."""
        return fingerprints_of(objections, record.step.operation, record.condition, self.run.real_names)
