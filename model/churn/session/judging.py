"""Judging: each state that is possible after a step is compared with what was seen."""

from collections.abc import Iterable, Sequence

from attrs import define, frozen

from churn.lifecycle.binding import remember
from churn.lifecycle.contract import Bounds, Contract
from churn.lifecycle.durations import Slow
from churn.lifecycle.invariants import Case, Doubt, Invariant, Objection, examine
from churn.lifecycle.outcome import Outcome, Overlapped, Unknown
from churn.lifecycle.state import State, distinct
from churn.lifecycle.transitions import Branch, Must
from churn.session.done import Done
from churn.session.fingerprint import Fingerprint, fingerprints_of
from churn.session.known import Adopted, Known
from churn.session.observer import Look
from churn.session.patience import Patience
from churn.session.run import Record, Run
from churn.session.verdict import Judgement


@frozen(kw_only=True)
class Pending:
    """The last step, until somebody has looked at what it did. Steps before it may have been hurried past."""

    record: Record
    branches: tuple[Branch, ...]
    """What may have followed; each branch is judged."""
    others: tuple[Branch, ...] = ()
    """What follows where the operation had to end otherwise; none where it should not have ended so in any state."""
    acted: frozenset[str]
    """The services on which this step, or one hurried past just before it, acted.

    If another service moves, nobody asked for that (`undisturbed`, `quiet`).
    """
    waited: bool
    """Whether this step, and those hurried past just before it, were all waits. If so, nothing at all may move (`quiet`)."""
    late: bool
    """Whether nobody asked the manager after the step before.

    What it shows now may have been so already then, so a known bug is known again even though it showed after another operation.
    """
    fits: bool = True
    """Whether the operation ended in a way that the model allows. If not, the step is looked at, even if it is a hurried one."""
    slow: Slow | None = None
    """How slow the operation was beside the same one elsewhere, None where it was not."""

    @property
    def outcome(self) -> Outcome:
        """How the step's operation ended."""
        assert self.record.outcome is not None, "only a step that ended is looked at"  # noqa: S101 -- Session.step sets it
        return self.record.outcome

    def may_be_passed(self, bounds: Bounds) -> bool:
        """Whether it may be hurried past: what was not expected, took too long, or ended unknown, is looked at and told."""
        step, outcome = self.record.step, self.outcome
        if not step.hurried or not self.fits or isinstance(outcome, Unknown | Overlapped):
            return False
        bound = bounds.of(step.operation.kind)
        return bound is None or outcome.took <= bound


def is_blind(states: Iterable[State], contract: Contract) -> bool:
    """Whether a look at the engine alone could not tell whose a container is. Then the manager is asked, whatever the pace.

    This is so if containers can be told only by their ports, and the port of one is not known.
    """
    if contract.labels or contract.name_pattern:
        return False
    return any(
        service.port is None and service.container is not None
        for state in states
        for service in state.services.values()
    )


_Judged = tuple[list[Objection], list[Doubt], State, Must]
"""A possible state, how it has come to be one, and what is objected to it, or doubted of it."""


@define(eq=False)
class Judge:
    """Judges the steps of one sequence. `contract` is the manager's, loosened where known bugs broke it in this sequence."""

    run: Run
    contract: Contract
    invariants: tuple[Invariant, ...]
    known: Known
    adopted: Adopted

    def judge(self, pending: Pending, bound: tuple[State, ...], look: Look, patience: Patience) -> Judgement:
        """Which states nothing objects to, and what is objected to the one that fits best.

        `bound` are the branches' states, with the ports and container ids that the look has shown.
        """
        kept: list[State] = []
        found: list[_Judged] = []
        for branch, state in zip(pending.branches, bound, strict=True):
            objections, doubts = examine(self.case(pending, branch, state, look), self.invariants)
            objections = [one for one in objections if not self.adopted.tolerates(one)]
            if not objections:
                kept.append(remember(state, look.observation))
            found.append((objections, doubts, state, branch.must))
        (objections, doubts, nearest, _), *equal = self._nearest(pending, found)
        return Judgement(
            kept=distinct(kept),
            objections=tuple(objections),
            doubts=tuple(doubts),
            nearest=nearest,
            equal=tuple([state for _, _, state, _ in equal]),
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
            told=branch.told,
            listing=look.listing,
            slow=pending.slow,
        )

    def _nearest(self, pending: Pending, found: list[_Judged]) -> list[_Judged]:
        """Those that fit best, all as well as the first of them."""
        if len(found) == 1:
            return found
        ranks = [self._rank(pending, objections, must) for objections, _, _, must in found]
        return [one for one, rank in zip(found, ranks, strict=True) if rank == min(ranks)]

    def _rank(self, pending: Pending, objections: Sequence[Objection], must: Must) -> tuple[int, bool, int, int]:
        """How badly a state fits: by how many objections are news, by how many there are, by how high the first one ranks.

        Where what should have succeeded by now was refused, the state in which it still is what it was fits better.
        """
        order = [invariant.name for invariant in self.invariants]
        places = [order.index(found.invariant) for found in objections]
        known = len(self.recognised(pending, objections)) if self.known.bugs else 0
        return len(places) - known, must is not Must.OVERDUE, len(places), min(places, default=0)

    def recognised(self, pending: Pending, objections: Iterable[Objection]) -> dict[Objection, Fingerprint]:
        """Those of the objections that are known already, each with the known bug that it looks like."""
        told = self.fingerprints(pending.record, objections)
        matches = ((found, self.known.match(one, self._done, late=pending.late)) for found, one in told)
        return {found: match for found, match in matches if match is not None}

    def knows_all(self, pending: Pending, objections: Sequence[Objection]) -> bool:
        """Whether there are objections, to what known bugs do and to what comes along with that, and no others."""
        known = self.recognised(pending, objections) if self.known.bugs else {}
        told = self.fingerprints(pending.record, objections) if known else []
        return bool(known) and all(found in known or self.known.comes_along(one) for found, one in told)

    def _done(self) -> Done:
        return Done.of(self.run.names, self.run.steps, self.run.naming)

    def fingerprints(self, record: Record, objections: Iterable[Objection]) -> list[tuple[Objection, Fingerprint]]:
        """Each objection to a step of this sequence with its fingerprint."""
        return fingerprints_of(objections, record.step.operation, record.condition, self.run.real_names)
