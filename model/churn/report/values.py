"""What a report says, as values: of each criterion, each bug, the times, and the whole run."""

from enum import Enum
from typing import Any

from attrs import Factory, frozen

from churn.explore.coverage import Coverage
from churn.lifecycle.contract import Contract
from churn.lifecycle.operations import Step
from churn.lifecycle.outcome import Evidence
from churn.session.run import Record, Run
from churn.shrink.bug import Bug

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
    """Other signatures that the same bug was met with."""
    cause: str
    fix: str
    count: int
    parts: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    following: int = 0
    """Failures that are consequences of it."""
    unasked: int = 0
    """Failures that its steps stand in, and that were not looked into before the budget ended."""
    paced: int = 0
    """Failures, of those counted, that are taken for it since the same steps, done calmly, met it."""

    @property
    def besides(self) -> tuple[str, ...]:
        """What else was put down to it, a sentence for each."""
        paced = f"{self.paced} of these in steps that are not looked at one by one, which met it when they were"
        return (
            *([f"{self.following} more failure(s) are consequences of it"] if self.following else []),
            *(
                [f"{self.unasked} more failure(s), with its steps in them, were not looked into"]
                if self.unasked
                else []
            ),
            *([f"{paced}: a bug that shows at such a pace only may be among them"] if self.paced else []),
        )


@frozen(kw_only=True)
class Timing:
    """How long operations of one kind took: count, median, longest and sum in seconds."""

    kind: str
    count: int
    median: float
    longest: float
    total: float


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
    interrupted: bool = False
    """Whether somebody ended the run before its time: then nothing of it is a pass."""

    @property
    def exit_code(self) -> int:
        """0 pass, 1 a criterion failed, 2 nothing was run, 3 inconclusive, 130 interrupted."""
        if self.interrupted:
            return 130
        if not self.times.operations:
            return 2
        return {Mark.PASS: 0, Mark.FAIL: 1, Mark.UNKNOWN: 3}[self.mark]


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
    passing: tuple[Bug, ...] = ()
    """Failures that came in none of their repeats: they are no bugs."""
    interrupted: bool = False

    def came_once(self, record: Record) -> Bug | None:
        """The failure that this one is, if it is one of those that came in none of their repeats, and no case of a bug."""
        look = record.fingerprint
        if look is None or any(look in (*bug.looks, *bug.consequences) for bug in self.bugs):
            return None
        return next((one for one in self.passing if look in one.looks), None)
