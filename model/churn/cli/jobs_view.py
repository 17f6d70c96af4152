"""What is shown of a campaign in jobs while it goes on: who does what, what is done, and bugs as they come."""

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define, field
from rich import box
from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from churn.farm.campaign import Farming
from churn.report.progress import Ticker

_MOST_SHOWN = 12
"""Jobs and workers of which a line is shown each; of more only how many there are."""


@define(eq=False)
class JobsView:
    """Shows it on a terminal by tables, elsewhere by a line for each job (verbose), or for each tenth of the budget."""

    ticker: Ticker
    _live: Live | None = field(init=False, default=None)
    _done: int = field(init=False, default=0)
    _tenth: int = field(init=False, default=0)

    @contextmanager
    def running(self) -> Iterator[None]:
        """While this lasts the tables are shown, if the console is a terminal."""
        if self.ticker.quiet or not self.ticker.console.is_terminal:
            yield
            return
        with Live(console=self.ticker.console, transient=True, auto_refresh=False) as self._live:
            try:
                yield
            finally:
                self._live = None

    def watch(self, farming: Farming) -> None:
        """Something has changed."""
        tally, charge = farming.head.tally, farming.commission
        if self._live is not None:
            self._live.update(_tables(farming), refresh=True)
        for number in range(self._done, tally.jobs):
            job = farming.head.given[number]
            self.ticker.line(f"job {job.id} ({job.part.kind.value}) is done", shown=self.ticker.verbose)
        self._done = tally.jobs
        seconds = charge.seconds if farming.head.cycled else None  # they count from then on
        used = farming.budget.used(charge.charge.operations, seconds)
        if int(used * 10) > self._tenth and self._live is None:
            self._tenth = int(used * 10)
            told = f"{used:.0%} of the budget: {tally.jobs} jobs, {tally.operations} operations, {len(farming.bugs)} bug(s)"
            self.ticker.line(told, shown=not self.ticker.quiet)


def _tables(farming: Farming) -> Group:
    clock, dispatch, tally = farming.dispatch.clock, farming.dispatch, farming.head.tally
    going = Table("job", "part", "for", box=box.SIMPLE, show_edge=False)
    for one in list(dispatch.going.values())[:_MOST_SHOWN]:
        part = one.job.part
        what = f"{part.kind.value}: {part.failing.signature}" if part.failing is not None else part.kind.value
        going.add_row(one.job.id, escape(what), f"{clock.now() - one.since:.0f} s")
    workers = Table("worker", "jobs", "steps", "failures", "busy", box=box.SIMPLE, show_edge=False)
    for share in sorted(tally.workers.values(), key=lambda one: -one.jobs)[:_MOST_SHOWN]:
        told = (str(share.jobs), str(share.steps), str(share.failures), f"{share.seconds:.0f} s")
        workers.add_row(escape(share.worker), *told)
    line = (
        f"{len(dispatch.going)} of {dispatch.host.workers} workers busy, {tally.jobs} jobs done, {len(tally.workers)} workers so "
        f"far; {tally.operations} operations; {len(farming.bugs)} bug(s)"
    )
    return Group(line, going, workers)
