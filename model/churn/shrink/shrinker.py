"""The shrinker: makes a failing sequence as small as it gets, in as few runs of the system as it can.

Greedy: the first candidate that fails alike becomes the new best, and candidates begin anew from it. Nothing is run twice
but to confirm, as long as the system agrees with itself; once it does not, the failure is flaky and has a rate. The best so
far is always kept, whatever ends the shrinking, and an unfinished bug can be gone on with.
"""

from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy

from attrs import define, evolve, field

from churn.errors import BudgetSpent
from churn.lifecycle.operations import Operation
from churn.lifecycle.sequence import Sequence
from churn.session.failing import Failing, Result
from churn.session.known import Known
from churn.session.memo import Memo
from churn.session.run import Record
from churn.session.session import Session
from churn.session.verdict import Signature
from churn.shrink.best import Best, shape, size, wilder
from churn.shrink.bug import Bug
from churn.shrink.candidates import STAGES, planned
from churn.shrink.cases import alike, contains, is_part_of
from churn.shrink.evidence import repeats
from churn.shrink.foresight import Candidate, Foresight, plainly_done
from churn.shrink.purse import Purse
from churn.shrink.rate import Rate, tries

PART = "shrinking"
_RUNS = 43
"""Runs that one failure may cost, those that confirm it apart; a flaky one three times as many."""
_FLAKY = 3
_FIRST_RUNS, _LAST_RUNS = 5, 10
"""Runs from which the rate of a flaky failure is guessed, before it is shrunk on, and told, at the end."""


class _Contradiction(Exception):
    """A run ended otherwise than what is known of the system says."""


@define(eq=False, kw_only=True)
class Work:
    """What is known while one failure is shrunk; kept with a bug that is unfinished."""

    best: Best
    memo: Memo
    known: Known
    """What was known when it was found."""
    first: Failing
    """As it was found."""
    met: dict[Signature, Failing] = field(factory=dict)
    """Failures of other signatures, the shortest of each."""
    passed: dict[tuple[Operation, ...], list[Sequence]] = field(factory=dict)
    """Candidates that did not fail alike, by their operations."""
    plain_passes: bool = False
    """Whether what failed was seen to pass plainly done."""

    def copy(self) -> "Work":
        """As it is by now, to be gone on with."""
        return evolve(
            self,
            best=evolve(self.best, symptoms=set(self.best.symptoms), former=set(self.best.former)),
            memo=self.memo.copy(),
            known=deepcopy(self.known),
            met=dict(self.met),
            passed={operations: list(sequences) for operations, sequences in self.passed.items()},
        )


