"""What a run came to: a verdict for each success criterion, the bugs, the times, and what was not expected."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from statistics import median
from typing import Any

from attrs import Factory, frozen

from churn.explore.coverage import Coverage
from churn.lifecycle.contract import Contract
from churn.lifecycle.invariants import Objection, ps
from churn.lifecycle.operations import Step
from churn.lifecycle.outcome import Evidence, Ok, Unknown
from churn.lifecycle.sequence import Naming
from churn.report.hints import HINTS, SEVERITIES
from churn.session.trace import Chapter, Record, Trace
from churn.session.verdict import Verdict
from churn.shrink.cases import alike, is_part_of
from churn.shrink.shrinker import PART, Shrunk

SCENARIO = "five-cycle"
_SLOW_FACTOR, _SLOW_AT_LEAST = 4.0, 1.0
"""A step is slow if it took that many times its kind's median, and at least so many seconds."""
_MOST_UNEXPECTED = 20


class Mark(Enum):
    """The verdict on a criterion, or on a run."""

    PASS = "PASS"  # noqa: S105 -- a verdict, no password
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"


CRITERIA = {
    1: "A service can be started and stopped {cycles} times in a row without errors",
    2: "Each restart gives a clean, new container",
    3: "The status is right after each operation",
    4: "No orphan container is left at the end",
    5: "The same service keeps the same port",
}


@frozen
class Criterion:
    """A success criterion: its verdict, how many looks it rests on, why it is not a pass, and what was seen."""

    number: int
    text: str
    mark: Mark
    looks: int
    reasons: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@frozen
class Bug:
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


@frozen
class Pace:
    """How long operations of one kind took: count, median, longest and sum in seconds."""

    kind: str
    count: int
    median: float
    longest: float
    total: float


@frozen
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
    kinds: tuple[Pace, ...]


@frozen
class Summary:
    """Everything that a report says."""

    head: dict[str, Any]
    mark: Mark
    criteria: tuple[Criterion, ...]
    bugs: tuple[Bug, ...]
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


@frozen
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
    bugs: tuple[Shrunk, ...] = ()
    interrupted: bool = False


def summarise(trace: Trace, account: Account) -> Summary:
    """What the run that left `trace` came to."""
    steps = list(trace.records())
    criteria = tuple(_criterion(number, steps, account) for number in CRITERIA)
    bugs = tuple(_bugs(steps, account.bugs))
    marks = {criterion.mark for criterion in criteria}
    uncertain = Mark.UNKNOWN in marks or bool(account.faults) or account.interrupted
    mark = Mark.FAIL if Mark.FAIL in marks or bugs else Mark.UNKNOWN if uncertain else Mark.PASS
    return Summary(
        trace.head,
        mark,
        criteria,
        bugs,
        _times(steps, account),
        tuple(_unexpected(steps))[:_MOST_UNEXPECTED],
        account.faults,
        account.coverage.covered,
        account.coverage.total,
        len(account.coverage.consecutive),
        account.coverage.successions,
        tuple(f"{' '.join(here)}: {operation}" for here, operation in account.coverage.missed),
        tuple(sorted(Contract().offers - account.contract.offers)),
        dict(Counter(chapter.part for chapter, _ in steps)),
        account.interrupted,
    )


# -- criteria ---------------------------------------------------------------------------------------------------------

Steps = list[tuple[Chapter, Record]]


def _criterion(number: int, steps: Steps, account: Account) -> Criterion:
    objections = [(record, found) for _, record in steps for found in record.objections if found.criterion == number]
    doubts = [(record, found) for _, record in steps for found in record.doubts if found.criterion == number]
    scenario = [record for chapter, record in steps if chapter.part == SCENARIO]
    looks = sum(1 for _, record in steps if record.looks)
    whole = _is_whole(scenario, account.cycles)
    reasons = [f"step {record.number}, {record.step}: expected {found.expected}; seen: {found.seen}"
               for record, found in objections or doubts]  # fmt: skip
    if objections:
        mark = Mark.FAIL
    elif doubts or not whole or account.interrupted:
        mark = Mark.UNKNOWN
        reasons += [] if whole else [f"the {SCENARIO} scenario did not run to its end"]
        reasons += ["the run was interrupted"] if account.interrupted else []
    else:
        mark = Mark.PASS
    text = CRITERIA[number].format(cycles=account.cycles)
    calm = [record for record in scenario if record.judgement is not None]
    return Criterion(number, text, mark, looks, tuple(reasons[:5]), tuple(_EVIDENCE[number](calm, account)))


