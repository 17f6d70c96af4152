"""What GitHub Actions shows of a run: annotations, which are lines that are printed, and a job summary in Markdown."""

from collections.abc import Iterator

from churn.lifecycle.invariants import Severity
from churn.report.markdown import markdown
from churn.report.values import BugReport, Mark, Summary
from churn.visible import visible

_MOST_SUMMARY = 900_000
"""Bytes of a job summary: GitHub refuses one of more than a mebibyte."""


def annotations(summary: Summary) -> Iterator[str]:
    """A line for each bug, and for each criterion that could not be told."""
    for place, bug in enumerate(summary.bugs, 1):
        yield _line(_kind(bug), f"Bug {place} ({bug.severity}{', known' if bug.accepted else ''})", _told(bug))
    for one in summary.criteria:
        if one.mark is Mark.UNKNOWN:
            yield _line("warning", f"Criterion {one.number} could not be told", "; ".join(one.reasons) or one.text)


def job_summary(summary: Summary) -> str:
    """The report, short of what a job summary may not hold."""
    text = markdown(summary)
    kept = text.encode()[:_MOST_SUMMARY].decode(errors="ignore")
    return text if kept == text else f"{kept}\n\nThe report goes on in report.md.\n"


def _kind(bug: BugReport) -> str:
    return "notice" if bug.accepted or bug.severity == Severity.LOW.value else "error"


def _told(bug: BugReport) -> str:
    again = f"\nRun it again: {bug.kept.replay}" if bug.kept is not None else ""
    return f"{bug.sentence}{again}"


def _line(kind: str, title: str, text: str) -> str:
    """A workflow command. What steers it is spelled out, in its title and in its text."""
    escaped = visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{kind} title={visible(title).replace('%', '%25').replace(':', '%3A').replace(',', '%2C')}::{escaped}"
