"""`churn report` and `churn diff`: what runs came to, once more, from what they have left."""

import os
import sys
from pathlib import Path

import rich_click as click

from churn.cli.options import baseline_option, format_option
from churn.cli.places import folders
from churn.cli.telling import announce, save_all
from churn.report.comparing import accepting
from churn.report.console import VisibleConsole
from churn.report.data import TRACE, read_report
from churn.report.terminal import show


@click.command()
@click.argument("report", type=click.Path(exists=True, path_type=Path), metavar="DIR|FILE")
@format_option()
@baseline_option()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where it goes; by default where the trace is.",
)
def report(report: Path, formats: tuple[str, ...], baseline: Path | None, out: Path | None) -> None:
    """Make the report of a run again, in any format, from its trace alone: the folder of a report, or its trace.jsonl.

    Of a run that was killed there is what its steps tell. Exit codes: those of the run.
    """
    folder = out or (report if report.is_dir() else report.parent)
    known = read_report(baseline) if baseline is not None else None
    summary = accepting(read_report(report), known)
    with folders({"--out": folder}):
        save_all(summary, folder, formats, report / TRACE if report.is_dir() else report)
    show(summary, VisibleConsole(highlight=False), folder)
    announce(summary, formats, os.environ)
    sys.exit(summary.exit_code)
