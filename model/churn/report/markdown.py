"""The report as Markdown."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from churn.report.values import Summary

_ENVIRONMENT = Environment(
    loader=PackageLoader("churn.report", "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 -- Markdown, not HTML; fenced blocks keep what programs printed as it was
)


def markdown(summary: Summary) -> str:
    """The report as one Markdown document."""
    return _ENVIRONMENT.get_template("report.md.jinja").render(summary=summary)
