"""`churn schema`: the JSON Schemas of the files that Churn writes, which travel with the program."""

from importlib.resources import files

import rich_click as click

SCHEMAS = ("job", "report", "reproducer", "trace")


@click.command()
@click.argument("name", type=click.Choice(SCHEMAS))
def schema(name: str) -> None:
    """Print the JSON Schema of report.json, of a reproducer, of a line of trace.jsonl, or of a job of a campaign."""
    click.echo((files("churn") / "schemas" / f"{name}.json").read_text(encoding="utf-8"), nl=False)
