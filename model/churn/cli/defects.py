"""`churn defects`: the known bugs that can be planted."""

import rich_click as click
from rich import box
from rich.table import Table

from churn.report.console import VisibleConsole
from churn.system.managers.defects import DEFECTS


@click.command()
def defects() -> None:
    """List the known lifecycle bugs that `churn run --defect NAME` plants in the reference manager."""
    table = Table(box=box.SIMPLE, show_edge=False)
    for heading in ("name", "what a user would see", "stands for"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "name")
    for defect in DEFECTS.values():
        table.add_row(defect.name, defect.symptom, defect.stands_for)
    VisibleConsole(highlight=False).print(table)
