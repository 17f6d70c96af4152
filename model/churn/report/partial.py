"""What can be told of a run that was ended before it could report: by the steps in its trace alone."""

from collections import Counter
from collections.abc import Iterator
from statistics import median
from typing import Any

from attrs import evolve, field, frozen

from churn.lifecycle.invariants import named
from churn.lifecycle.outcome import Evidence
from churn.report.criteria import CRITERIA
from churn.report.values import BugReport, Criterion, Mark, Summary, Times, Timing
from churn.report.words import BECAUSE

_CYCLES = 5
_UNSURE = "The run was ended before it could be run again or made smaller"
_ENDED = "the run was ended before it could report: this is what its trace tells"


@frozen(kw_only=True)
class _Told:
    """A step of the trace: its sequence, what was done, and how its line ends."""

    part: str
    naming: str
    done: tuple[dict[str, str], ...]
    """The steps of the sequence, this one last."""
    end: dict[str, Any] = field(factory=dict)


def from_steps(lines: list[dict[str, Any]]) -> Summary:
    """What a trace tells that has no report in it."""
    steps = list(_steps(lines))
    bugs = tuple(_bugs(steps))
    against = {number for bug in bugs for number in bug.criteria}
    criteria = tuple(_criterion(number, bugs, against) for number in CRITERIA)
    return Summary(
        head={"manager": "?", "engine": "?", "seed": "?", "when": "?", "command": "?", **lines[0]},
        mark=Mark.FAIL if bugs else Mark.UNKNOWN,
        criteria=criteria,
        bugs=bugs,
        times=_times(steps),
        unexpected=(),
        faults=(_ENDED,),
        covered=0,
        coverable=0,
        successive=0,
        successions=0,
        missed=(),
        parts=dict(Counter(step.part for step in steps)),
    )


def _steps(lines: list[dict[str, Any]]) -> Iterator[_Told]:
    part, naming = "", ""
    done: list[dict[str, str]] = []
    for line in lines:
        if line["line"] == "sequence":
            part, naming, done = line["part"], line["naming"], []
        elif line["line"] == "begin":
            done.append({"do": line["do"], "pace": line["pace"]})
        elif line["line"] in ("end", "look") and done:
            yield _Told(part=part, naming=naming, done=tuple(done), end=line)


def _bugs(steps: list[_Told]) -> Iterator[BugReport]:
    """A bug for each rule that was broken after each kind of operation: the shortest sequence in which it was."""
    found: dict[tuple[str, str], list[_Told]] = {}
    for step in steps:
        if step.end.get("verdict") == "fail" and step.end.get("objections"):
            kind = step.done[-1]["do"].split()[0]
            found.setdefault((step.end["objections"][0]["invariant"], kind), []).append(step)
    for (name, kind), cases in found.items():
        shortest = min(cases, key=lambda case: len(case.done))
        yield evolve(
            _bug(name, kind, shortest), count=len(cases), parts=tuple(dict.fromkeys(one.part for one in cases))
        )


def _bug(name: str, kind: str, step: _Told) -> BugReport:
    invariant, end = named(name), step.end
    first, *further = end["objections"]
    says = invariant.says.replace("{service}", "a service") if invariant is not None else f"a rule is broken ({name})"
    return BugReport(
        title=f"{name} after {kind}",
        invariant=name,
        severity=invariant.severity.value if invariant is not None else "high",
        because=BECAUSE[invariant.severity] if invariant is not None else "it is not known to this version",
        criteria=(invariant.criterion,) if invariant is not None else (),
        sentence=f"After `{step.done[-1]['do']}`, {says}: {first['seen']}",
        scenario=tuple(f"{place}. {one['do']}" for place, one in enumerate(step.done, 1)),
        steps=step.done,
        naming=step.naming,
        said="not shrunk",
        sure=_UNSURE,
        command=Evidence(end.get("command", ""), end.get("output", "")),
        expected=first["expected"],
        actual=first["seen"],
        look=first.get("look", ""),
        shown=tuple(Evidence(one["command"], one["output"], one["ran"]) for one in end.get("shown", ())),
        further=tuple(f"{one['invariant']}: expected {one['expected']}; seen: {one['seen']}" for one in further),
        symptoms=(),
        cause=invariant.advice.cause if invariant is not None else "",
        fix=invariant.advice.fix if invariant is not None else "",
        count=1,
        parts=(step.part,),
        keys=invariant.keys if invariant is not None else (),
    )


def _criterion(number: int, bugs: tuple[BugReport, ...], against: set[int]) -> Criterion:
    mark = Mark.FAIL if number in against else Mark.UNKNOWN
    places = tuple(place for place, bug in enumerate(bugs, 1) if number in bug.criteria)
    return Criterion(
        number=number,
        text=CRITERIA[number].format(cycles=_CYCLES),
        mark=mark,
        looks=0,
        reasons=(_ENDED,),
        evidence=(),
        cycles=mark,
        explored=None,
        bugs=places,
    )


def _times(steps: list[_Told]) -> Times:
    kinds: dict[str, list[float]] = {}
    for step in steps:
        if step.end["line"] == "end" and step.end.get("took") is not None:
            kinds.setdefault(step.done[-1]["do"].split()[0], []).append(step.end["took"])
    total = sum(map(sum, kinds.values()))
    timings = (
        Timing(kind=kind, count=len(took), median=median(took), longest=max(took), total=sum(took))
        for kind, took in sorted(kinds.items())
    )
    looks = sum("seen" in step.end for step in steps)
    count = sum(step.end["line"] == "end" for step in steps)
    return Times(total=total, manager=total, own=0.0, waited=0.0, resets=0.0, virtual=False, operations=count,
                 looks=looks, kinds=tuple(timings))  # fmt: skip
