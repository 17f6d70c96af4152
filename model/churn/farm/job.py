"""What a job is, and what comes of it: plain data in files of a version, so that any host can do it and any head read it."""

import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from attrs import Factory, evolve, frozen

from churn.assembly import Target
from churn.errors import UsageError
from churn.explore.profiles import PROFILES, Profile
from churn.farm.logbook import Logbook
from churn.farm.plain import from_plain, to_plain
from churn.lifecycle.costs import Sort
from churn.lifecycle.durations import Situation
from churn.lifecycle.operations import Pace
from churn.lifecycle.sequence import Sequence
from churn.session.done import Done
from churn.session.failing import Failing
from churn.session.fingerprint import Fingerprint
from churn.session.known import Known
from churn.shrink.bug import Bug
from churn.system.managers.aima import AimaSettings
from churn.system.managers.gallery import is_file
from churn.visible import harmless_json

FORMAT = 1
Sought = tuple[tuple[str, ...], Sequence]
"""A sequence to do, with its services."""
Learned = tuple[tuple[Sort, float, int], ...]
"""What operations cost: seconds in all, and how often each sort was done."""
Latest = tuple[tuple[Situation, tuple[float, ...]], ...]
"""The latest seconds that operations took in each situation."""
KEY, JOB, RESULT = "churn", "job", "result"


class Kind(Enum):
    """What a job is for."""

    CYCLES = "cycles"
    """The five cycles, at one pace."""
    SIDE_BY_SIDE = "side by side"
    """Services that are started and stopped together."""
    TOUR = "tour"
    """A slice of the tour: some of the model's transitions, or pairs of these."""
    PLAN = "plan"
    """A slice of the search's plan: sequences that the planner made."""
    EXPLORE = "explore"
    """Random sequences, by a seed."""
    SWEEP = "sweep"
    """Operations ended midway: one before and after each of its calls; or a start and a stop at those that change something."""
    REPLAY = "replay"
    """A failure that is known from before: whether it comes again."""
    SETTLE = "settle"
    """A failure: what bug it is, if it is one, and how small it gets."""


@frozen(kw_only=True)
class Part:
    """What is done in a job. Which of the fields count depends on the kind."""

    kind: Kind
    pace: Pace = Pace.CALM
    """Of cycles and tours."""
    places: tuple[tuple[int, int], ...] = ()
    """Of a tour: which of the model's transitions, by their places in its order, each from the first to before the last."""
    pairs: bool = False
    """Whether that is the order of pairs of transitions."""
    sequences: tuple[Sought, ...] = ()
    """Of a plan, or a replay."""
    seed: int = 0
    """Of random sequences."""
    case: str = ""
    """Of a sweep: the operation's title; empty: a short one."""
    failing: Failing | None = None
    """What is settled."""
    usual: float | None = None
    """Seconds that its last operation takes elsewhere, where its taking longer is what fails."""
    bugs: tuple[Bug, ...] = ()
    """What is settled, is settled behind these."""


@frozen(kw_only=True)
class Behind:
    """What was known when the job was made. It does not change while the job is done, or the job could not be done again."""

    bugs: tuple[tuple[Fingerprint, Done | None], ...] = ()
    companions: tuple[Fingerprint, ...] = ()
    consequences: tuple[tuple[Fingerprint, tuple[Done, ...]], ...] = ()
    costs: Learned = ()
    durations: Latest = ()

    @property
    def known(self) -> Known:
        """The same bugs, as a session knows them."""
        return Known(dict(self.bugs), list(self.companions), dict(self.consequences))


@frozen(kw_only=True)
class Subject:
    """Which system is tested: a `Target` without what is the machine's own."""

    manager: str = "reference"
    engine: str = "emulated"
    seed: int = 0
    defects: tuple[str, ...] = ()
    engine_faults: bool = False
    interrupts: bool = False
    together: bool = False
    speed: float = 4.0
    aima: AimaSettings = Factory(AimaSettings)

    @classmethod
    def of(cls, target: Target) -> "Subject":
        """The target, wherever it is tested. The file that describes its manager is named by its whole path."""
        return cls(
            manager=str(Path(target.manager).absolute()) if is_file(target.manager) else target.manager,
            engine=target.engine,
            seed=target.seed,
            defects=target.defects,
            engine_faults=target.engine_faults,
            interrupts=target.interrupts,
            together=target.together,
            speed=target.speed,
            aima=target.aima,
        )

    def target(self, environ: Mapping[str, str]) -> Target:
        """The target on a machine with these variables."""
        return Target(
            manager=self.manager,
            engine=self.engine,
            seed=self.seed,
            defects=self.defects,
            environ=environ,
            engine_faults=self.engine_faults,
            interrupts=self.interrupts,
            together=self.together,
            speed=self.speed,
            aima=self.aima,
        )


