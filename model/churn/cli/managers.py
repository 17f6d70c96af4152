"""`churn managers`: the gallery, descriptions of managers that come with Churn."""

import shutil

import rich_click as click
from rich import box
from rich.markup import escape
from rich.table import Table

from churn.cli.options import completing
from churn.errors import UsageError
from churn.nearest import nearest
from churn.report.console import VisibleConsole
from churn.system.managers.command import read
from churn.system.managers.gallery import gallery


@click.group(invoke_without_command=True)
@click.pass_context
def managers(ctx: click.Context) -> None:
    """List the managers whose descriptions come with Churn: `churn run --manager NAME` tests one.

    A manager is here if its program is on PATH.
    """
    if ctx.invoked_subcommand is not None:
        return
    table = Table(box=box.SIMPLE, show_edge=False)
    for heading in ("name", "here", "what it is", "tried with"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "name")
    for name, path in gallery().items():
        about = read(path).about
        here = "yes" if all(map(shutil.which, about.probe[:1])) else "no"
        table.add_row(name, here, escape(about.summary), escape("; ".join(about.versions)))
    VisibleConsole(highlight=False).print(table)


@managers.command()
@click.argument("name", shell_complete=completing(lambda: gallery()))
def show(name: str) -> None:
    """Print the description NAME: a file that you may change, and name with --manager."""
    path = gallery().get(name)
    if path is None:
        advice = nearest(name, gallery()) or f"there are {', '.join(gallery())}"
        raise UsageError(f"expected a name of the gallery, got {name!r}; {advice}")
    click.echo(path.read_text(encoding="utf-8"), nl=False)
