"""`churn explore`: every sequence up to a depth, shortest first; or an end of the manager at each call of its operations."""

import os
import sys
from itertools import islice
from pathlib import Path

import rich_click as click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from churn import __version__
from churn.assembly import Target, assembled, expect_known
from churn.cli.options import defect_option, reproducers_option, services_option
from churn.cli.places import folders
from churn.cli.settings import FAILED, PASSED
from churn.explore.exhaustive import Level, Search
from churn.explore.interrupts import Sweep, Swept
from churn.explore.together import Clashes, Tried, clashes
from churn.keeping import reproducer_of
from churn.lifecycle.sequence import Naming, service_names
from churn.report.code import as_code
from churn.report.console import VisibleConsole
from churn.reproducers.file import save
from churn.session.budget import Budget
from churn.session.failing import Failing
from churn.session.fingerprint import Fingerprint
from churn.session.session import Session
from churn.session.trace import Trace
from churn.shrink.bug import Bug
from churn.system.clock import RealClock


@click.command()
@click.option("--exhaustive", "depth", type=click.IntRange(1), help="Every sequence of up to so many steps.")
@click.option("--interrupts", is_flag=True, help="End each operation at each of its calls, and go on from there.")
@click.option("--together", is_flag=True, help="Let two clients ask at once, by every schedule of up to two turns.")
@services_option("Services in a sequence.")
@click.option("--naming", type=click.Choice([one.value for one in Naming]), default=Naming.PLAIN.value, show_default=True,
              help="What the services are called.")  # fmt: skip
@click.option("--faults/--no-faults", default=True, help="Whether servers are made to misbehave.")
@defect_option()
@reproducers_option("Where the shortest failure of each look is kept.")
def explore(
    depth: int | None,
    services: int,
    naming: str,
    *,
    interrupts: bool,
    together: bool,
    faults: bool,
    defects: tuple[str, ...],
    reproducers: Path | None,
) -> None:
    """Try every sequence up to a depth, every moment to end the manager at, or every way in which two clients clash.

    With --exhaustive, what fails first is a shortest failure there is. With --interrupts, each operation of the manager is
    ended before and after each of its calls, and gone on from in four ways. With --together, each pair of a create, a start,
    a stop and a list is asked for at once, in each state of the service: before up to two of the manager's calls the other
    client goes on instead. All of it is on the emulated engine.

    Exit codes: 0 nothing failed, 1 something did, 2 it could not run.
    """
    _expect_one(depth, interrupts=interrupts, together=together)
    console = VisibleConsole(highlight=False)
    target = Target(defects=defects, environ=dict(os.environ), interrupts=interrupts, together=together)
    expect_known(target)
    with folders({} if reproducers is None else {"--reproducers": reproducers}):
        with assembled(target) as whole, console.status("searching"):
            session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
            table, failures = (
                _of_clients(session)
                if together
                else _of_interrupts(session)
                if depth is None
                else _of_depth(Search(session, service_names(services), Naming(naming), faults=faults), depth)
            )
        console.print(table)
        bugs = _distinct(failures)
        for bug in bugs:
            _tell(bug, target, reproducers, console)
    sys.exit(FAILED if bugs else PASSED)


def _tell(bug: Bug, target: Target, reproducers: Path | None, console: Console) -> None:
    console.print(f"\n[red]{escape(str(bug.signature))}[/]")
    console.print(escape(as_code("explored", bug.failing.names, bug.failing.sequence)), soft_wrap=True)
    if reproducers is not None:
        path = save(reproducer_of(bug, target, f"churn {__version__}, complete search"), reproducers)
        console.print(escape(f"kept: churn replay {path}"), soft_wrap=True)


def _of_clients(session: Session) -> tuple[Table, list[Bug]]:
    failures: list[Bug] = []
    pairs = Clashes(session, lambda failing: failures.append(_clashed(failing, session)))
    return _of_clashes([pairs.run(one) for one in clashes(session.contract.possible)]), failures


def _of_interrupts(session: Session) -> tuple[Table, list[Bug]]:
    swept = list(Sweep(session).cases())
    return _of_sweep(swept), [bug for one in swept for bug in one.failures]


def _of_depth(search: Search, depth: int) -> tuple[Table, list[Bug]]:
    levels = list(islice(search.levels(), depth))
    return _of_levels(levels), [bug for level in levels for bug in level.failures]


def _clashed(failing: Failing, session: Session) -> Bug:
    return Bug(failing=failing, minimal=False, runs=1, record=session.current.last)


def _expect_one(depth: int | None, *, interrupts: bool, together: bool) -> None:
    given = (depth is not None) + interrupts + together
    if given != 1:
        raise click.UsageError("expected one of --exhaustive DEPTH, --interrupts and --together, "
                               f"got {'none' if given == 0 else 'several'}")  # fmt: skip


def _distinct(failures: list[Bug]) -> list[Bug]:
    """The first failure of each fingerprint."""
    found: dict[Fingerprint, Bug] = {}
    for bug in failures:
        found.setdefault(bug.failing.fingerprint, bug)
    return list(found.values())


def _of_sweep(swept: list[Swept]) -> Table:
    table = Table("operation", "calls", "sequences", "failures", box=box.SIMPLE, show_edge=False)
    for one in swept:
        table.add_row(one.case.title, str(one.calls), str(one.runs), str(len(one.failures)))
    return table


def _of_clashes(tried: list[Tried]) -> Table:
    table = Table("at once", "after", "schedules", "failures", box=box.SIMPLE, show_edge=False)
    for one in tried:
        after = ", ".join(map(str, one.clash.before)) or "nothing"
        table.add_row(" | ".join(map(str, one.clash.block.operations)), after, str(one.schedules), str(one.failures))
    return table


def _of_levels(levels: list[Level]) -> Table:
    table = Table("depth", "steps tried", "new joint states", "failures", box=box.SIMPLE, show_edge=False)
    for level in levels:
        table.add_row(str(level.depth), str(level.steps), str(level.states), str(len(level.failures)))
    return table
