"""The shrinker: makes a failing sequence as small as it gets, in as few runs of the system as it can.

Greedy: the first candidate that fails alike becomes the new best, and candidates begin anew from it. Nothing is run twice
but to confirm, as long as the system agrees with itself; once it does not, the failure is flaky and has a rate. The best so
far is always kept, whatever ends the shrinking.
"""

from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from math import ceil, log

from attrs import define, field

from churn.errors import BudgetSpent
from churn.lifecycle.operations import Operation, Pace
from churn.lifecycle.sequence import Naming, Sequence
from churn.session.costs import Costs
from churn.session.failing import Failing, Result
from churn.session.memo import Memo
from churn.session.run import Record
from churn.session.session import Session
from churn.session.verdict import Signature
from churn.shrink.bug import Bug
from churn.shrink.candidates import Candidate, candidates
from churn.shrink.cases import alike, contains, is_part_of
from churn.shrink.rate import Rate

PART = "shrinking"
_RUNS = 43
"""Runs that one failure may cost, those that confirm it apart; a flaky one three times as many."""
_FLAKY = 3
_CONFIRMATIONS = 2
"""Runs in a row that the smallest sequence has to fail again to count as certain: one more may be luck."""
_FIRST_RUNS, _LAST_RUNS = 5, 10
"""Runs from which the rate of a flaky failure is guessed, before it is shrunk on, and told, at the end."""
_SURE = 0.04
"""The chance that a flaky failure which is still there is missed in the runs that a candidate gets."""
_MOST_TRIES = 12


class _Spent(Exception):
    """The runs or seconds of one shrinking are used up."""


class _Contradiction(Exception):
    """A run ended otherwise than what is known of the system says."""


@define(eq=False, kw_only=True)
class Shrinker:
    """Shrinks failures in one session, and remembers for all of them what was run.

    Each failure may cost `most_runs`, and `most_seconds` of the system's clock (None: as long as it takes).
    """

    session: Session
    most_runs: int = _RUNS
    most_seconds: float | None = None
    memo: Memo = field(factory=Memo)
    others: dict[Signature, Failing] = field(factory=dict)
    """Failures of another signature that were met on the way and are no case of what was shrunk, the shortest of each."""
    runs: int = 0
    _costs: Costs = field(init=False, factory=Costs)
    """What operations cost before this shrinking: the order of candidates does not change on the way."""
    _last: Record | None = None
    _runs_end: int = 0
    _seconds_end: float | None = None
    _met: dict[Signature, Failing] = field(init=False, factory=dict)
    _passed: dict[tuple[Operation, ...], list[Sequence]] = field(init=False, factory=dict)
    """Candidates of this shrinking that did not fail alike, by their operations."""

    def shrink(self, failing: Failing) -> Bug:
        """The smallest sequence found that fails alike, or that the failure is a case of. Raises `EnvironmentFault`."""
        began, best = self.runs, _Best(failing=failing)
        self._runs_end = began + self.most_runs
        self._seconds_end = None if self.most_seconds is None else self._now + self.most_seconds
        self._met, self._passed = {}, {}
        self._costs = deepcopy(self.session.costs)
        with suppress(BudgetSpent):
            try:
                self._descend(best, 1)
                self._by_other_symptoms(best)
                self._confirm(best)
            except _Contradiction:
                best.doubted = True
                self._shrink_flaky(best)
        self._leave(best)
        return Bug(
            failing=best.failing,
            minimal=best.minimal,
            runs=self.runs - began,
            rate=best.rate if best.rate.runs else None,
            record=best.record,
            symptoms=frozenset(best.symptoms - {best.failing.signature}),
            doubted=best.doubted,
            companions=best.record.beside if best.record is not None else (),
        )

    def again(self, failing: Failing) -> Result:
        """How a failing sequence ends now: it is run again, unless that is known."""
        result = self.memo.recall(failing.names, failing.sequence)
        if result is None:
            result = self._run(failing.names, failing.sequence)
            self.memo.keep(failing.names, failing.sequence, result)
        return result

    # -- while the system agrees with itself --------------------------------------------------------------------------

    def _descend(self, best: "_Best", tries: int) -> None:
        """Make `best` smaller as long as something smaller fails alike, or until the runs or seconds are used up."""
        best.minimal = False
        with suppress(_Spent):
            while any(self._taken(best, candidate, tries) for candidate in self._candidates(best)):
                pass
            best.minimal = True

    def _candidates(self, best: "_Best") -> Iterator[Candidate]:
        """Those worth a run: what passed in one naming and pace is not tried again in one that is plainer or calmer."""
        for names, sequence in candidates(best.failing, self.session.contract, self._costs):
            if not any(_wilder(other, sequence) for other in self._passed.get(_shape(sequence), ())):
                yield names, sequence

    def _taken(self, best: "_Best", candidate: Candidate, tries: int) -> bool:
        names, sequence = candidate
        for attempt in range(tries):
            result = self._result_of(names, sequence) if tries == 1 else self._affordable_run(names, sequence)
            if result.failing is not None and alike(result.failing.signature, best.failing.signature):
                best.take(result.failing)
                return True
            if result.failing is not None and attempt == 0:
                self._meet(result.failing)
        self._passed.setdefault(_shape(sequence), []).append(sequence)
        return False

    def _meet(self, failing: Failing) -> None:
        known = self._met.get(failing.signature)
        if known is None or len(failing.steps) < len(known.steps):
            self._met[failing.signature] = failing

    def _by_other_symptoms(self, best: "_Best") -> None:
        """Where a simpler failure with another symptom was met, and what it comes to stands in `best`: that is the bug."""
        tried: set[Signature] = set()
        while simpler := [
            (_size(failing), signature)
            for signature, failing in self._met.items()
            if _size(failing) < _size(best.failing) and signature not in tried
        ]:
            signature = min(simpler, key=lambda found: found[0])[1]
            tried.add(signature)
            lesser = _Best(failing=self._met[signature])
            self._passed.clear()  # they did not fail as the other does: of this one that says nothing
            self._descend(lesser, 1)
            if _size(lesser.failing) < _size(best.failing) and contains(best.failing, lesser.failing):
                best.become(lesser)

    def _leave(self, best: "_Best") -> None:
        """What was met and is no case of the bug is another's."""
        for signature, failing in self._met.items():
            if alike(signature, best.failing.signature) or is_part_of(best.failing, failing.names, failing.steps):
                best.symptoms.add(signature)
            elif signature not in self.others or len(failing.steps) < len(self.others[signature].steps):
                self.others[signature] = failing

    def _confirm(self, best: "_Best") -> None:
        """Run the best again. Raises `_Contradiction` where it passes."""
        for _ in range(_CONFIRMATIONS):
            if not self._run_of(best):
                raise _Contradiction

    # -- once it does not ---------------------------------------------------------------------------------------------

    def _shrink_flaky(self, best: "_Best") -> None:
        """Shrink on, each candidate run as often as the rate asks for, and tell the rate of what that comes to."""
        self.memo.clear()
        self._passed.clear()
        self._runs_end += self.most_runs * (_FLAKY - 1)
        self._measure(best, _FIRST_RUNS)
        self._descend(best, _tries(best.rate))
        self._measure(best, _LAST_RUNS)

    def _measure(self, best: "_Best", runs: int) -> None:
        for _ in range(runs):
            self._run_of(best)

    # -- running ------------------------------------------------------------------------------------------------------

    @property
    def _now(self) -> float:
        return self.session.system.clock.now()

    def _run_of(self, best: "_Best") -> bool:
        """Run the best again, known or not, and count it; whether it fails alike."""
        result = self._run(best.failing.names, best.failing.sequence)
        failed = result.failing is not None and alike(result.failing.signature, best.failing.signature)
        best.rate = Rate(best.rate.failures + failed, best.rate.runs + 1)
        if failed:
            best.record = self._last
        return failed

    def _affordable_run(self, names: tuple[str, ...], sequence: Sequence) -> Result:
        if self.runs >= self._runs_end or (self._seconds_end is not None and self._now >= self._seconds_end):
            raise _Spent
        return self._run(names, sequence)

    def _result_of(self, names: tuple[str, ...], sequence: Sequence) -> Result:
        """What is known of a sequence, else what running it shows. Raises `_Contradiction` where that cannot be."""
        result = self.memo.recall(names, sequence)
        if result is None:
            result = self._affordable_run(names, sequence)
            if self.memo.contradicts(names, sequence, result):
                raise _Contradiction
            self.memo.keep(names, sequence, result)
        return result

    def _run(self, names: tuple[str, ...], sequence: Sequence) -> Result:
        self.runs += 1
        run = self.session.attempt(PART, names, sequence)
        self._last = run.last
        return run.result


