"""The head of a campaign in jobs: it makes the jobs one after the other, and keeps what is known.

A job is made of the results of earlier jobs in the order of the jobs, whoever was faster: job n of those of the jobs up to
n - lag, and of no other. So the same jobs are made, and the same bugs found, by one worker and by many, after a worker has died,
and by a head that begins anew with the results that there are. Nobody waits for a whole round to end.
"""

from collections.abc import Callable, Iterator

from attrs import define, field, frozen

from churn.farm.agenda import Agenda
from churn.farm.job import Job, Kind, Limits, Part, Result, Sought, Subject, Ways
from churn.farm.tally import Tally
from churn.farm.union import Union
from churn.lifecycle.costs import Costs
from churn.lifecycle.durations import Situation
from churn.lifecycle.invariants import Trait
from churn.lifecycle.operations import Pace
from churn.session.failing import Failing
from churn.session.fingerprint import Fingerprint
from churn.session.run import Record, Run
from churn.session.trace import Trace
from churn.session.verdict import Verdict

_MOST_CYCLES = 3
"""Times that the cycles are done at one pace, behind the bugs that they showed before."""
_MOST_FAULTS = 3
"""Jobs at which the environment failed, after which a campaign is given up."""
_SEARCH, _BARREN = 0.8, 0.5
"""Of the operations: what is kept for settling is the rest; and how many find nothing before nothing more is looked for."""
_SETTLING = 3_000
"""Operations that one failure may cost."""


