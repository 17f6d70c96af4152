"""What a report says, as values: of each criterion, each bug, the times, and the whole run."""

from enum import Enum
from typing import Any, Self

from attrs import Factory, frozen

from churn.explore.coverage import Coverage
from churn.lifecycle.contract import Contract
from churn.lifecycle.outcome import Evidence
from churn.report.pictures import Graph, Heat, Scene, Standing
from churn.session.fingerprint import Fingerprint
from churn.session.run import Record, Run
from churn.session.verdict import Signature
from churn.shrink.bug import Bug

SCENARIO = "five-cycle"
"""The part of a run that does the five cycles."""
Steps = list[tuple[Run, Record]]
"""Every step of a run, with its sequence."""


class Mark(Enum):
    """The verdict on a criterion, or on a run."""

    PASS = "PASS"  # noqa: S105 -- a verdict, no password
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"


@frozen(kw_only=True)
class Criterion:
    """A success criterion: its verdict, how many looks it rests on, why it is not a pass, and what was seen."""

    number: int
    text: str
    mark: Mark
    looks: int
    reasons: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    cycles: Mark
    """The verdict of the five cycles alone."""
    explored: Mark | None
    """The verdict of all that came after them, None where nothing did."""
    bugs: tuple[int, ...] = ()
    """The numbers of the bugs that are against it."""


@frozen(kw_only=True)
class Kept:
    """What is kept of a bug: paths, the command that replays it, and the whole of each text that can be copied."""

    reproducer: str
    replay: str
    test: str
    """A file for pytest."""
    script: str = ""
    """The path of the shell script; empty where there is none."""
    script_text: str = ""
    no_script: str = ""
    """Why there is no shell script, where there is none."""


@frozen(kw_only=True)
class Used:
    """What a run could spend after the cycles, and what it spent: operations, and seconds. A limit is None if there is none."""

    operations: int
    seconds: float
    most_operations: int | None = None
    most_seconds: float | None = None


_NO_WAYS, _UNUSED = Graph(nodes=(), ways=()), Used(operations=0, seconds=0.0)


@frozen(kw_only=True)
class Likeness:
    """What a bug looks like, in words that hold no name, id or number."""

    invariant: str
    operation: str
    condition: str
    expected: str
    seen: str

    @classmethod
    def of(cls, look: Fingerprint) -> Self:
        """As a session knows it."""
        signature = look.signature
        return cls(
            invariant=signature.invariant,
            operation=signature.operation,
            condition=str(signature.condition),
            expected=look.expected,
            seen=look.seen,
        )

    def is_like(self, other: "Likeness") -> bool:
        """Whether both are one bug."""
        mine, its = (
            Fingerprint(Signature(one.invariant, one.operation, one.condition), one.expected, one.seen)
            for one in (self, other)
        )
        return mine == its or mine.looks_like(its)


@frozen(kw_only=True)
class BugReport:
    """One bug in the form of a bug report. `count` is how often its signature came, in the parts named."""

    title: str
    invariant: str
    severity: str
    scenario: tuple[str, ...]
    naming: str
    said: str
    """How small and how sure the scenario is."""
    command: Evidence
    expected: str
    actual: str
    look: str
    shown: tuple[Evidence, ...]
    further: tuple[str, ...]
    symptoms: tuple[str, ...]
    """How else the same bug was met, a sentence for each."""
    cause: str
    fix: str
    count: int
    parts: tuple[str, ...]
    steps: tuple[dict[str, str], ...] = ()
    """Its steps: what is done in each, and at which pace."""
    following: int = 0
    """Failures that are consequences of it."""
    unasked: int = 0
    """Failures that its steps stand in, and that were not looked into before the budget ended."""
    paced: int = 0
    """Failures, of those counted, that are taken for it since the same steps, done calmly, met it."""
    sentence: str = ""
    """What is wrong, for somebody who knows nothing of Churn."""
    because: str = ""
    """Why it has its severity."""
    sure: str = ""
    """How sure and how small it is, in words."""
    criteria: tuple[int, ...] = ()
    """The numbers of the criteria that it is against, first that of what was objected to first."""
    before: tuple[Standing, ...] | None = None
    """How services stood before the failing step, None where nobody looked."""
    after: tuple[Standing, ...] | None = None
    """How they stood after it."""
    scene: Scene | None = None
    """The smallest scenario, to be drawn."""
    keys: tuple[str, ...] = ()
    """The contract's keys by which a description of the manager says that something of the sort is meant."""
    kept: Kept | None = None
    """Where it is kept, and how to run it again."""
    likeness: Likeness | None = None
    """What it is known again by, None where that is not known."""
    accepted: bool = False
    """Whether a baseline has it: then it is no news."""

    @property
    def besides(self) -> tuple[str, ...]:
        """What else was put down to it, a sentence for each."""
        told = {
            f"{self.following} more failure(s) follow from it": self.following,
            f"{self.unasked} more failure(s), in which its steps were done, were not looked into": self.unasked,
            f"{self.paced} time(s) it was met at full speed, where Churn does not look after each step: a second bug that shows "
            "only at that speed may hide among these": self.paced,
        }
        return tuple(sentence for sentence, count in told.items() if count)


