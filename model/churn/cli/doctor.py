"""`churn doctor`: whether a run would find here what it needs."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import rich_click as click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from churn.cli.options import engine_option
from churn.cli.settings import FAILED
from churn.doctor import CheckFinding, CheckVerdict, Surroundings, examine, planned
from churn.report.console import VisibleConsole

_STYLES = {CheckVerdict.OK: "bold green", CheckVerdict.NOTE: "bold yellow", CheckVerdict.PROBLEM: "bold red"}


@click.command()
@engine_option("docker", "The container engine of the runs to come; the emulated one needs little.")
@click.option("--aima-bin", default="", metavar="PATH", help="AIMA's program.  [default: AIMA_BIN, else aima on PATH]")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
def doctor(*, engine: str, aima_bin: str, as_json: bool) -> None:
    """Look at what a run would meet here: engine, images, ports, leftovers, folders. Nothing on the engine is changed.

    Each check tells what was found: ok, a note (good to know), or a problem; and what to do about it.

    Exit codes: 0 no problem, 1 a problem, 2 bad arguments.
    """
    around = Surroundings(engine, dict(os.environ), Path("churn-report").absolute(), aima_bin)
    with planned(around) as checks:
        findings = tuple(examine(checks))
    if as_json:
        click.echo(json.dumps([_plain(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        _show(findings, VisibleConsole(highlight=False))
    if any(finding.verdict is CheckVerdict.PROBLEM for finding in findings):
        sys.exit(FAILED)


def _plain(finding: CheckFinding) -> dict[str, str]:
    return {
        "name": finding.name,
        "verdict": finding.verdict.value,
        "found": finding.found,
        "fix": finding.fix,
    }


def _show(findings: Sequence[CheckFinding], console: Console) -> None:
    table = Table(box=box.SIMPLE, show_edge=False)
    table.add_column("check")
    table.add_column("verdict")
    table.add_column("found, and how to fix it", overflow="fold")
    for finding in findings:
        fix = f"\n[bold]fix[/]  {escape(finding.fix)}" if finding.fix else ""
        verdict = f"[{_STYLES[finding.verdict]}]{finding.verdict.value}[/]"
        table.add_row(finding.name, verdict, f"{escape(finding.found)}{fix}")
    console.print(table)
    console.print(_summary(findings))


def _summary(findings: Sequence[CheckFinding]) -> str:
    problems, notes = (
        sum(finding.verdict is verdict for finding in findings) for verdict in (CheckVerdict.PROBLEM, CheckVerdict.NOTE)
    )
    style = _STYLES[CheckVerdict.PROBLEM if problems else CheckVerdict.OK]
    return (
        f"[{style}]{problems or 'no'} problem{'' if problems == 1 else 's'}[/], {notes} note{'' if notes == 1 else 's'}"
    )
