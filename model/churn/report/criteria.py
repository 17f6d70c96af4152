"""The success criteria: the verdict on each, and the evidence that it rests on."""

from collections.abc import Iterable, Iterator

from churn.lifecycle.invariants.base import Finding
from churn.lifecycle.outcome import Evidence, Ok
from churn.report.values import Account, Criterion, Mark, Steps
from churn.session.run import Record
from churn.session.showing import containers
from churn.session.verdict import Verdict
from churn.visible import both_ends

SCENARIO = "five-cycle"
CRITERIA = {
    1: "A service can be started and stopped {cycles} times in a row without errors",
    2: "Each restart gives a clean, new container",
    3: "The status is right after each operation",
    4: "No orphan container is left at the end",
    5: "The same service keeps the same port",
}


def criterion(number: int, steps: Steps, account: Account) -> Criterion:
    objected = [(record, found) for _, record in steps for found in record.objections if found.criterion == number]
    objections = [(record, found) for record, found in objected if account.came_once(record) is None]
    once = [(record, found) for record, found in objected if account.came_once(record) is not None]
    doubts = [(record, found) for _, record in steps for found in record.doubts if found.criterion == number]
    scenario = [record for run, record in steps if run.part == SCENARIO]
    looks = sum(1 for _, record in steps if record.looks)
    whole = _is_whole(scenario, account.cycles)
    reasons = _reasons(objections) if objections else [*_reasons(once), *_reasons(doubts)]
    if objections:
        mark = Mark.FAIL
    elif once or doubts or not whole or account.interrupted:
        mark = Mark.UNKNOWN
        reasons += [] if whole else [f"the {SCENARIO} scenario did not run to its end"]
        reasons += ["the run was interrupted"] if account.interrupted else []
    else:
        mark = Mark.PASS
    text = CRITERIA[number].format(cycles=account.cycles)
    looked = [record for record in scenario if record.judgement is not None]
    return Criterion(
        number=number,
        text=text,
        mark=mark,
        looks=looks,
        reasons=tuple(reasons[:5]),
        evidence=tuple(_EVIDENCE[number](scenario if number == _NO_ERRORS else looked, account)),
    )


def _reasons(findings: Iterable[tuple[Record, Finding]]) -> list[str]:
    return [
        f"step {record.number}, {record.step}: expected {found.expected}; seen: {found.seen}"
        for record, found in findings
    ]


def _is_whole(scenario: list[Record], cycles: int) -> bool:
    """Whether the scenario was run to its end, and looked at."""
    stops = [record for record in scenario if record.step.operation.kind == "stop" and record.verdict is Verdict.PASS]
    return len(stops) >= cycles


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
