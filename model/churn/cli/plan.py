"""`churn run --plan`: what would be done in a budget, printed without a system."""

from rich import box
from rich.console import Console
from rich.table import Table

from churn.assembly import Target, contract_of, costs_of
from churn.campaign import Plan, planner_of
from churn.explore.preview import preview


def show_plan(target: Target, plan: Plan, seconds: float, console: Console) -> None:
    """Print the sequences that the planner would do after the cycles, and when each would begin."""
    planner = planner_of(plan, contract_of(target), costs_of(target))
    table = Table("after", "promise", "names", "steps", box=box.SIMPLE, show_edge=False)
    for one in preview(planner, seconds):
        steps = "; ".join(map(str, one.steps))
        table.add_row(f"{one.begins:.0f} s", f"{one.rate:.2f}/s", one.naming.value, steps)
    console.print(f"What a search of {seconds:g} s would do after the five cycles, if all goes as the model expects:")
    console.print(table)
    console.print(
        "Durations are guesses until operations were done: a start 7 s, one that never gets healthy 60 s, a stop 3 s. "
        "A run plans anew from where the system really is, settles what fails, and has random sequences in between."
    )
