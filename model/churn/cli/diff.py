"""`churn diff`: two runs beside each other."""

import sys
from collections.abc import Iterable
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.markup import escape

from churn.cli.settings import FAILED, PASSED
from churn.report.comparing import compared
from churn.report.console import VisibleConsole
from churn.report.data import read_report
from churn.report.values import BugReport


@click.command()
@click.argument("old", type=click.Path(exists=True, path_type=Path))
@click.argument("new", type=click.Path(exists=True, path_type=Path))
def diff(old: Path, new: Path) -> None:
    """Hold a run against an earlier one: which bugs are new, which are gone, which stay. Both are reports' folders or files.

    Exit codes: 0 no bug is new, 1 some are, 2 a report could not be read.
    """
    console = VisibleConsole(highlight=False)
    found = compared(read_report(old), read_report(new))
    _tell(console, "new", "red", found.new)
    _tell(console, "gone", "green", found.gone)
    _tell(console, "staying", "yellow", found.staying)
    sys.exit(FAILED if found.new else PASSED)


def _tell(console: Console, word: str, style: str, bugs: Iterable[BugReport]) -> None:
    told = list(bugs)
    console.print(f"[{style}]{word}[/]: {len(told) or 'none'}")
    for bug in told:
        console.print(escape(f"  {bug.severity}: {bug.sentence}"), soft_wrap=True)
        if bug.kept is not None:
            console.print(escape(f"    {bug.kept.replay}"), soft_wrap=True)
