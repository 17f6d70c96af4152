"""The trace: what a whole run did, in memory for the report, and as JSON lines for whoever looks into it later.

One JSON object a line: a head; then for each sequence a ``sequence`` line, and for each step a ``begin`` line, written before
the operation is applied, and an ``end`` line after it was judged or hurried past, with what was seen. A sequence whose last step
was hurried ends with a ``look`` line, that step's judgement. The last line is a ``report``: what the run came to. A run that is
killed has none, and leaves a ``begin`` without an ``end``: that operation may have happened. `read` reads these files, those of
earlier formats too.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from attrs import define, field

from churn.errors import UsageError
from churn.lifecycle.operations import Step
from churn.lifecycle.outcome import Call, Ok, Overlapped, Rejected, Unknown
from churn.session.run import Record, Run
from churn.session.seen import as_data
from churn.session.verdict import Verdict

FORMAT = 3
REPORT = "report"
"""The kind of the last line, which a run that came to its end has."""
_RENAMED = {1: {"remove": "remove-container"}}
"""Operations that were called otherwise in files of a format, and what they are called now. Format 2 did not have ``seen``."""


@define(eq=False)
class Trace:
    """The sequences that were run so far. With a `sink` each line is written, and flushed, as it happens."""

    head: dict[str, Any] = field(factory=dict)
    runs: list[Run] = field(factory=list)
    sink: IO[str] | None = None
    watch: Callable[[Record], None] | None = None
    """Called with each step when it begins, to show progress."""
    steps: int = 0
    lines: int = field(init=False, default=0)
    """Those in its file, if it has one."""
    lost: str = field(init=False, default="")
    """Why its file ends early, if it does."""

    def open(self, run: Run) -> None:
        """A new sequence begins."""
        self.runs.append(run)
        if self.sink is not None:
            named = {"part": run.part, "naming": run.naming.value, "services": run.names}
            self._write({"line": "sequence", "n": len(self.runs), **named})

    def begin(self, record: Record, now: float) -> None:
        """A step is about to be applied; `now` is in seconds of the run's clock."""
        self.steps += 1
        if self.watch is not None:
            self.watch(record)
        if self.sink is not None:
            self._put(
                f'{{"line": "begin", "n": {record.number}, "t": {now:.6f}, "client": 0, {_words(record.step)}}}\n'
            )

    def end(self, record: Record, now: float) -> None:
        """The step was judged, or hurried past. It may be called again, when a step that was hurried past is judged later."""
        line, record.ended = "look" if record.ended else "end", True
        if self.sink is None:
            return
        outcome = record.outcome
        kind = "none" if outcome is None else "ok" if isinstance(outcome, Ok) else type(outcome).__name__.lower()
        head = f'{{"line": "{line}", "n": {record.number}, "t": {now:.6f}, "outcome": "{kind}"'
        fine = record.verdict in (Verdict.PASS, Verdict.UNSEEN) and not record.doubts
        if fine and isinstance(outcome, Ok) and not isinstance(outcome, Overlapped):
            seen = f', "seen": {json.dumps(_seen(record))}' if record.judgement is not None else ""
            self._put(f'{head}, "took": {outcome.took:.6f}, "verdict": "{record.verdict.value}"{seen}}}\n')
            return
        self._put(head + ", " + json.dumps(_details(record))[1:] + "\n")

    def note(self, why: str) -> None:
        """The sequence ends early."""
        if self.runs:
            self.runs[-1].note = why
        if self.sink is not None:
            self._write({"line": "note", "why": why})

    def report(self, data: dict[str, Any]) -> None:
        """The run is over: this is what it came to, as `report.json` has it."""
        if self.sink is not None:
            self._write({"line": REPORT, **data})

    def records(self) -> Iterator[tuple[Run, Record]]:
        """Every step so far, with its sequence."""
        return ((run, record) for run in self.runs for record in run.records)

    def _write(self, line: dict[str, Any]) -> None:
        self._put(json.dumps(line) + "\n")

    def _put(self, line: str) -> None:
        if self.sink is None:
            return
        try:
            self.sink.write(line)
            self.sink.flush()
            self.lines += 1
        except OSError as error:  # the run goes on, and its report says what the file lacks
            self.sink, self.lost = None, f"the trace could not be written to its end: {error.strerror}"


@lru_cache(maxsize=4096)
def _words(step: Step) -> str:
    """The part of a begin line that depends on the step alone: there are few steps, and each is written often."""
    return f'"do": "{step.operation}", "pace": "{step.pace.value}"'


