"""The bugs of a report: what was shrunk, with the failures that it explains; then the failures that nothing explains."""

from collections.abc import Iterator
from enum import Enum

from attrs import evolve

from churn.lifecycle.invariants import Objection, named
from churn.lifecycle.operations import Step
from churn.lifecycle.outcome import Evidence
from churn.lifecycle.sequence import Naming
from churn.report.values import Account, BugReport, Steps
from churn.session.run import Record, Run
from churn.shrink.bug import Bug
from churn.shrink.cases import is_part_of
from churn.shrink.shrinker import PART


class _Part(Enum):
    """What a failure is to the bug that it is put down to."""

    CASE = "case"
    FOLLOWING = "following"
    UNASKED = "unasked"


def bug_reports(steps: Steps, account: Account) -> Iterator[BugReport]:
    """What was shrunk, each with the failures that are it, and how many follow from it; then what nothing explains.

    What came in none of its repeats is left out.
    """
    shrunk = account.bugs
    failures = [(run, record) for run, record in steps if record.fingerprint is not None]
    placed: dict[tuple[int, _Part], Steps] = {(place, part): [] for place in range(len(shrunk)) for part in _Part}
    rest: dict[str, Steps] = {}
    for run, record in failures:
        if (place := _place(shrunk, run, record)) is not None:
            placed[place].append((run, record))
        elif run.part != PART and account.came_once(record) is None:
            rest.setdefault(str(record.signature), []).append((run, record))
    for number, bug in enumerate(shrunk):
        yield _shrunk_bug(bug, failures, {part: placed[number, part] for part in _Part})
    for found in rest.values():
        run, record = min(found, key=lambda case: len(_until(*case)))
        yield _bug(record, tuple(one.step for one in _until(run, record)), run.naming, found, "not shrunk")


def _place(shrunk: tuple[Bug, ...], run: Run, record: Record) -> tuple[int, _Part] | None:
    """Which bug accounts for a failure, and how. What settling came to goes before all else."""
    look = record.fingerprint
    assert look is not None, "only failures are asked about"  # noqa: S101 -- its caller looked
    done = tuple(one.step for one in _until(run, record))
    standing = [place for place, bug in enumerate(shrunk) if is_part_of(bug.failing, run.names, done)]
    settled = ((_Part.CASE, "looks"), (_Part.FOLLOWING, "consequences"))
    for part, kept in settled:
        if found := [place for place, bug in enumerate(shrunk) if look in getattr(bug, kept)]:
            return next((place for place in found if place in standing), found[0]), part
    like = (place for place in standing if look.looks_like(shrunk[place].failing.fingerprint))
    if (same := next(like, None)) is not None:
        return same, _Part.CASE
    return (standing[0], _Part.UNASKED) if standing else None


def _shrunk_bug(bug: Bug, failures: Steps, placed: dict[_Part, Steps]) -> BugReport:
    cases = placed[_Part.CASE]
    exact = [record for run, record in cases if tuple(one.step for one in _until(run, record)) == bug.steps]
    alike_looking = (record for _, record in failures if record.fingerprint == bug.failing.fingerprint)
    record = bug.record or next(iter(exact), None) or next(alike_looking, None) or cases[0][1]
    following, unasked = (_met(placed[part]) for part in (_Part.FOLLOWING, _Part.UNASKED))
    paced = [one for one in _met(cases) if one.fingerprint in bug.paced]
    made = _bug(record, bug.steps, bug.failing.sequence.naming, cases, bug.said)
    return evolve(made, following=len(following), unasked=len(unasked), paced=len(paced))


def _met(cases: Steps) -> list[Record]:
    """Those that were met in the search, not in shrinking."""
    return [record for run, record in cases if run.part != PART]


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