@define(eq=False, kw_only=True)
class Shrinker:
    """Shrinks failures in one session, and remembers for all of them what was run.

    Each failure may cost `most_runs`, and `most_seconds` of the system's clock (None: as long as it takes), unless a call
    says otherwise.
    """

    session: Session
    most_runs: int = _RUNS
    most_seconds: float | None = None
    memo: Memo = field(factory=Memo)
    others: dict[Signature, Failing] = field(factory=dict)
    """Failures of another signature that were met on the way and are no case of what was shrunk, the shortest of each."""
    runs: int = 0
    _foresight: Foresight = field(init=False)
    _purse: Purse = field(init=False)
    _last: Record | None = field(init=False, default=None)
    _skipped: bool = field(init=False, default=False)
    """Whether some candidate could not be paid."""

    def __attrs_post_init__(self) -> None:
        self._foresight = Foresight(self.session.contract)

    def shrink(self, failing: Failing, *, runs: int | None = None, seconds: float | None = None) -> Bug:
        """The smallest sequence found that fails alike, or that the failure is a case of. Raises `EnvironmentFault`."""
        work = Work(best=self._begin(failing), memo=self.memo, known=deepcopy(self.session.known), first=failing)
        return self._go_on(work, runs, seconds)

    def resume(self, bug: Bug, *, runs: int | None = None, seconds: float | None = None) -> Bug:
        """Go on with an unfinished bug, under what was known when it was found. Raises `EnvironmentFault`."""
        if not isinstance(bug.work, Work):
            return bug
        work, memo, known = bug.work.copy(), self.memo, self.session.known
        self.memo, self.session.known = work.memo, work.known
        try:
            told = self._go_on(work, runs, seconds)
        finally:
            self.memo, self.session.known = memo, known
        return evolve(told, symptoms=told.symptoms | (bug.symptoms - {told.signature}), behind=bug.behind)

    def again(self, failing: Failing) -> Result:
        """How a failing sequence ends now: it is run again, unless that is known."""
        result = self.memo.recall(failing.names, failing.sequence)
        if result is None:
            result = self._run(failing.names, failing.sequence)
            self.memo.keep(failing.names, failing.sequence, result)
        return result

    def _go_on(self, work: Work, runs: int | None, seconds: float | None) -> Bug:
        self._open_purse(runs, seconds)
        best, began = work.best, self.runs
        try:
            with suppress(BudgetSpent):
                self._settle(work)
        finally:
            best.runs += self.runs - began
        self._leave(work)
        return _told(work)

    def _open_purse(self, runs: int | None, seconds: float | None) -> None:
        self._foresight.costs = deepcopy(self.session.costs)  # the order of candidates does not change on the way
        seconds = self.most_seconds if seconds is None else seconds
        self._purse = Purse(
            session=self.session,
            foresight=self._foresight,
            runs=self.runs + (self.most_runs if runs is None else runs),
            seconds=None if seconds is None else self.session.system.clock.now() + seconds,
            most_kept=None if seconds is None else seconds / 2,
        )

    def _settle(self, work: Work) -> None:
        if not work.best.doubted:
            try:
                self._descend(work, 1)
                self._by_other_symptoms(work)
                self._confirm(work.best)
            except _Contradiction:
                work.best.doubted = True
                self.memo.clear()
                work.passed.clear()
                self._purse = evolve(self._purse, runs=self._purse.runs + self.most_runs * (_FLAKY - 1))
        if work.best.doubted:
            self._shrink_flaky(work)

    # -- while the system agrees with itself --------------------------------------------------------------------------

    def _descend(self, work: Work, tries: int) -> None:
        """Make the best smaller as long as something smaller that can be paid fails alike.

        After a success the same kind of candidates goes on, unless it is another step that fails now: then it begins anew.
        When a whole round of all kinds was in vain, nothing is left.
        """
        work.best.minimal, self._skipped = False, False
        stage = in_vain = 0
        while in_vain < STAGES:
            end = work.best.failing.steps[-1].operation
            if any(self._taken(work, candidate, tries) for candidate in self._candidates(work, stage)):
                in_vain, self._skipped = 0, False
                stage = stage if work.best.failing.steps[-1].operation == end else 0
            else:
                in_vain, stage = in_vain + 1, (stage + 1) % STAGES
        work.best.minimal = not self._skipped

    def _candidates(self, work: Work, stage: int) -> Iterator[Candidate]:
        """Those worth a run: what passed in one naming and pace is not tried again in one that is plainer or calmer."""
        self._foresight.plain_passes = work.plain_passes
        for names, sequence in planned(work.best.failing, self._foresight, stage):
            if sequence not in work.best.former and not any(
                wilder(other, sequence) for other in work.passed.get(shape(sequence), ())
            ):
                yield names, sequence

    def _taken(self, work: Work, candidate: Candidate, tries: int) -> bool:
        names, sequence = candidate
        best = work.best
        for _ in range(tries):
            result = self._result_of(best, names, sequence, known=tries == 1)
            if result is None:
                self._skipped = True
                return False
            if result.failing is not None and _smaller(best.failing, result.failing):
                best.take(result.failing, self._record(result.failing))
                plain = plainly_done(best.failing.steps)
                work.plain_passes |= plain in work.passed.get(shape(plain), ())
                return True
            if result.failing is not None:
                _keep_shortest(work.met, result.failing)
        work.passed.setdefault(shape(sequence), []).append(sequence)
        return False

    def _by_other_symptoms(self, work: Work) -> None:
        """Where a simpler failure with another symptom was met, and what it comes to stands in the best: that is the bug."""
        tried: set[Signature] = set()
        while simpler := [
            (size(failing), signature)
            for signature, failing in work.met.items()
            if size(failing) < size(work.best.failing) and signature not in tried
        ]:
            signature = min(simpler, key=lambda found: found[0])[1]
            tried.add(signature)
            lesser = evolve(work, best=self._begin(work.met[signature]), passed={}, plain_passes=False)
            self._descend(lesser, 1)
            small = lesser.best.failing
            if size(small) < size(work.best.failing) and contains(work.best.failing, small):
                work.best.become(lesser.best)

    def _leave(self, work: Work) -> None:
        """What was met and is no case of the bug is another's."""
        best = work.best
        for signature, failing in work.met.items():
            if alike(signature, best.failing.signature) or is_part_of(best.failing, failing.names, failing.steps):
                best.symptoms.add(signature)
            else:
                _keep_shortest(self.others, failing)

    def _confirm(self, best: Best) -> None:
        """Run the best again, as often as it takes. Raises `_Contradiction` where it passes."""
        needed = repeats(best.failing, best.failures, self.session.trace.runs)
        while best.rate.runs < needed:
            if not self._purse.pays(best.failing.sequence):
                return
            if not self._run_of(best):
                raise _Contradiction
        best.told = True

    # -- once it does not ---------------------------------------------------------------------------------------------

    def _shrink_flaky(self, work: Work) -> None:
        """Shrink on, each candidate run as often as the rate asks for, and tell the rate of what that comes to."""
        self._measure(work.best, _FIRST_RUNS)
        self._descend(work, tries(work.best.rate))
        work.best.told = self._measure(work.best, _LAST_RUNS)
        if work.best.told and not work.best.rate.failures and work.best.failing != work.first:
            self._begin_anew(work)

    def _begin_anew(self, work: Work) -> None:
        """What it was shrunk to does not come again. Tell of it as it was found, if at least that does."""
        found = evolve(self._begin(work.first), doubted=True, runs=work.best.runs)
        found.told = self._measure(found, _LAST_RUNS)
        if found.rate.failures:
            work.best.become(found)
            work.best.told = found.told

    def _measure(self, best: Best, runs: int) -> bool:
        """Run it until it was run so often since it was taken; whether that could be paid."""
        while best.rate.runs < runs:
            if not self._purse.pays(best.failing.sequence):
                return False
            self._run_of(best)
        return True

    # -- running ------------------------------------------------------------------------------------------------------

    def _begin(self, failing: Failing) -> Best:
        return Best(failing=failing, record=self._record(failing))

    def _record(self, failing: Failing) -> Record | None:
        """The record of the last run that failed just so."""
        for run in reversed(self.session.trace.runs):
            last = run.last
            if last is not None and last.fingerprint == failing.fingerprint and run.failing == failing:
                return last
        return None

    def _run_of(self, best: Best) -> bool:
        """Run the best again, known or not, and count it; whether it fails alike."""
        result = self._run(best.failing.names, best.failing.sequence)
        failed = result.failing is not None and alike(result.failing.signature, best.failing.signature)
        best.rate = Rate(best.rate.failures + failed, best.rate.runs + 1)
        if failed:
            best.record = self._last
        return failed

    def _result_of(self, best: Best, names: tuple[str, ...], sequence: Sequence, *, known: bool) -> Result | None:
        """What is known of a sequence, else what running it shows; None where that cannot be paid.

        Raises `_Contradiction` where that cannot be.
        """
        result = self.memo.recall(names, sequence) if known else None
        if result is not None:
            return result
        keeping = None if best.rate.runs else best.failing.sequence
        if self.runs >= self._purse.runs or not self._purse.pays(sequence, keeping=keeping):
            return None
        result = self._run(names, sequence)
        if known and self.memo.contradicts(names, sequence, result):
            raise _Contradiction
        if known:
            self.memo.keep(names, sequence, result)
        return result

    def _run(self, names: tuple[str, ...], sequence: Sequence) -> Result:
        self.runs += 1
        run = self.session.attempt(PART, names, sequence)
        self._last = run.last
        return run.result


def _smaller(best: Failing, found: Failing) -> bool:
    """Whether what was found is the same failure, no larger; or one with another symptom that the best is a case of."""
    if alike(found.signature, best.signature):
        return size(found) <= size(best)
    return size(found) < size(best) and contains(best, found, at_the_end=True)


def _keep_shortest(failures: dict[Signature, Failing], failing: Failing) -> None:
    known = failures.get(failing.signature)
    if known is None or len(failing.steps) < len(known.steps):
        failures[failing.signature] = failing


def _told(work: Work) -> Bug:
    best = work.best
    finished = best.minimal and best.told
    return Bug(
        failing=best.failing,
        minimal=best.minimal,
        runs=best.runs,
        rate=best.rate if best.rate.runs else None,
        record=best.record,
        symptoms=frozenset(best.symptoms - {best.failing.signature}),
        doubted=best.doubted,
        companions=best.record.beside if best.record is not None else (),
        work=None if finished else work.copy(),
    )