def _details(record: Record) -> dict[str, Any]:
    outcome = record.outcome
    details: dict[str, Any] = {"verdict": record.verdict.value, "took": outcome.took if outcome else None}
    if record.judgement is not None:
        details["seen"] = _seen(record)
    if record.shown:
        details["shown"] = [{"command": one.command, "output": one.output, "ran": one.ran} for one in record.shown]
    if record.reason:
        details["why"] = record.reason
    if record.known:
        details["known"] = [str(one.signature) for one in record.known]
    if isinstance(outcome, Rejected):
        details["error"] = outcome.reason
    if isinstance(outcome, Overlapped):
        details |= _overlapped(outcome)
    if outcome is not None and outcome.evidence.command:
        details |= {"command": outcome.evidence.command, "output": outcome.evidence.output}
    for name, findings in (("objections", record.objections), ("doubts", record.doubts)):
        if findings:
            details[name] = [
                {"invariant": found.invariant, "expected": found.expected, "seen": found.seen, "look": found.command}
                for found in findings
            ]
    return details


def _overlapped(outcome: Overlapped) -> dict[str, Any]:
    """What several clients asked for, and the turns that nobody took."""
    missed = [str(turn) for turn in outcome.points.missed]
    return {"calls": [_call(call) for call in outcome.calls], **({"missed": missed} if missed else {})}


def _call(call: Call) -> dict[str, Any]:
    """One of several operations at once: whose it was, when it was under way, and how it ended."""
    outcome = call.outcome
    kind, reason = type(outcome).__name__.lower(), outcome.reason if isinstance(outcome, Rejected | Unknown) else ""
    times = {"began": round(outcome.began, 6), "ended": round(outcome.ended, 6)}
    error = {"error": reason} if reason else {}
    return {"client": call.client, "do": str(call.operation), "outcome": kind, **times, **error}


def _seen(record: Record) -> dict[str, Any]:
    return as_data(record.judgement.observation) if record.judgement is not None else {}


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a trace's file as the present format has them, the head first. Of a run that was killed, what is whole.

    Raises `UsageError` where the file is no trace, is of a later format, or has a line that is none of a trace.
    """
    if path.exists() and not path.is_file():  # a device may be read without an end
        raise UsageError(f"{path}: expected a trace, got no regular file")
    try:
        with path.open(encoding="utf-8") as file:
            renamed: dict[str, str] = {}
            for number, text in enumerate(file, 1):
                if not text.endswith("\n"):
                    return  # the run was killed while it wrote this
                line = _parsed(path, number, text)
                if number == 1:
                    renamed = _RENAMED.get(_version(path, line), {})
                    line["format"] = FORMAT
                elif "do" in line:
                    kind, *rest = line["do"].split(" ", 1)
                    line["do"] = " ".join((renamed.get(kind, kind), *rest))
                yield line
    except OSError as error:
        raise UsageError(f"{path}: expected a trace, but it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: expected a trace in UTF-8, got other bytes at {error.start}") from error


def _parsed(path: Path, number: int, text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}: line {number}: expected a JSON object, but {error.msg}") from error
    if not isinstance(line, dict) or "line" not in line:
        raise UsageError(f"{path}: line {number}: expected a JSON object with the key 'line', got {text[:_SHOWN]!r}")
    return line


def _version(path: Path, head: dict[str, Any]) -> int:
    version = head.get("format")
    if head.get("churn") != "trace" or not isinstance(version, int):
        raise UsageError(f"{path}: line 1: expected the head of a trace, got {str(head)[:_SHOWN]}")
    if not 1 <= version <= FORMAT:
        raise UsageError(f"{path}: expected a trace of format 1 to {FORMAT}, got {version}: it needs another Churn")
    return version


_SHOWN = 60
"""Characters of what was found instead that a message shows."""


@contextmanager
def written(path: Path, head: dict[str, Any]) -> Iterator[Trace]:
    """A trace whose lines go to the file at `path`, its head first. A file that has no other line by the end is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(suppress(OSError))  # closing writes what could not be written before
        sink = stack.enter_context(path.open("w", encoding="utf-8"))
        trace = Trace(head, sink=sink)
        trace._write({"line": "head", "churn": "trace", "format": FORMAT, **head})  # noqa: SLF001 -- its own constructor
        try:
            yield trace
        finally:
            if trace.lines == 1:
                path.unlink(missing_ok=True)
