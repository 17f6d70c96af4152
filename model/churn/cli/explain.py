"""`churn explain`: what a name means that stands in a report, a file or a message."""

from collections.abc import Iterator

import rich_click as click

from churn.cli.guide import show
from churn.cli.options import completing
from churn.explain import Meaning, Sort, explained, meanings


@click.command()
@click.argument("name", required=False, shell_complete=completing(lambda: (one.name for one in meanings())))
def explain(name: str | None) -> None:
    """Explain an invariant, operation, contract key, pace, naming, defect or fault by its NAME, or list them.

    Exit codes: 0 it was explained, 2 there is nothing of that name.
    """
    show("\n\n".join(_sections() if name is None else map(_section, explained(name))))


def _sections() -> Iterator[str]:
    known = meanings()
    for sort in Sort:
        yield f"## {sort.value}s\n\n" + "\n".join(f"- {one.name}: {_first(one)}" for one in known if one.sort is sort)
    yield "Explain one with `churn explain NAME`."


def _first(meaning: Meaning) -> str:
    """The first sentence of what is said."""
    paragraph = meaning.says.partition("\n\n")[0]
    return f"{paragraph.partition('. ')[0].rstrip('.')}."


def _section(meaning: Meaning) -> str:
    facts = "\n".join(f"- **{heading}**: {line}" for heading, line in meaning.facts)
    return f"# {meaning.name} ({meaning.sort.value})\n\n{meaning.says}\n\n{facts}"
