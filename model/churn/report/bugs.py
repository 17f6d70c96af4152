"""The bugs of a report: what was shrunk, with the failures that it explains; then the failures that nothing explains."""

from collections.abc import Callable, Iterator

from churn.lifecycle.invariants import Objection, named
from churn.lifecycle.operations import Step
from churn.lifecycle.outcome import Evidence
from churn.lifecycle.sequence import Naming
from churn.report.values import BugReport, Steps
from churn.session.run import Record, Run
from churn.shrink.bug import Bug
from churn.shrink.cases import alike, is_part_of
from churn.shrink.shrinker import PART


def bug_reports(steps: Steps, shrunk: tuple[Bug, ...]) -> Iterator[BugReport]:
    """What was shrunk, each with the failures that it explains; then those that it does not, one for each signature."""
    failures = [(run, record) for run, record in steps if record.signature is not None]
    cases: dict[int, Steps] = {place: [] for place in range(len(shrunk))}
    rest: dict[str, Steps] = {}
    for run, record in failures:
        place = _place(shrunk, run, record)
        (rest.setdefault(str(record.signature), []) if place is None else cases[place]).append((run, record))
    for place, bug in enumerate(shrunk):
        yield _shrunk_bug(bug, cases[place], failures)
    for found in rest.values():
        run, record = min(found, key=lambda case: len(_until(*case)))
        if run.part != PART:
            yield _bug(record, tuple(one.step for one in _until(run, record)), run.naming, found, "not shrunk")


def _place(shrunk: tuple[Bug, ...], run: Run, record: Record) -> int | None:
    """Which bug a failure is a case of."""
    assert record.signature is not None, "only failures are asked about"  # noqa: S101 -- its caller looked
    done = tuple(one.step for one in _until(run, record))
    signature = record.signature
    ways: tuple[Callable[[Bug], bool], ...] = (
        lambda bug: signature == bug.signature,
        lambda bug: signature in bug.symptoms,
        lambda bug: alike(signature, bug.signature) and is_part_of(bug.failing, run.names, done),
    )
    return next((place for way in ways for place, bug in enumerate(shrunk) if way(bug)), None)


def _shrunk_bug(bug: Bug, cases: Steps, failures: Steps) -> BugReport:
    exact = [record for run, record in cases if tuple(one.step for one in _until(run, record)) == bug.steps]
    alike_looking = (record for _, record in failures if record.fingerprint == bug.failing.fingerprint)
    record = bug.record or next(iter(exact), None) or next(alike_looking, None) or cases[0][1]
    return _bug(record, bug.steps, bug.failing.sequence.naming, cases, bug.said)


def _until(run: Run, last: Record) -> list[Record]:
    return [record for record in run.records if record.number <= last.number]


def _bug(record: Record, steps: tuple[Step, ...], naming: Naming, cases: Steps, said: str) -> BugReport:
    first = record.objections[0]
    found = [(run, one) for run, one in cases if run.part != PART]
    others = dict.fromkeys(str(one.signature) for _, one in found if one.signature != record.signature)
    return BugReport(
        title=str(record.signature),
        invariant=first.invariant,
        severity=_severity(first),
        scenario=tuple(f"{place}. {step}" for place, step in enumerate(steps, 1)),
        naming=naming.value,
        said=said,
        command=record.outcome.evidence if record.outcome is not None else Evidence(""),
        expected=first.expected,
        actual=first.seen,
        look=first.command,
        shown=record.shown,
        further=tuple(_sentence(other) for other in record.objections[1:]),
        symptoms=tuple(others)[:_MOST_SYMPTOMS],
        cause=first.advice.cause if first.advice is not None else "",
        fix=first.advice.fix if first.advice is not None else "",
        count=len(found),
        parts=tuple(dict.fromkeys(run.part for run, _ in found)),
        steps=steps,
    )


def _severity(found: Objection) -> str:
    invariant = named(found.invariant)
    assert invariant is not None, "an invariant objected"  # noqa: S101 -- it is where the objection comes from
    return invariant.severity.value


_MOST_SYMPTOMS = 5
"""Further signatures of a bug that are told."""


def _sentence(found: Objection) -> str:
    return f"{found.invariant}: expected {found.expected}; seen: {found.seen}"
