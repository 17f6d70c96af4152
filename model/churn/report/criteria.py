"""The success criteria: the verdict on each, and the evidence that it rests on."""

from collections.abc import Iterable, Iterator

from churn.lifecycle.invariants.base import Finding
from churn.lifecycle.outcome import Evidence, Ok
from churn.report.bugs import Placing
from churn.report.values import SCENARIO, Account, BugReport, Criterion, Mark, Steps
from churn.session.run import Record
from churn.session.showing import containers
from churn.session.verdict import Verdict
from churn.shrink.shrinker import PART
from churn.visible import both_ends

CRITERIA = {
    1: "A service can be started and stopped {cycles} times in a row without errors",
    2: "Each restart gives a clean, new container",
    3: "The status is right after each operation",
    4: "No orphan container is left at the end",
    5: "The same service keeps the same port",
}


def criterion(number: int, placing: Placing, bugs: tuple[BugReport, ...]) -> Criterion:
    """The verdict on the criterion of that number: on all steps, on the five cycles alone, and on what came after them."""
    steps, account = placing.steps, placing.account
    scenario = [(run, record) for run, record in steps if run.part == SCENARIO]
    after = [(run, record) for run, record in steps if run.part not in (SCENARIO, PART)]
    records = [record for _, record in scenario]
    looked = [record for record in records if record.judgement is not None]
    whole = _is_whole(records, account.cycles)
    mark, reasons = _verdict(number, steps, placing, whole)
    return Criterion(
        number=number,
        text=CRITERIA[number].format(cycles=account.cycles),
        mark=mark,
        looks=sum(1 for _, record in steps if record.looks),
        reasons=reasons,
        evidence=tuple(_EVIDENCE[number](records if number == _NO_ERRORS else looked, account)),
        cycles=_verdict(number, scenario, placing, whole)[0],
        explored=_verdict(number, after, placing, whole=True)[0] if after else None,
        bugs=tuple(place for place, bug in enumerate(bugs, 1) if number in bug.criteria),
    )


def _verdict(number: int, steps: Steps, placing: Placing, whole: bool) -> tuple[Mark, tuple[str, ...]]:
    """The mark that these steps give, and why. `whole`: whether all was done that has to be done for a pass."""
    against = [(record, found) for _, record in steps for found in placing.against(record) if found.criterion == number]
    unclear = [
        (record, found) for _, record in steps for found in placing.left_open(record) if found.criterion == number
    ]
    doubts = [(record, found) for _, record in steps for found in record.doubts if found.criterion == number]
    interrupted = placing.account.interrupted
    if against:
        mark, reasons = Mark.FAIL, _reasons(against)
    elif unclear or doubts or not whole or interrupted:
        mark, reasons = Mark.UNKNOWN, [*_reasons(unclear), *_reasons(doubts)]
        reasons += [] if whole else [f"the {SCENARIO} scenario did not run to its end"]
        reasons += ["the run was interrupted"] if interrupted else []
    else:
        mark, reasons = Mark.PASS, []
    return mark, tuple(reasons[:_MOST_REASONS])


_MOST_REASONS = 5


def _reasons(findings: Iterable[tuple[Record, Finding]]) -> list[str]:
    return [
        f"step {record.number}, {record.step}: expected {found.expected}; seen: {found.seen}"
        for record, found in findings
    ]


def _is_whole(scenario: list[Record], cycles: int) -> bool:
    """Whether the scenario was run to its end, behind known bugs if there are any, and looked at."""
    stops = [record for record in scenario if record.step.operation.kind == "stop" and record.verdict in _LOOKED_AT]
    return len(stops) >= cycles


_LOOKED_AT = (Verdict.PASS, Verdict.KNOWN)


def _told(records: list[Record], account: Account) -> Iterator[Evidence]:  # noqa: ARG001 -- one signature for all evidence
    """How the manager answered at each step, also where nobody looked after it."""
    for record in records:
        outcome = record.outcome
        if record.step.operation.manager and outcome is not None:
            ended = "ok" if isinstance(outcome, Ok) else f"{type(outcome).__name__}: {getattr(outcome, 'reason', '')}"
            output = f"{both_ends(outcome.evidence.output, _MOST_SHOWN)}\n" if outcome.evidence.output else ""
            step = f"step {record.number}, {record.step.operation}, {record.step.pace.value}"
            told = f"{output}{step}: {ended}, {outcome.took:.2f} s"
            yield Evidence(outcome.evidence.command, told, outcome.evidence.ran)


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
    yield Evidence(containers(account.contract), "\n".join(lines), ran=False)


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
        yield Evidence(containers(account.contract), "", ran=False)


def _leftovers(records: list[Record], account: Account) -> Iterator[Evidence]:
    last = records[-1].judgement if records else None
    if last is not None and any(shown.ran for shown in records[-1].shown):
        yield from records[-1].shown
    elif last is not None:
        found = last.observation.containers.values()
        rows = "\n".join(f"{one.alias} {one.id[:12]} {one.name} {one.state}" for one in found)
        yield Evidence(containers(account.contract), rows or "(no container)", ran=False)


def _ports(records: list[Record], account: Account) -> Iterator[Evidence]:
    lines = []
    for record in records:
        if record.step.operation.kind == "start" and record.judgement is not None:
            found = record.judgement.observation.containers.values()
            lines += [f"after step {record.number}: {one.alias} on {', '.join(map(str, one.ports))}" for one in found]
    yield Evidence(containers(account.contract), "\n".join(lines), ran=False)


_MOST_SHOWN = 10_000
"""Characters of what a command printed that are shown of each step; a bug's evidence has all that was kept."""
_NO_ERRORS = 1
"""The criterion that rests on what the manager answers, whether anybody looked after that or not."""
_EVIDENCE = {_NO_ERRORS: _told, 2: _containers, 3: _lists, 4: _leftovers, 5: _ports}
