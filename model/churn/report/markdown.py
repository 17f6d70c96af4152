"""The report as Markdown. What managers and engines said stands in it as text, whatever they said."""

import re
from itertools import chain
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from churn.lifecycle.outcome import Evidence
from churn.report.values import BugReport, Summary
from churn.visible import on_one_line, visible


def markdown(summary: Summary) -> str:
    """The report as one Markdown document."""
    return _ENVIRONMENT.get_template("report.md.jinja").render(summary=summary, whole=False)


def bug_as_markdown(bug: BugReport, place: int, *, whole: bool = False) -> str:
    """One bug as a text. The `whole` can be pasted where people report bugs: it brings its script and its test along."""
    return _ENVIRONMENT.get_template("bug.md.jinja").render(bug=bug, place=place, whole=whole)


def _plain(value: object) -> str:
    """A sentence on one line, in which nothing is a link, a picture, HTML or code."""
    return _MARKS.sub(r"\\\g<0>", on_one_line(str(value)))


def _code(value: object) -> str:
    """Text on one line as code: between more backticks than are in it."""
    text = on_one_line(str(value))
    bounds = _longer_than(_runs(text), 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{bounds}{space}{text}{space}{bounds}"


def _block(value: object) -> str:
    """Lines as a block of code: its fences are longer than any in it."""
    text = visible(str(value)).strip("\n")
    fence = _longer_than(_runs(text), 3)
    return f"{fence}\n{text}\n{fence}"


def _session(shown: Any) -> str:
    """Commands and what they printed, as a terminal has them."""
    return "\n".join(chain.from_iterable(map(_lines, shown)))


def _lines(evidence: Evidence) -> list[str]:
    note = "" if evidence.ran else "   (not run: the same facts were read directly)"
    return [f"$ {evidence.command}{note}", *([evidence.output] if evidence.output else [])]


def _seen(bug: BugReport) -> tuple[Evidence, ...]:
    """The evidence of a bug: what its command printed, and what was shown after it."""
    return (Evidence(bug.command.command, bug.command.output), *bug.shown) if bug.command.output else bug.shown


def _runs(text: str) -> int:
    """The length of the longest run of backticks in a text."""
    return max(map(len, _BACKTICKS.findall(text)), default=0)


def _longer_than(run: int, least: int) -> str:
    return "`" * max(run + 1, least)


_MARKS = re.compile(r"[\\`*\[\]<|]")
_BACKTICKS = re.compile("`+")
_ENVIRONMENT = Environment(
    loader=PackageLoader("churn.report", "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 -- Markdown, not HTML; what others said goes through the filters below
)
_ENVIRONMENT.filters |= {"plain": _plain, "code": _code, "block": _block, "session": _session, "seen": _seen}