def _is_whole(scenario: list[Record], cycles: int) -> bool:
    """Whether the scenario was run to its end, and looked at."""
    stops = [record for record in scenario if record.step.operation.kind == "stop" and record.verdict is Verdict.PASS]
    return len(stops) >= cycles


def _told(records: list[Record], account: Account) -> Iterator[Evidence]:  # noqa: ARG001 -- one signature for all evidence
    for record in records:
        outcome = record.outcome
        if record.step.operation.manager and outcome is not None:
            ended = "ok" if isinstance(outcome, Ok) else f"{type(outcome).__name__}: {getattr(outcome, 'reason', '')}"
            output = f"{outcome.evidence.output}\n" if outcome.evidence.output else ""
            yield Evidence(outcome.evidence.command, f"{output}{ended}, {outcome.took:.2f} s", outcome.evidence.ran)


def _containers(records: list[Record], account: Account) -> Iterator[Evidence]:
    lines = []
    for record in records:
        if record.step.operation.kind == "start" and record.judgement is not None:
            found = record.judgement.observation.containers.values()
            lines += [
                f"after step {record.number}: {one.alias} {one.id[:12]} {one.state}, started {one.starts} time(s), "
                f"{len(one.changes)} path(s) changed in its layer"
                for one in found
            ]
    yield Evidence(ps(account.contract), "\n".join(lines), ran=False)


def _lists(records: list[Record], account: Account) -> Iterator[Evidence]:
    for record in records:
        judged = record.judgement
        if judged is None or judged.observation.listed is None:
            continue
        told = ", ".join(f"{entry.service} is {entry.word}" for entry in judged.observation.listed)
        engine = ", ".join(f"{found.alias} {found.state}" for found in judged.observation.containers.values())
        ran = judged.listing.evidence.ran if judged.listing is not None else False
        yield Evidence(
            judged.observation.list_command, f"after {record.step}: {told}; the engine: {engine or 'no container'}", ran
        )
    if not records:
        yield Evidence(ps(account.contract), "", ran=False)


def _leftovers(records: list[Record], account: Account) -> Iterator[Evidence]:
    last = records[-1].judgement if records else None
    if last is not None and any(shown.ran for shown in records[-1].shown):
        yield from records[-1].shown
    elif last is not None:
        found = last.observation.containers.values()
        rows = "\n".join(f"{one.alias} {one.id[:12]} {one.name} {one.state}" for one in found)
        yield Evidence(ps(account.contract), rows or "(no container)", ran=False)


def _ports(records: list[Record], account: Account) -> Iterator[Evidence]:
    lines = []
    for record in records:
        if record.step.operation.kind == "start" and record.judgement is not None:
            found = record.judgement.observation.containers.values()
            lines += [f"after step {record.number}: {one.alias} on {', '.join(map(str, one.ports))}" for one in found]
    yield Evidence(ps(account.contract), "\n".join(lines), ran=False)


_EVIDENCE = {1: _told, 2: _containers, 3: _lists, 4: _leftovers, 5: _ports}


# -- bugs -------------------------------------------------------------------------------------------------------------


def _bugs(steps: Steps, shrunk: tuple[Shrunk, ...]) -> Iterator[Bug]:
    """What was shrunk, each with the failures that it explains; then those that it does not, one for each signature."""
    failures = [(chapter, record) for chapter, record in steps if record.signature is not None]
    cases: dict[int, Steps] = {place: [] for place in range(len(shrunk))}
    rest: dict[str, Steps] = {}
    for chapter, record in failures:
        place = _place(shrunk, chapter, record)
        (rest.setdefault(str(record.signature), []) if place is None else cases[place]).append((chapter, record))
    for place, bug in enumerate(shrunk):
        yield _shrunk_bug(bug, cases[place], failures)
    for found in rest.values():
        chapter, record = min(found, key=lambda case: len(_until(*case)))
        if chapter.part != PART:
            yield _bug(record, tuple(one.step for one in _until(chapter, record)), chapter.naming, found, "not shrunk")


