"""What is shown while a run goes on: how far it is, what it does, what it has found, and what it has tried of the model."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from attrs import define, field
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Column

from churn.explore.coverage import Coverage
from churn.lifecycle.paths import Pair
from churn.report.words import sentence, surely
from churn.session.budget import Budget
from churn.session.run import Record
from churn.shrink.bug import Bug
from churn.system.clock import Clock, RealClock
from churn.visible import on_one_line

_TENTHS = 10
_WIDTH = 20
"""Columns of the bar."""


@define(eq=False, kw_only=True)
class Ticker:
    """Shows it on a terminal by a bar, elsewhere by a plain line for each part and for each tenth of the budget.

    `quiet`: by nothing but a line for each bug. `verbose`: by a line for each step, too. A `log` gets all these lines, with the
    seconds since the beginning.
    """

    console: Console
    quiet: bool = False
    verbose: bool = False
    log: IO[str] | None = None
    clock: Clock = field(factory=RealClock)
    _began: float = field(init=False)
    _part: str = field(init=False, default="")
    _bugs: int = field(init=False, default=0)
    _tenth: int = field(init=False, default=0)
    _last: Record | None = field(init=False, default=None)
    _tried: set[Pair] = field(init=False, factory=set)
    _progress: Progress | None = field(init=False, default=None)
    _watched: tuple[Budget, Coverage, int | None, float | None] | None = field(init=False, default=None)

    @_began.default
    def _now(self) -> float:
        return self.clock.now()

    @contextmanager
    def running(self) -> Iterator[None]:
        """While this lasts a bar is shown, if the console is a terminal."""
        if self.quiet or not self.console.is_terminal:
            yield
        else:
            told = TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1))
            columns = (SpinnerColumn(), BarColumn(_WIDTH), TaskProgressColumn(), told, TimeElapsedColumn())
            with Progress(*columns, console=self.console, transient=True, expand=True) as self._progress:
                self._progress.add_task("starting", total=1.0)
                try:
                    yield
                finally:
                    self._progress = None
        self._ended()

    def follow(self, budget: Budget, coverage: Coverage, operations: int | None, seconds: float | None) -> None:
        """What the bar is about: a budget of so many operations and seconds (None: no limit), and a model's coverage."""
        self._watched = budget, coverage, operations, seconds

    def announce(self, part: str) -> None:
        """A part begins."""
        self._ended()
        self._part = part
        self.line(f"running: {part}", shown=not (self.quiet or self.console.is_terminal))

    def told(self, bug: Bug) -> None:
        """A bug is sure: it is told at once, in a line, and in full at the end."""
        self._bugs += 1
        said = sentence(bug.record) if bug.record is not None and bug.record.objections else str(bug.signature)
        steps = "; ".join(map(str, bug.steps))
        self.line(f"found: {said}. By: {steps}. {surely(bug)}", shown=True)

    def step(self, record: Record) -> None:
        """A step begins; the one before it has ended."""
        self._ended()
        self._last = record
        if self._watched is None:
            return
        budget, coverage, operations, seconds = self._watched
        pair = coverage.pair(record)
        if pair is not None:
            self._tried.add(pair)
        used = budget.used(operations, seconds)
        if self._progress is not None:
            told = f"{self._part}: step {record.number}: {escape(str(record.step))}; {self._found()}"
            self._progress.update(self._progress.task_ids[0], completed=used, description=told)
        elif int(used * _TENTHS) > self._tenth:
            self._tenth = int(used * _TENTHS)
            self.line(f"{used:.0%} of the budget: step {record.number}; {self._found()}", shown=not self.quiet)

    def _found(self) -> str:
        assert self._watched is not None, "its caller has looked"  # noqa: S101 -- as above
        share = len(self._tried) / max(1, self._watched[1].total)
        return f"{self._bugs} bug{'' if self._bugs == 1 else 's'}, {share:.0%} of the model tried"

    def _ended(self) -> None:
        """The last step is over: what came of it."""
        last, self._last = self._last, None
        if last is None or not (self.verbose or self.log is not None):
            return
        kind = type(last.outcome).__name__.lower() if last.outcome is not None else "not done"
        told = f"step {last.number} ({self._part}): {last.step}: {kind} after {last.took:.2f} s: {last.verdict.value}"
        self.line("; ".join((told, *(f"{one.invariant}: {one.seen}" for one in last.objections))), shown=self.verbose)

    def line(self, text: str, *, shown: bool) -> None:
        """A line for the log, and if `shown` for the console."""
        if shown:
            self.console.print(escape(text), soft_wrap=True)
        if self.log is not None:
            with suppress(OSError):  # a full disk does not end a run
                self.log.write(f"{self.clock.now() - self._began:9.3f} {on_one_line(text)}\n")
                self.log.flush()
