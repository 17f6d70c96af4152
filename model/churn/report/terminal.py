"""The report on the terminal."""

from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from churn.report.values import BugReport, Mark, Summary
from churn.visible import both_ends

_STYLES = {Mark.PASS: "bold green", Mark.FAIL: "bold red", Mark.UNKNOWN: "bold yellow"}
_MOST_BUGS = 5
_MOST_LINES, _MOST_CHARACTERS = 6, 500
"""Lines of a kind that the terminal shows, and characters of one that a program printed; the report on disk has all."""


def show(summary: Summary, console: Console, folder: Path | None, *, quiet: bool = False) -> None:
    """Print the report; `folder` is where the whole of it is. `quiet`: only that, and the verdict."""
    if not quiet:
        _show_whole(summary, console)
    if folder is not None:
        console.print(
            escape(f"Report: {folder / 'report.html'} (also report.md, report.json, trace.jsonl)"),
            soft_wrap=True,
            highlight=False,
        )
    early = (
        ", interrupted," if summary.interrupted else ", but only of bugs that are known," if summary.nothing_new else ""
    )
    console.print(f"[{_STYLES[summary.mark]}]{summary.mark.value}[/]{early} with exit code {summary.exit_code}")


def _show_whole(summary: Summary, console: Console) -> None:
    console.print(_criteria(summary))
    for place, bug in enumerate(summary.bugs[:_MOST_BUGS], 1):
        console.print(_bug(place, bug))
    if len(summary.bugs) > _MOST_BUGS:
        console.print(f"… and {len(summary.bugs) - _MOST_BUGS} more bugs, in the report")
    for line in _closing(summary):
        console.print(line)


def _criteria(summary: Summary) -> Table:
    title = escape(f"{summary.head['manager']} on {summary.head['engine']}, seed {summary.head['seed']}")
    table = Table(box=box.SIMPLE, title=title, title_justify="left", show_edge=False)
    table.add_column("", justify="right")
    table.add_column("success criterion")
    table.add_column("verdict")
    table.add_column("why", overflow="fold")
    for criterion in summary.criteria:
        why = criterion.reasons[0] if criterion.reasons else f"{criterion.looks} looks, nothing to object to"
        mark = f"[{_STYLES[criterion.mark]}]{criterion.mark.value}[/]"
        against = f"bug {', '.join(map(str, criterion.bugs))}: " if criterion.bugs else ""
        explored = criterion.explored.value if criterion.explored is not None else "not run"
        verdicts = f"{mark}\n(cycles {criterion.cycles.value}, explored {explored})"
        table.add_row(str(criterion.number), criterion.text, verdicts, escape(against + why))
    return table


def _bug(place: int, bug: BugReport) -> Panel:
    lines = [
        f"{escape(bug.sentence)}",
        f"[bold]criterion[/]     {', '.join(map(str, bug.criteria))}; {bug.severity}, because {bug.because}",
        f"[bold]expected[/]      {escape(bug.expected)}",
        f"[bold]actual[/]        {escape(bug.actual)}",
        f"[bold]command[/]       {escape(bug.command.command) or 'none: nothing was asked'}",
        *(f"[bold]look[/]          {escape(one.command)}{'' if one.ran else ' (not run)'}" for one in bug.shown[:1]),
        *(f"              {escape(line)}" for one in bug.shown[:1] for line in _beginning(one.output)),
        *([f"[bold]likely cause[/]  {escape(bug.cause)}"] if bug.cause else []),
        *([f"[bold]fix[/]           {escape(bug.fix)}"] if bug.fix else []),
        *([f"[bold]if meant[/]      the contract's {' or '.join(bug.keys)} says so"] if bug.keys else []),
        f"[bold]scenario[/]      {escape(bug.said)}; {bug.naming} names; met {bug.count} time(s), in {', '.join(bug.parts)}",
        *(f"              {escape(step)}" for step in bug.scenario),
        *(f"[bold]besides[/]       {escape(line)}" for line in bug.besides),
        f"[bold]sure[/]          {escape(bug.sure)}",
        *([f"[bold]again[/]         {escape(bug.kept.replay)}"] if bug.kept is not None else []),
        *([f"[bold]script[/]        {escape(script)}"] if (script := _script(bug)) else []),
    ]
    known = ", known" if bug.accepted else ""
    return Panel(Group(*lines), title=escape(f"Bug {place} ({bug.severity}{known}): {bug.title}"), title_align="left")


def _beginning(output: str) -> Iterator[str]:
    """Its first lines, each as far as a terminal can bear."""
    return (both_ends(line, _MOST_CHARACTERS) for line in output.splitlines()[:_MOST_LINES])


def _script(bug: BugReport) -> str:
    """How to see it without Churn, or why that cannot be."""
    if bug.kept is None:
        return ""
    return f"sh {bug.kept.script}" if bug.kept.script else f"none: {bug.kept.no_script}"


def _closing(summary: Summary) -> Iterator[str]:
    times = summary.times
    virtual = " virtual:" if times.virtual else ""
    yield (
        f"Time: {times.total:.1f} s in all, {times.own:.1f} s of it in Churn itself;{virtual} {times.manager:.1f} s in the "
        f"manager, {times.waited:.1f} s waiting, {times.resets:.1f} s of resets; {times.operations} steps, "
        f"{times.looks} looks"
    )
    yield (
        f"Transition coverage: {summary.covered} of {summary.coverable} pairs of state and operation; "
        f"{summary.successive} of {summary.successions} pairs of consecutive transitions"
    )
    yield escape(f"Coverage: {summary.coverage}")
    if summary.lacking:
        yield f"Not offered by the manager, so not tested: {', '.join(summary.lacking)}"
    notes = [f"environment: {fault}" for fault in summary.faults] + list(summary.unexpected)
    yield f"Unexpected observations: {len(notes) or 'none'}"
    yield from (f"  - {escape(note)}" for note in notes[:_MOST_LINES])
    if len(notes) > _MOST_LINES:
        yield f"  - and {len(notes) - _MOST_LINES} more, in the report"