def _place(shrunk: tuple[Shrunk, ...], chapter: Chapter, record: Record) -> int | None:
    """Which bug a failure is a case of."""
    assert record.signature is not None, "only failures are asked about"  # noqa: S101 -- its caller looked
    done = tuple(one.step for one in _until(chapter, record))
    signature = record.signature
    ways: tuple[Callable[[Shrunk], bool], ...] = (
        lambda bug: signature == bug.signature,
        lambda bug: signature in bug.symptoms,
        lambda bug: alike(signature, bug.signature) and is_part_of(bug.failing, chapter.names, done),
    )
    return next((place for way in ways for place, bug in enumerate(shrunk) if way(bug)), None)


def _shrunk_bug(bug: Shrunk, cases: Steps, failures: Steps) -> Bug:
    exact = [record for chapter, record in cases if tuple(one.step for one in _until(chapter, record)) == bug.steps]
    alike_looking = (record for _, record in failures if record.mark is not None and record.mark == bug.failing.mark)
    record = bug.record or next(iter(exact), None) or next(alike_looking, None) or cases[0][1]
    return _bug(record, bug.steps, bug.failing.sequence.naming, cases, bug.said)


def _until(chapter: Chapter, last: Record) -> list[Record]:
    return [record for record in chapter.records if record.number <= last.number]


def _bug(record: Record, steps: tuple[Step, ...], naming: Naming, cases: Steps, said: str) -> Bug:
    first = record.objections[0]
    cause, fix = HINTS.get(first.invariant, ("not known", "not obvious"))
    found = [(chapter, one) for chapter, one in cases if chapter.part != PART]
    others = dict.fromkeys(str(one.signature) for _, one in found if one.signature != record.signature)
    return Bug(
        str(record.signature),
        first.invariant,
        SEVERITIES.get(first.invariant, "medium"),
        tuple(f"{place}. {step}" for place, step in enumerate(steps, 1)),
        naming.value,
        said,
        record.outcome.evidence if record.outcome is not None else Evidence(""),
        first.expected,
        first.seen,
        first.look,
        record.shown,
        tuple(_sentence(other) for other in record.objections[1:]),
        tuple(others)[:_MOST_SYMPTOMS],
        cause,
        fix,
        len(found),
        tuple(dict.fromkeys(chapter.part for chapter, _ in found)),
        steps,
    )


_MOST_SYMPTOMS = 5
"""Further signatures of a bug that are told."""


def _sentence(found: Objection) -> str:
    return f"{found.invariant}: expected {found.expected}; seen: {found.seen}"


# -- times, and what was not expected -----------------------------------------------------------------------------------


def _times(steps: Steps, account: Account) -> Times:
    kinds: dict[str, list[float]] = {}
    for _, record in steps:
        if record.outcome is not None:
            kinds.setdefault(record.step.operation.kind, []).append(record.outcome.took)
    paces = tuple(Pace(kind, len(took), median(took), max(took), sum(took)) for kind, took in sorted(kinds.items()))
    inside = account.manager + account.waited + account.resets
    own = account.seconds if account.virtual else account.seconds - inside
    return Times(
        account.seconds,
        account.manager,
        own,
        account.waited,
        account.resets,
        account.virtual,
        len(steps),
        account.looks,
        paces,
    )


def _unexpected(steps: Steps) -> Iterator[str]:
    medians = _medians(record for _, record in steps)
    for chapter, record in steps:
        where = f"step {record.number} ({chapter.part}), {record.step}"
        if record.settled and not record.objections:
            yield f"{where}: settled only after {record.settled:.2f} s"
        if record.strangers:
            yield from (f"{where}: a container of others appeared: {name}" for name in record.strangers)
        if isinstance(record.outcome, Unknown) and not record.outcome.foreseen:
            yield f"{where}: how it ended is not known: {record.outcome.reason}"
        usual = medians.get(record.step.operation.kind, 0.0)
        if isinstance(record.outcome, Ok) and record.outcome.took > max(_SLOW_AT_LEAST, _SLOW_FACTOR * usual) and usual:
            yield f"{where}: took {record.outcome.took:.1f} s, where {usual:.1f} s is usual"
        if record.reason:
            yield f"{where}: {record.reason}"


def _medians(records: Iterable[Record]) -> dict[str, float]:
    kinds: dict[str, list[float]] = {}
    for record in records:
        if record.outcome is not None and record.step.operation.kind != "wait":
            kinds.setdefault(record.step.operation.kind, []).append(record.outcome.took)
    return {kind: median(took) for kind, took in kinds.items()}
