"""The bugs of a report: what was shrunk, with the failures that it explains; then the failures that nothing explains."""

from collections.abc import Iterator
from enum import Enum
from typing import Any

from attrs import define, evolve, field

from churn.lifecycle.invariants import Objection, named
from churn.lifecycle.operations import Step
from churn.lifecycle.outcome import Evidence
from churn.lifecycle.sequence import Naming
from churn.report.scenes import owners, scene, standing
from churn.report.values import Account, BugReport, Likeness, Steps
from churn.report.words import BECAUSE, by_name, sentence, surely
from churn.session.run import Record, Run
from churn.shrink.bug import Bug
from churn.shrink.cases import is_part_of
from churn.shrink.shrinker import PART


class _Part(Enum):
    """What a failure is to the bug that it is put down to."""

    CASE = "case"
    FOLLOWING = "following"
    UNASKED = "unasked"


@define(eq=False)
class Placing:
    """Puts each failure of a run down to a bug: to one that was shrunk, or to itself where nothing explains it.

    What came in none of its repeats is left out.
    """

    steps: Steps
    account: Account
    _failures: Steps = field(init=False)
    _placed: dict[tuple[int, _Part], Steps] = field(init=False)
    _rest: dict[str, Steps] = field(init=False, factory=dict)
    _part_of: dict[int, _Part] = field(init=False, factory=dict)
    """What each failure is to its bug, by the number of its step."""

    def __attrs_post_init__(self) -> None:
        shrunk = self.account.bugs
        self._failures = [(run, record) for run, record in self.steps if record.fingerprint is not None]
        self._placed = {(place, part): [] for place in range(len(shrunk)) for part in _Part}
        for run, record in self._failures:
            if (place := _place(shrunk, run, record)) is not None:
                self._placed[place].append((run, record))
                self._part_of[record.number] = place[1]
            elif run.part != PART and self.account.came_once(record) is None:
                self._rest.setdefault(str(record.signature), []).append((run, record))
                self._part_of[record.number] = _Part.CASE

    def against(self, record: Record) -> tuple[Objection, ...]:
        """What a step's failure says against criteria: what was objected to first. What follows from a bug says nothing more."""
        return record.objections[:1] if self._part_of.get(record.number) is _Part.CASE else ()

    def left_open(self, record: Record) -> tuple[Objection, ...]:
        """What was objected to, and can be put down to no bug: it was not looked into, or did not come again."""
        part = self._part_of.get(record.number, _Part.UNASKED)
        return record.objections if part is _Part.UNASKED else ()

    def bugs(self) -> Iterator[BugReport]:
        """What was shrunk, each with the failures that are it, and how many follow from it; then what nothing explains."""
        shrunk = self.account.bugs
        for number, bug in enumerate(shrunk):
            placed = {part: self._placed[number, part] for part in _Part}
            made = _shrunk_bug(bug, self._failures, placed)
            kept = self.account.kept[number] if number < len(self.account.kept) else None
            told = self._pictured(bug.record, placed[_Part.CASE], number + 1)
            yield evolve(made, kept=kept, sure=surely(bug), **told)
        for number, found in enumerate(self._rest.values(), len(shrunk) + 1):
            run, record = min(found, key=lambda case: len(_until(*case)))
            made = _bug(record, tuple(one.step for one in _until(run, record)), run.naming, found, "not shrunk")
            yield evolve(made, sure=_UNSURE, **self._pictured(record, found, number))

    def _pictured(self, record: Record | None, found: Steps, place: int) -> dict[str, Any]:
        """How things stood before and after the failing step, the sequence to be drawn, and the criteria that it is against."""
        telling = [*([record] if record is not None else []), *(one for _, one in found)]
        against = tuple(dict.fromkeys(one.objections[0].criterion for one in telling if one.objections))
        run = next((run for run, one in self.steps if one is record), None)
        if record is None or run is None:
            return {"criteria": against}
        done = _until(run, record)
        last, judged = done[-2].judgement if len(done) > 1 else None, record.judgement
        whose = owners(done)
        return {
            "criteria": against,
            "before": standing(run.names, last.observation, whose) if last is not None else None,
            "after": standing(run.names, judged.observation, whose) if judged is not None else None,
            "scene": scene(f"Bug {place}: its smallest scenario", run, done, place),
        }


_UNSURE = "It was not run again, nor made smaller: the budget did not allow it"


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
    look = Likeness.of(bug.failing.fingerprint)
    return evolve(made, following=len(following), unasked=len(unasked), paced=len(paced), likeness=look)


def _met(cases: Steps) -> list[Record]:
    """Those that were met in the search, not in shrinking."""
    return [record for run, record in cases if run.part != PART]


def _until(run: Run, last: Record) -> list[Record]:
    return [record for record in run.records if record.number <= last.number]


def _bug(record: Record, steps: tuple[Step, ...], naming: Naming, cases: Steps, said: str) -> BugReport:
    first = record.objections[0]
    invariant = named(first.invariant)
    assert invariant is not None, "an invariant objected"  # noqa: S101 -- it is where the objection comes from
    found = [(run, one) for run, one in cases if run.part != PART]
    return BugReport(
        title=str(record.signature),
        invariant=first.invariant,
        severity=invariant.severity.value,
        scenario=tuple(f"{place}. {step}" for place, step in enumerate(steps, 1)),
        naming=naming.value,
        said=said,
        command=record.outcome.evidence if record.outcome is not None else Evidence(""),
        expected=first.expected,
        actual=by_name(first.seen),
        look=first.command,
        shown=record.shown,
        further=tuple(_sentence(other) for other in record.objections[1:]),
        symptoms=tuple(_symptoms(record, found))[:_MOST_SYMPTOMS],
        cause=first.advice.cause if first.advice is not None else "",
        fix=first.advice.fix if first.advice is not None else "",
        count=len(found),
        parts=tuple(dict.fromkeys(run.part for run, _ in found)),
        steps=tuple({"do": str(step.operation), "pace": step.pace.value} for step in steps),
        sentence=sentence(record),
        because=BECAUSE[invariant.severity],
        keys=invariant.keys,
        likeness=Likeness.of(record.fingerprint) if record.fingerprint is not None else None,
    )


_MOST_SYMPTOMS = 5
"""Further signatures of a bug that are told."""


def _symptoms(record: Record, found: Steps) -> Iterator[str]:
    """What else was seen of the bug that the record shows, a sentence for each signature."""
    told = {record.signature}
    for _, one in found:
        if one.signature not in told:
            told.add(one.signature)
            yield sentence(one)


def _sentence(found: Objection) -> str:
    return f"{found.invariant}: expected {found.expected}; seen: {found.seen}"
