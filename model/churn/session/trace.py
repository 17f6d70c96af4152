"""The trace: the record of one run, in memory for the report and as JSON lines for whoever comes after.

Format 1, one JSON object a line: a head; then for each sequence a ``sequence`` line, and for each step a ``begin`` line,
written before the operation is applied, and an ``end`` line after it was judged or hurried past. A sequence whose last step
was hurried ends with a ``look`` line, that step's judgement. A run that is killed leaves a ``begin`` without an ``end``:
that operation may have happened.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from attrs import define, field

from churn.lifecycle.invariants import Doubt, Objection
from churn.lifecycle.operations import Step
from churn.lifecycle.outcome import Evidence, Ok, Outcome, Rejected
from churn.lifecycle.sequence import Naming
from churn.lifecycle.state import Abstract
from churn.session.marks import Mark
from churn.session.verdict import Judgement, Signature, Verdict

FORMAT = 1


@define(eq=False)
class Record:
    """One step: what was done, how it ended, how it was judged. `before` is the abstract state it was done in.

    `settled` are seconds until nothing was objected to, `took` seconds of the whole step by the run's clock.
    """

    number: int
    step: Step
    before: Abstract
    outcome: Outcome | None = None
    verdict: Verdict = Verdict.UNKNOWN
    reason: str = ""
    objections: tuple[Objection, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    judgement: Judgement | None = None
    """What was seen; None where nobody looked, or where a step passed in a sequence that is not kept in detail."""
    looks: int = 0
    strangers: tuple[str, ...] = ()
    """Containers of others that were seen for the first time."""
    signature: Signature | None = None
    mark: Mark | None = None
    """What a violation looks like, to be known again."""
    beside: tuple[Mark, ...] = ()
    """What the violation's further objections look like."""
    known: tuple[Mark, ...] = ()
    """The known bugs that the step met."""
    shown: tuple[Evidence, ...] = ()
    """What was run to show the same to a person."""
    settled: float = 0.0
    took: float = 0.0
    ended: bool = False


@define(eq=False)
class Chapter:
    """The steps of one sequence. `part` is what it belongs to: five-cycle, tour, exploration, …"""

    number: int
    part: str
    naming: Naming
    names: tuple[str, ...]
    records: list[Record] = field(factory=list)
    note: str = ""
    """Why it ended early, if it did."""


@define(eq=False)
class Trace:
    """A run's chapters so far. With a `sink` each line is written, and flushed, as it happens."""

    head: dict[str, Any] = field(factory=dict)
    chapters: list[Chapter] = field(factory=list)
    sink: IO[str] | None = None
    watch: Callable[[Record], None] | None = None
    """Told of each step when it begins: what shows progress."""
    steps: int = 0

    def open_chapter(self, part: str, naming: Naming, names: tuple[str, ...]) -> Chapter:
        """A new sequence begins."""
        chapter = Chapter(len(self.chapters) + 1, part, naming, names)
        self.chapters.append(chapter)
        if self.sink is not None:
            self._write(
                {"line": "sequence", "n": chapter.number, "part": part, "naming": naming.value, "services": names}
            )
        return chapter

    def begin(self, step: Step, before: Abstract, now: float) -> Record:
        """A step is about to be applied; `now` is in seconds of the run's clock."""
        self.steps += 1
        record = Record(self.steps, step, before)
        self.chapters[-1].records.append(record)
        if self.watch is not None:
            self.watch(record)
        if self.sink is not None:
            self._put(f'{{"line": "begin", "n": {record.number}, "t": {now:.6f}, "client": 0, {_words(step)}}}\n')
        return record

    def end(self, record: Record, now: float) -> None:
        """The step was judged, or hurried past; one that was hurried past may be judged later."""
        line, record.ended = "look" if record.ended else "end", True
        if self.sink is None:
            return
        outcome = record.outcome
        kind = type(outcome).__name__.lower() if outcome is not None else "none"
        head = f'{{"line": "{line}", "n": {record.number}, "t": {now:.6f}, "outcome": "{kind}"'
        if record.verdict in (Verdict.PASS, Verdict.UNSEEN) and isinstance(outcome, Ok) and not record.doubts:
            self._put(f'{head}, "took": {outcome.took:.6f}, "verdict": "{record.verdict.value}"}}\n')
            return
        self._put(head + ", " + json.dumps(_details(record))[1:] + "\n")

    def note(self, why: str) -> None:
        """The sequence ends early."""
        if self.chapters:
            self.chapters[-1].note = why
        if self.sink is not None:
            self._write({"line": "note", "why": why})

    def records(self) -> Iterator[tuple[Chapter, Record]]:
        """Every step so far, with its sequence."""
        return ((chapter, record) for chapter in self.chapters for record in chapter.records)

    def _write(self, line: dict[str, Any]) -> None:
        self._put(json.dumps(line) + "\n")

    def _put(self, line: str) -> None:
        if self.sink is not None:
            self.sink.write(line)
            self.sink.flush()


@lru_cache(maxsize=4096)
def _words(step: Step) -> str:
    """The part of a begin line that depends on the step alone: there are few steps, and each is written often."""
    return f'"do": "{step.operation}", "pace": "{step.pace.value}"'


def _details(record: Record) -> dict[str, Any]:
    outcome = record.outcome
    details: dict[str, Any] = {"verdict": record.verdict.value, "took": outcome.took if outcome else None}
    if record.shown:
        details["shown"] = [{"command": one.command, "output": one.output, "ran": one.ran} for one in record.shown]
    if record.reason:
        details["why"] = record.reason
    if record.known:
        details["known"] = [str(mark.signature) for mark in record.known]
    if isinstance(outcome, Rejected):
        details["error"] = outcome.reason
    if outcome is not None and outcome.evidence.command:
        details |= {"command": outcome.evidence.command, "output": outcome.evidence.output}
    for name, findings in (("objections", record.objections), ("doubts", record.doubts)):
        if findings:
            details[name] = [
                {"invariant": found.invariant, "expected": found.expected, "seen": found.seen, "look": found.look}
                for found in findings
            ]
    return details


@contextmanager
def written(path: Path, head: dict[str, Any]) -> Iterator[Trace]:
    """A trace whose lines go to the file at `path`, its head first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as sink:
        trace = Trace(head, sink=sink)
        trace._write({"line": "head", "churn": "trace", "format": FORMAT, **head})  # noqa: SLF001 -- its own constructor
        yield trace
