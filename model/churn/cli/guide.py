"""`churn guide`: the user guide, which travels with the program."""

from importlib.resources import files

import rich_click as click
from rich.markdown import Markdown

from churn.cli.options import completing
from churn.errors import UsageError
from churn.nearest import nearest
from churn.report.console import VisibleConsole

TOPICS = (
    "start",
    "managers",
    "gallery",
    "aima",
    "pytest",
    "engine",
    "reproducers",
    "formats",
    "bugs",
    "farm",
    "safety",
    "glossary",
    "architecture",
    "extending",
    "benchmarks",
)
"""The pages, in the order in which somebody who is new may want them."""
_WIDEST = 100
"""Columns: longer lines are hard to read."""


@click.command()
@click.argument("topic", required=False, shell_complete=completing(lambda: TOPICS))
def guide(topic: str | None) -> None:
    """Show the user guide: its topics, or the page of one TOPIC.

    On a terminal it is laid out; elsewhere it is plain Markdown.
    """
    if topic is None:
        show(_contents())
        return
    if topic not in TOPICS:
        advice = nearest(topic, TOPICS, alike=0.6) or f"there are {', '.join(TOPICS)}"
        raise UsageError(f"expected a topic of the guide, got {topic!r}; {advice}")
    show(page(topic))


def page(topic: str) -> str:
    """The Markdown of that topic's page."""
    return files("churn").joinpath("guide", f"{topic}.md").read_text(encoding="utf-8")


def show(text: str) -> None:
    """Print Markdown: laid out on a terminal, as it is elsewhere."""
    console = VisibleConsole()
    if console.is_terminal:
        console.print(Markdown(text), width=min(console.width, _WIDEST))
    else:
        click.echo(text.rstrip())


def _contents() -> str:
    lines = (f"- **{topic}**: {_title(topic)}" for topic in TOPICS)
    return "\n".join(("# The guide to Churn", "", *lines, "", "Read one with `churn guide TOPIC`."))


def _title(topic: str) -> str:
    return page(topic).partition("\n")[0].removeprefix("# ")
