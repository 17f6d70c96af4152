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
from churn.keeping import reproducer_of
from churn.lifecycle.sequence import Naming, service_names
from churn.report.code import as_code
from churn.report.console import VisibleConsole
from churn.reproducers.file import save
from churn.session.budget import Budget
from churn.session.fingerprint import Fingerprint
from churn.session.session import Session
from churn.session.trace import Trace
from churn.shrink.bug import Bug
from churn.system.clock import RealClock


@click.command()
@click.option("--exhaustive", "depth", type=click.IntRange(1), help="Every sequence of up to so many steps.")
@click.option("--interrupts", is_flag=True, help="End each operation at each of its calls, and go on from there.")
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
    faults: bool,
    defects: tuple[str, ...],
    reproducers: Path | None,
) -> None:
    """Try every sequence up to a depth, or every moment at which the manager can be ended, on the emulated engine.

    With --exhaustive, what fails first is a shortest failure there is. With --interrupts, each operation of the manager is
    ended before and after each of its calls, and gone on from in four ways.

    Exit codes: 0 nothing failed, 1 something did, 2 it could not run.
    """
    _expect_one(depth, interrupts=interrupts)
    console = VisibleConsole(highlight=False)
    target = Target(defects=defects, environ=dict(os.environ), interrupts=interrupts)
    expect_known(target)
    with folders({} if reproducers is None else {"--reproducers": reproducers}):
        with assembled(target) as whole, console.status("searching"):
            session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
            if depth is None:
                swept = list(Sweep(session).cases())
                table, failures = _of_sweep(swept), [bug for one in swept for bug in one.failures]
            else:
                search = Search(session, service_names(services), Naming(naming), faults=faults)
                levels = list(islice(search.levels(), depth))
                table, failures = _of_levels(levels), [bug for level in levels for bug in level.failures]
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


def _expect_one(depth: int | None, *, interrupts: bool) -> None:
    if (depth is None) is not interrupts:
        raise click.UsageError("expected one of --exhaustive DEPTH and --interrupts, got both" if interrupts else
                               "expected --exhaustive DEPTH or --interrupts, got neither")  # fmt: skip


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


def _of_levels(levels: list[Level]) -> Table:
    table = Table("depth", "steps tried", "new joint states", "failures", box=box.SIMPLE, show_edge=False)
    for level in levels:
        table.add_row(str(level.depth), str(level.steps), str(level.states), str(len(level.failures)))
    return table
