"""`churn explore`: every sequence up to a depth, shortest first, each joint state once."""

import os
import sys
from itertools import islice
from pathlib import Path

import rich_click as click
from rich import box
from rich.markup import escape
from rich.table import Table

from churn import __version__
from churn.assembly import Target, assembled
from churn.campaign import reproducer_of
from churn.cli.settings import FAILED, PASSED
from churn.explore.exhaustive import Level, Search
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
@click.option("--exhaustive", "depth", type=click.IntRange(1), required=True, help="Steps of the longest sequences.")
@click.option("--services", type=click.IntRange(1, 3), default=2, show_default=True, help="Services in a sequence.")
@click.option("--naming", type=click.Choice([one.value for one in Naming]), default=Naming.PLAIN.value, show_default=True,
              help="What the services are called.")  # fmt: skip
@click.option("--faults/--no-faults", default=True, help="Whether servers are made to misbehave.")
@click.option("--defect", "defects", multiple=True, metavar="NAME", help="Plant a known bug; see: churn defects.")
@click.option("--reproducers", type=click.Path(path_type=Path), help="Where the shortest failure of each look is kept.")
def explore(
    depth: int, services: int, naming: str, *, faults: bool, defects: tuple[str, ...], reproducers: Path | None
) -> None:
    """Try every sequence up to a depth on the emulated engine: what fails first is a shortest failure there is.

    Exit codes: 0 nothing failed, 1 something did, 2 it could not run.
    """
    console = VisibleConsole(highlight=False)
    target = Target(defects=defects, environ=dict(os.environ))
    with assembled(target) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        search = Search(session, service_names(services), Naming(naming), faults=faults)
        with console.status("searching"):
            levels = list(islice(search.levels(), depth))
    console.print(_table(levels))
    bugs = _distinct(levels)
    for bug in bugs:
        console.print(f"\n[red]{escape(str(bug.signature))}[/]")
        console.print(escape(as_code("exhaustive", bug.failing.names, bug.failing.sequence)), soft_wrap=True)
        if reproducers is not None:
            path = save(reproducer_of(bug, target, f"churn {__version__}, exhaustive search"), reproducers)
            console.print(f"kept: churn replay {path}", soft_wrap=True)
    sys.exit(FAILED if bugs else PASSED)


def _distinct(levels: list[Level]) -> list[Bug]:
    """The shortest failure of each fingerprint."""
    found: dict[Fingerprint, Bug] = {}
    for level in levels:
        for bug in level.failures:
            found.setdefault(bug.failing.fingerprint, bug)
    return list(found.values())


def _table(levels: list[Level]) -> Table:
    table = Table("depth", "steps tried", "new joint states", "failures", box=box.SIMPLE, show_edge=False)
    for level in levels:
        table.add_row(str(level.depth), str(level.steps), str(level.states), str(len(level.failures)))
    return table
