"""The shrinker: makes a failing sequence as small as it gets, in as few runs of the system as it can.

Greedy: the first candidate that fails alike becomes the new best, and candidates begin anew from it. Nothing is run twice
but to confirm. The best so far is always kept, whatever ends the shrinking.
"""

from itertools import permutations
from math import ceil, log

from attrs import define, evolve, field, frozen

from churn.errors import BudgetSpent
from churn.lifecycle.operations import Create, Operation, Step, renamed
from churn.lifecycle.sequence import Sequence
from churn.session.memo import Memo, Result
from churn.session.session import Session
from churn.session.trace import Record
from churn.session.verdict import Signature, Violation
from churn.shrink.candidates import Failing, candidates
from churn.shrink.rate import Rate

PART = "shrinking"
_RUNS = 60
"""Runs that one failure may cost; a flaky one as many times more as its rate asks for."""
_RATE_RUNS = 30
"""Runs from which the rate of a flaky failure is told."""
_SURE = 0.01
"""The chance that a flaky failure which is still there is missed in the runs that a candidate gets."""
_MOST_TRIES = 12


@frozen
class Shrunk:
    """What a failure came to. `minimal`: nothing smaller that was left to try fails; `rate` is None for one that always fails."""

    failing: Failing
    signature: Signature
    minimal: bool
    confirmed: bool
    runs: int
    rate: Rate | None = None
    record: Record | None = None
    """The failing step of the last run that was taken, with its evidence; None where no run was."""
    symptoms: frozenset[Signature] = frozenset()
    """Other signatures whose failures were found to be cases of it."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The smallest failing sequence's steps."""
        return self.failing.steps

    @property
    def said(self) -> str:
        """How sure it is, in words."""
        size = "minimal" if self.minimal else "not minimal: the budget ended"
        if self.rate is not None:
            return f"flaky, fails in {self.rate}; {size}"
        return f"{size}; {'failed each time' if self.confirmed else 'not run again'}; {self.runs} runs"


@define(eq=False)
class Shrinker:
    """Shrinks failures in one session, and remembers for all of them what was run."""

    session: Session
    runs_left: int = _RUNS
    memo: Memo = field(factory=Memo)
    others: dict[Signature, Failing] = field(factory=dict)
    """Failures of another signature that were met on the way, the shortest of each."""
    runs: int = 0
    _last: Record | None = None

    def shrink(self, failing: Failing, signature: Signature) -> Shrunk:
        """The smallest sequence found that fails alike. Raises `EnvironmentFault`."""
        began, tries, rate = self.runs, 1, None
        limit = self.runs + self.runs_left
        best = _Best(failing, signature)
        minimal = confirmed = False
        try:
            minimal = self._descend(best, tries, limit)
            confirmed = self._again(best)
            if not confirmed:
                rate = self._measure(best)
                tries = _tries(rate)
                minimal = self._descend(best, tries, limit + _RUNS * (tries - 1))
                rate = self._measure(best)
        except BudgetSpent:
            pass
        return Shrunk(best.failing, best.signature, minimal, confirmed, self.runs - began, rate, best.record)

    def _descend(self, best: "_Best", tries: int, limit: int) -> bool:
        """Make `best` smaller as long as something smaller fails alike; whether nothing was left to try."""
        improved = True
        while improved:
            improved = False
            for names, sequence in candidates(best.failing, self.session.contract):
                if self.runs >= limit:
                    return False
                result = self._tried(names, sequence, best.signature, tries)
                if result is not None:
                    best.take(names, sequence, result, self._last)
                    improved = True
                    break
        return True

    def _tried(self, names: tuple[str, ...], sequence: Sequence, wanted: Signature, tries: int) -> Result | None:
        """The result of a candidate if it fails alike in one of `tries` runs."""
        for attempt in range(tries):
            result = self.memo.recall(names, sequence) if tries == 1 else None
            result = result or self._run(names, sequence)
            if result.signature is not None and alike(result.signature, wanted):
                return result
            if result.signature is not None and attempt == 0:
                self._queue(names, sequence, result)
        return None

    def _queue(self, names: tuple[str, ...], sequence: Sequence, result: Result) -> None:
        assert result.signature is not None, "only failures are queued"  # noqa: S101 -- its callers look first
        known = self.others.get(result.signature)
        if known is None or len(result.steps) < len(known.steps):
            self.others[result.signature] = Failing(names, evolve(sequence, steps=result.steps), result.befores)

    def _again(self, best: "_Best") -> bool:
        """Whether the best fails once more."""
        result = self._run(best.failing.names, best.failing.sequence)
        if result.signature is None:
            self.memo.clear()  # the system disagrees with itself: nothing that is known of it holds
        else:
            best.record = self._last
        return result.signature is not None

    def _measure(self, best: "_Best") -> Rate:
        results = [self._run(best.failing.names, best.failing.sequence) for _ in range(_RATE_RUNS)]
        return Rate(sum(result.failed for result in results), len(results))

    def _run(self, names: tuple[str, ...], sequence: Sequence) -> Result:
        self.runs += 1
        signature = None
        try:
            self.session.run(PART, names, sequence)
        except Violation as violation:
            signature = violation.signature
        records = self.session.trace.chapters[-1].records
        self._last = records[-1] if records else None
        steps = sequence.steps[: len(records)]
        result = Result(signature, steps, tuple(record.before for record in records))
        self.memo.keep(names, sequence, result)
        return result