@frozen(kw_only=True)
class Timing:
    """How long operations of one kind took: count, median, longest and sum in seconds.

    Median and longest leave out the `aside` operations that were refused, had nothing to do, or were made longer or shorter by
    the run's own faults, unless these are all.
    """

    kind: str
    count: int
    median: float
    longest: float
    total: float
    aside: int = 0


@frozen(kw_only=True)
class Times:
    """Seconds. `total` is the run's real time, `own` Churn's part of it; the others are by the run's clock.

    `manager` was spent in the manager, looks at its list included; `waited` in `Wait`; `resets` between sequences.
    """

    total: float
    manager: float
    own: float
    waited: float
    resets: float
    virtual: bool
    operations: int
    looks: int
    kinds: tuple[Timing, ...]


@frozen(kw_only=True)
class Worked:
    """What one worker of a campaign in jobs did, and the seconds that it worked."""

    worker: str
    jobs: int
    steps: int
    failures: int
    seconds: float


@frozen(kw_only=True)
class Summary:
    """Everything that a report says."""

    head: dict[str, Any]
    mark: Mark
    criteria: tuple[Criterion, ...]
    bugs: tuple[BugReport, ...]
    times: Times
    unexpected: tuple[str, ...]
    faults: tuple[str, ...]
    covered: int
    coverable: int
    successive: int
    """Pairs of consecutive transitions that were done, of `successions`."""
    successions: int
    missed: tuple[str, ...]
    lacking: tuple[str, ...] = ()
    """Operations that the manager does not offer: nothing could be told of them."""
    parts: dict[str, int] = Factory(dict)
    untried: tuple[str, ...] = ()
    """What of the model was never tried, in words."""
    scenes: tuple[Scene, ...] = ()
    """The five cycles, each time that they were done."""
    heat: tuple[Heat, ...] = ()
    graph: Graph = _NO_WAYS
    used: Used = _UNUSED
    workers: tuple[Worked, ...] = ()
    """Who did what, where the run was a campaign in jobs."""
    interrupted: bool = False
    """Whether somebody ended the run before its time: then nothing of it is a pass."""

    @property
    def coverage(self) -> str:
        """How much of the model was tried, and what was not, in words."""
        share = self.covered / self.coverable if self.coverable else 0.0
        little = "This PASS says little: only " if self.mark is Mark.PASS and share < _LITTLE else ""
        tried = f"{_percent(share)} of all situations that Churn tells apart were tried"
        untried = f"; not tried: {'; '.join(self.untried)}" if self.untried else ""
        return f"{little}{tried}{untried}" if little or share < 1 else f"All{tried.removeprefix('100 % of all')}"

    @property
    def exit_code(self) -> int:
        """0 pass, 1 a criterion failed, 2 nothing was run, 3 inconclusive, 130 interrupted."""
        if self.interrupted:
            return 130
        if not self.times.operations:
            return 2
        return 0 if self.nothing_new else {Mark.PASS: 0, Mark.FAIL: 1, Mark.UNKNOWN: 3}[self.mark]

    @property
    def nothing_new(self) -> bool:
        """Whether it failed, and only because of bugs that a baseline has."""
        alone = all(one.bugs for one in self.criteria if one.mark is not Mark.PASS)
        return bool(self.bugs) and all(bug.accepted for bug in self.bugs) and alone and not self.faults


_LITTLE = 0.1
"""The share of the model below which a pass says little."""


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %" if 0 < share < _LITTLE else f"{int(share * 100)} %"


@frozen(kw_only=True)
class Account:
    """What a report needs to know of a run beside its trace.

    `seconds` are real; `manager`, `waited` and `resets` as in `Times`; `looks` were observations.
    """

    contract: Contract
    coverage: Coverage
    cycles: int
    seconds: float
    manager: float
    waited: float
    resets: float
    virtual: bool
    looks: int
    faults: tuple[str, ...] = ()
    bugs: tuple[Bug, ...] = ()
    kept: tuple[Kept | None, ...] = ()
    """What is kept of each of the bugs, in their order; None where that failed."""
    used: Used = _UNUSED
    passing: tuple[Bug, ...] = ()
    """Failures that came in none of their repeats: they are no bugs."""
    workers: tuple[Worked, ...] = ()
    """Who did what, where it was a campaign in jobs."""
    interrupted: bool = False

    def came_once(self, record: Record) -> Bug | None:
        """The failure that this one is, if it is one of those that came in none of their repeats, and no case of a bug."""
        look = record.fingerprint
        if look is None or any(look in (*bug.looks, *bug.consequences) for bug in self.bugs):
            return None
        return next((one for one in self.passing if look in one.looks), None)