@define(eq=False, kw_only=True)
class _Best:
    """The smallest failing sequence so far, what is known of it, and the signatures it had on the way."""

    failing: Failing
    record: Record | None = None
    symptoms: set[Signature] = field(factory=set)
    minimal: bool = False
    doubted: bool = False
    rate: Rate = field(factory=lambda: Rate(0, 0))
    """Of its runs since it was taken."""

    def take(self, failing: Failing) -> None:
        """A candidate failed: up to its failing step it is the new best."""
        self.symptoms.add(self.failing.signature)
        self.failing, self.rate = failing, Rate(0, 0)

    def become(self, other: "_Best") -> None:
        """The other is the same bug, told shorter."""
        self.symptoms |= {self.failing.signature, *other.symptoms}
        self.failing, self.minimal = other.failing, other.minimal
        self.record, self.rate = other.record, other.rate


def _size(failing: Failing) -> tuple[int, int]:
    """Steps, and how many of them ask something of the manager."""
    return len(failing.steps), sum(step.operation.manager for step in failing.steps)


def _shape(sequence: Sequence) -> tuple[Operation, ...]:
    return tuple(step.operation for step in sequence.steps)


def _wilder(one: Sequence, other: Sequence) -> bool:
    """Whether `one`, of the same operations, is named like `other` or worse, and each step is done as calmly or less."""
    if one.naming not in (other.naming, *(naming for naming in Naming if other.naming is Naming.PLAIN)):
        return False
    return all(a.pace is b.pace or b.pace is Pace.CALM for a, b in zip(one.steps, other.steps, strict=True))


def _tries(rate: Rate) -> int:
    """Runs in which a failure of about this rate shows all but surely. A guess from few runs is drawn to the middle."""
    guess = (rate.failures + 1) / (rate.runs + 2)
    return min(_MOST_TRIES, ceil(log(_SURE) / log(1 - guess)))