@frozen(kw_only=True)
class Limits:
    """What a job may spend: operations, resets among them, and seconds; None: no limit.

    Operations alone say what a job does. Seconds keep one that hangs from lasting for ever.
    """

    operations: int | None = None
    seconds: float | None = None


@frozen(kw_only=True)
class Ways:
    """How a campaign goes about it, the same in all its jobs."""

    services: int = 2
    cycles: int = 5
    faults: bool = True
    thrifty: bool = False
    profile: Profile = PROFILES["explore"]
    excluded: tuple[str, ...] = ()


@frozen(kw_only=True)
class Job:
    """One thing to do, with all that it depends on. It has no effect but its result."""

    id: str
    subject: Subject
    part: Part
    ways: Ways = Ways()
    behind: Behind = Behind()
    limits: Limits = Limits()


@frozen(kw_only=True)
class Account:
    """What a job cost: operations, resets among them, looks; seconds by the system's clock, and all of them by the worker's."""

    operations: int = 0
    looks: int = 0
    manager: float = 0.0
    waited: float = 0.0
    resets: float = 0.0
    seconds: float = 0.0


@frozen(kw_only=True)
class Settled:
    """What a failure came to. `bugs` are all that are known then, those of the job first, each with what looks like it by then.

    `records` says where in the logbook each bug's failing step is: the sequence and the step; None where no run of this job
    failed so. `looks` are what is accounted for then.
    """

    bugs: tuple[Bug, ...] = ()
    records: tuple[tuple[int, int] | None, ...] = ()
    passing: tuple[Bug, ...] = ()
    looks: frozenset[Fingerprint] = frozenset()
    companions: tuple[Fingerprint, ...] = ()
    consequences: tuple[tuple[Fingerprint, tuple[Done, ...]], ...] = ()


@frozen(kw_only=True)
class Result:
    """What came of a job. `worker` says who did it, and `account` what that took: all else depends on the job alone."""

    id: str
    worker: str = ""
    failures: tuple[Failing, ...] = ()
    """The shortest failing sequence of each look."""
    settled: Settled | None = None
    logbook: Logbook = Factory(Logbook)
    durations: Latest = ()
    account: Account = Account()
    faults: tuple[str, ...] = ()
    """What went wrong with the environment."""
    note: str = ""
    """Why it ended early, if it did."""

    @property
    def lasting(self) -> "Result":
        """Without what differs from one doing to the next."""
        return evolve(self, worker="", account=evolve(self.account, seconds=0.0))


def as_text(one: Job | Result) -> str:
    """The file of a job, or of a result."""
    head = {KEY: JOB if isinstance(one, Job) else RESULT, "format": FORMAT}
    return harmless_json(json.dumps({**head, **to_plain(one)}, ensure_ascii=False)) + "\n"


def job_of(text: str, where: str) -> Job:
    """The job in a file's text. Raises `UsageError` that says `where` it is from."""
    return from_plain(_headless(text, where, JOB), Job, where)


def result_of(text: str, where: str) -> Result:
    """The result in a file's text. Raises `UsageError` that says `where` it is from."""
    return from_plain(_headless(text, where, RESULT), Result, where)


def _headless(text: str, where: str, what: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where}: expected a {what} in JSON, but: {error}; is the file cut short?") from error
    if not isinstance(data, dict) or data.pop(KEY, None) != what:
        raise UsageError(f"{where}: expected a JSON object that says {KEY!r}: {what!r}, got {text!r:.60}")
    version = data.pop("format", None)
    if version != FORMAT:
        raise UsageError(f"{where}: expected a {what} of format {FORMAT}, got {version!r:.60}: it needs another Churn")
    return data