@frozen(kw_only=True)
class Charge:
    """What a campaign may spend, and how far jobs are ahead of results: `ahead` jobs at most, so that many can be done at once.

    `operations` None: as many as the time allows. `settling`: seconds of the system's clock that one failure may take; None: as
    long as it takes.
    """

    operations: int | None = None
    ahead: int = 8
    settling: float | None = None
    searching: bool = True

    def lag(self, number: int) -> int:
        """How many of the jobs before it a job does not know: few at first, as what is found first is met everywhere."""
        return min(self.ahead, 1 + number // 2)


@define(eq=False, kw_only=True)
class Head:
    """Makes jobs (`next`) and takes results (`took`), in any order. What came of them is in `union`, `trace` and `tally`."""

    subject: Subject
    ways: Ways
    charge: Charge
    agenda: Agenda
    union: Union
    trace: Trace
    costs: Costs
    known: tuple[Sought, ...] = ()
    """Failures of earlier campaigns: they are looked for before anything else."""
    up: Callable[[int, bool], bool] = lambda _number, _settling: False
    """Whether the time is up for the job of that number: for one that searches, or one that settles."""
    tally: Tally = field(init=False, factory=Tally)
    given: list[Job] = field(init=False, factory=list)
    over: bool = field(init=False, default=False)
    _results: dict[str, Result] = field(init=False, factory=dict)
    """Those that are not merged yet."""
    _merged: int = field(init=False, default=0)
    _durations: dict[Situation, tuple[float, ...]] = field(init=False, factory=dict)
    _usual: dict[Fingerprint, float] = field(init=False, factory=dict)
    _cycles: dict[Pace, list[bool]] = field(init=False, factory=lambda: {Pace.CALM: [], Pace.HURRIED: []})
    """Of each time that they were done whether they passed."""
    finder: str = field(init=False, default="")
    """The worker whose result was taken for known last."""
    _found_at: int = field(init=False, default=0)
    """Operations that were spent when the last bug was found."""

    def took(self, result: Result) -> None:
        """A job was done. One that was done twice counts once."""
        number = int(result.id)
        if self._merged <= number < len(self.given):
            self._results.setdefault(result.id, result)

    def next(self) -> Job | None:
        """The next job; None where a result is missing that it depends on, or where there is none any more: then it is `over`."""
        number = len(self.given)
        needed = max(0, number - self.charge.lag(number) + 1)
        while self._merge(needed):
            made = self._part(number)
            if made is not None:
                self.given.append(self._job(number, *made))
                return self.given[-1]
            if needed == number:
                self.over = True
                return None
            needed = max(needed, self._merged) + 1
        return None

    # -- what a job is made of ----------------------------------------------------------------------------------------

    def _job(self, number: int, part: Part, limits: Limits) -> Job:
        known = self.union.behind(self.costs.learned, tuple(self._durations.items()))
        return Job(id=f"{number:06}", subject=self.subject, part=part, ways=self.ways, behind=known, limits=limits)

    def _part(self, number: int) -> tuple[Part, Limits] | None:
        """What is done next. If that is nothing, nothing has changed."""
        if self.tally.failed >= _MOST_FAULTS:
            return None
        ways = (self._replays, self._settling, self._cycles_due, self._search)
        return next((made for way in ways if (made := way(number)) is not None), None)

    def _replays(self, number: int) -> tuple[Part, Limits] | None:
        if number < len(self.known):
            return Part(kind=Kind.REPLAY, sequences=(self.known[number],)), Limits()
        return None

    def _cycles_due(self, number: int) -> tuple[Part, Limits] | None:
        """The cycles at one pace, then at the other; where they failed, once more when it is known by what."""
        waits = self.union.open and self._may_settle(number)
        if waits or any(self._goes_on(kind) for kind in (Kind.CYCLES, Kind.SETTLE)):
            return None
        for pace, passed in self._cycles.items():
            if not passed or not (passed[-1] or len(passed) >= _MOST_CYCLES):
                return Part(kind=Kind.CYCLES, pace=pace), Limits()
        return None

    def _may_settle(self, number: int) -> bool:
        return self._left > 0 and not self.up(number, True)

    def _settling(self, number: int) -> tuple[Part, Limits] | None:
        if not self._may_settle(number):
            return None
        failing = self.union.next([job.part.failing for job in self._going_on if job.part.failing is not None])
        if failing is None:
            return None
        usual = self._usual.get(failing.fingerprint) if failing.fingerprint.has(Trait.COMPARED) else None
        part = Part(kind=Kind.SETTLE, failing=failing, usual=usual, bugs=self.union.begun(failing))
        return part, Limits(operations=_SETTLING, seconds=self.charge.settling)

    def _search(self, number: int) -> tuple[Part, Limits] | None:
        if not self.charge.searching or self._barren or self.up(number, False):
            return None
        settled = not self.union.open and not self._goes_on(Kind.SETTLE)
        return self.agenda.next(len(self.union.bugs), settled=settled)

    @property
    def cycled(self) -> bool:
        """Whether the cycles were done at each pace: what a campaign may spend is for what comes after them."""
        return all(self._cycles.values())

    @property
    def _going_on(self) -> list[Job]:
        """Jobs whose results are not known where the next job is made."""
        return self.given[self._merged :]

    def _goes_on(self, kind: Kind) -> bool:
        return any(job.part.kind is kind for job in self._going_on)

    @property
    def _left(self) -> float:
        """Operations that are neither spent nor given out."""
        if self.charge.operations is None:
            return float("inf")
        searching = (job.limits.operations or 0 for job in self._going_on if job.part.kind is not Kind.SETTLE)
        return self.charge.operations - self.tally.operations - sum(searching)

    @property
    def _barren(self) -> bool:
        """Whether enough was looked for: the operations for it are given out, or so many found nothing."""
        most = self.charge.operations
        if most is None:
            return False
        return self._left <= (1 - _SEARCH) * most or self.tally.operations - self._found_at >= _BARREN * most

    # -- what results come to -----------------------------------------------------------------------------------------

    def _merge(self, needed: int) -> bool:
        """Take the results of the first `needed` jobs for known, in their order; whether all of these are there."""
        while self._merged < needed:
            job = self.given[self._merged]
            result = self._results.pop(job.id, None)
            if result is None:
                return False
            self._merged += 1
            self._take(job, result)
        return True

    def _take(self, job: Job, result: Result) -> None:
        self.finder = result.worker
        runs = list(self._traced(result))
        self.tally.add(job, result, runs)
        for run in runs:
            for record in run.records:
                self._learn(record)
        self._durations.update(result.durations)
        self.agenda.took(job.part, runs)
        if job.part.kind is Kind.CYCLES:
            self._cycles[job.part.pace].append(not result.failures)
        before = len(self.union.bugs)
        self._judge(job, result, runs)
        if len(self.union.bugs) > before:
            self._found_at = self.tally.operations

    def _judge(self, job: Job, result: Result, runs: list[Run]) -> None:
        behind = [look for look, _ in job.behind.bugs]
        for failing in result.failures:
            self.union.add(failing, behind)
        if job.part.kind is not Kind.SETTLE:
            return
        if result.settled is None:
            self.union.failed(job.part)
            return
        places = result.settled.records
        records = [None if place is None else runs[place[0]].records[place[1]] for place in places]
        met = [record or self._record(bug.failing) for record, bug in zip(records, result.settled.bugs, strict=True)]
        self.union.settled(job.part, result.settled, met)

    def _traced(self, result: Result) -> Iterator[Run]:
        """What was done, in the trace of the whole campaign."""
        for run in result.logbook.runs(self.trace.steps + 1):
            records, run.records = run.records, []
            self.trace.open(run)
            for record in records:
                run.records.append(record)
                began = record.outcome.began if record.outcome is not None else 0.0
                self.trace.begin(record, began)
                self.trace.end(record, began + record.took)
            yield run

    def _learn(self, record: Record) -> None:
        if record.outcome is None:
            return
        failed = record.verdict is Verdict.FAIL
        self.costs.learn(record.sort, record.outcome.took if failed else record.took)
        if failed and record.slow is not None and record.fingerprint is not None:
            self._usual.setdefault(record.fingerprint, record.slow.elsewhere)

    def _record(self, failing: Failing) -> Record | None:
        """The last step anywhere that failed just so."""
        for run in reversed(self.trace.runs):
            last = run.last
            if last is not None and last.fingerprint == failing.fingerprint and run.failing == failing:
                return last
        return None
