"""The report as one HTML file that needs nothing else: no network, no other file. What others said stands in it as text."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from churn.report.chart import WIDTH, chart
from churn.report.lanes import groups
from churn.report.markdown import bug_as_markdown
from churn.report.values import Summary
from churn.report.words import OPERATIONS_TOLD, label
from churn.visible import both_ends, visible

_MOST_EVIDENCE = 20_000
"""Characters of one piece of evidence that are shown."""


def html(summary: Summary, sequences: str = "") -> str:
    """The report as one page. `sequences` are those of the trace, as `churn.report.sequences` packs them."""
    return _ENVIRONMENT.get_template("report.html.jinja").render(
        summary=summary,
        chart=chart(summary.graph),
        chart_width=WIDTH,
        operations=OPERATIONS_TOLD,
        sequences=Markup(sequences),  # noqa: S704 -- JSON that is made safe where it is made
    )


def _shown(value: object) -> object:
    """Text of others is spelled out where it would steer the reader's eye; what is markup already stays as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < _PRECISE else f"{value:.0f} s" if value < _LONG else f"{value / 60:.1f} min"


_PRECISE, _LONG = 10.0, 600.0
_ENVIRONMENT = Environment(
    loader=PackageLoader("churn.report", "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=True,
    finalize=_shown,
)
_ENVIRONMENT.filters |= {
    "groups": groups,
    "label": label,
    "engine": lambda word: {"emulated": "an emulated container engine", "docker": "Docker"}.get(word, word),
    "manager": lambda name: (
        "Churn's own reference manager" if name == "reference" else "AIMA" if name == "aima" else name
    ),
    "markdown": lambda bug, place: bug_as_markdown(bug, place, whole=True),
    "seconds": _seconds,
    "cut": lambda text: both_ends(text, _MOST_EVIDENCE),
}
