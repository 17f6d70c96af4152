"""A run of one sequence: the steps that were done, what came of each, and what came of the whole."""

from collections.abc import Mapping

from attrs import define, field

from churn.lifecycle.condition import ANY, Abstract, Condition
from churn.lifecycle.costs import NO_SORT, Sort
from churn.lifecycle.durations import Slow
from churn.lifecycle.invariants import Doubt, Objection
from churn.lifecycle.operations import Family, Step
from churn.lifecycle.outcome import Evidence, Outcome
from churn.lifecycle.sequence import Naming, Sequence
from churn.session.failing import Failing, Result
from churn.session.fingerprint import Fingerprint
from churn.session.verdict import Judgement, Signature, Verdict


@define(eq=False, kw_only=True)
class Record:
    """One step: what was done, how it ended, how it was judged.

    `before` is the abstract state in which it was done, `condition` that of the service on which it acted, if any. `settled`
    are the seconds until nothing was objected to any more, `took` those of the whole step by the run's clock. `reason` says
    why it could not be told, or why the sequence ends here.
    """

    number: int
    step: Step
    before: Abstract
    condition: Condition = ANY
    sort: Sort = NO_SORT
    """What it costs is learned for this sort of steps."""
    outcome: Outcome | None = None
    slow: Slow | None = None
    """How slow its operation was beside the same one elsewhere, None where it was not."""
    verdict: Verdict = Verdict.UNKNOWN
    reason: str = ""
    objections: tuple[Objection, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    judgement: Judgement | None = None
    """What was seen. None if nobody looked, or if the step passed and the sequence is not kept in detail."""
    looks: int = 0
    strangers: tuple[str, ...] = ()
    """Containers of others that were seen for the first time."""
    fingerprint: Fingerprint | None = None
    """What a violation looks like, to be known again."""
    beside: tuple[Fingerprint, ...] = ()
    """What the violation's further objections look like."""
    known: tuple[Fingerprint, ...] = ()
    """The known bugs that the step met."""
    shown: tuple[Evidence, ...] = ()
    """Commands that show a person what was objected to, and what they printed."""
    settled: float = 0.0
    took: float = 0.0
    ended: bool = False

    @property
    def signature(self) -> Signature | None:
        """What tells its failure from others, None where it did not fail."""
        return self.fingerprint.signature if self.fingerprint is not None else None

    def close(self, verdict: Verdict, now: float) -> None:
        """It was judged, or hurried past, at `now` (seconds of the run's clock)."""
        self.verdict = verdict
        self.took = now - self.outcome.began if self.outcome is not None else 0.0


@define(eq=False, kw_only=True)
class Run:
    """One sequence: what it is, and what came of it so far. `part` is what it belongs to: five-cycle, tour, …"""

    part: str
    names: tuple[str, ...]
    naming: Naming = Naming.PLAIN
    records: list[Record] = field(factory=list)
    met: Mapping[Fingerprint, None] = field(factory=dict)
    """The known bugs that were met, and behind which it could go on."""
    note: str = ""
    """Why it ended early, if it did."""
    real_names: Mapping[str, str] = field(init=False)
    """What each service is really called."""

    @real_names.default
    def _really_called(self) -> Mapping[str, str]:
        return {name: self.naming.real(name) for name in self.names}

    @property
    def last(self) -> Record | None:
        """The last step's record, None where none was done."""
        return self.records[-1] if self.records else None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that were done."""
        return tuple(record.step for record in self.records)

    @property
    def clear(self) -> bool:
        """Whether nothing of the steps before the last one may still be at work: the one before it was looked at.

        It is not clear either where that one made trouble with the engine.
        """
        before = self.records[-2].step if len(self.records) > 1 else None
        return before is None or not (before.hurried or before.operation.family is Family.ENGINE)

    @property
    def failing(self) -> Failing | None:
        """The sequence, if its last step failed."""
        return self.until(self.last) if self.last is not None and self.last.fingerprint is not None else None

    def until(self, record: Record) -> Failing:
        """The sequence up to that record, which failed."""
        assert record.fingerprint is not None, "only what failed is asked about"  # noqa: S101 -- its caller looked
        done = [one for one in self.records if one.number <= record.number]
        befores = tuple(one.before for one in done)
        sequence = Sequence(tuple(one.step for one in done), self.naming)
        return Failing(self.names, sequence, record.fingerprint, befores)

    @property
    def result(self) -> Result:
        """What came of it, without what was seen."""
        return Result(self.steps, self.failing, tuple(self.met), self.last.known if self.last is not None else ())