@define(eq=False)
class _Best:
    """The smallest failing sequence so far."""

    failing: Failing
    signature: Signature

    record: Record | None = None

    def take(self, names: tuple[str, ...], sequence: Sequence, result: Result, record: Record | None) -> None:
        """A candidate failed: up to its failing step it is the new best."""
        assert result.signature is not None, "only a failure can be the best"  # noqa: S101 -- its caller looked
        self.failing = Failing(names, evolve(sequence, steps=result.steps), result.befores)
        self.signature, self.record = result.signature, record


def alike(one: Signature, other: Signature) -> bool:
    """Whether two failures may be one bug: the same invariant objected. Operation and state are told by the smallest."""
    return one.invariant == other.invariant


def explains(shrunk: Shrunk, signature: Signature, names: tuple[str, ...], steps: tuple[Step, ...]) -> bool:
    """Whether a failure is a case of that bug: it has one of the bug's signatures, or all of the bug's steps."""
    return signature == shrunk.signature or signature in shrunk.symptoms or is_part_of(shrunk, names, steps)


def is_part_of(shrunk: Shrunk, names: tuple[str, ...], steps: tuple[Step, ...]) -> bool:
    """Whether the shrunk sequence's operations stand in `steps` in their order, its services called as they may be there.

    In which order services are created, and between what, makes no difference.
    """
    made, done = _parted(steps)
    for others in permutations(names, len(shrunk.failing.names)):
        called = dict(zip(shrunk.failing.names, others, strict=True))
        wanted_made, wanted = _parted(tuple(Step(renamed(step.operation, called)) for step in shrunk.steps))
        rest = iter(done)
        if set(wanted_made) <= set(made) and all(operation in rest for operation in wanted):
            return True
    return False


def _parted(steps: tuple[Step, ...]) -> tuple[list[Operation], list[Operation]]:
    """The operations that create, and the others."""
    operations = [step.operation for step in steps]
    creates: list[Operation] = [operation for operation in operations if isinstance(operation, Create)]
    return creates, [operation for operation in operations if not isinstance(operation, Create)]


def _tries(rate: Rate) -> int:
    """Runs in which a failure of this rate shows all but surely."""
    if rate.value >= 1 or rate.value <= 0:
        return 1 if rate.value >= 1 else _MOST_TRIES
    return min(_MOST_TRIES, ceil(log(_SURE) / log(1 - rate.value)))
