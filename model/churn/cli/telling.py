"""What a report is told by beside the terminal: its files, and what GitHub Actions shows."""

import contextlib
from collections.abc import Collection, Mapping
from pathlib import Path

import rich_click as click
from attrs import frozen

from churn.report.files import save
from churn.report.github import annotations, job_summary
from churn.report.values import Summary

GITHUB = "github"


@frozen(kw_only=True)
class Outlet:
    """Where a run's report goes: its folder, that of the reproducers, further formats, and the report whose bugs are known."""

    folder: Path
    reproducers: Path
    formats: tuple[str, ...] = ()
    baseline: Summary | None = None
    quiet: bool = False
    """Whether the terminal is told nothing but bugs and the verdict."""


def save_all(summary: Summary, folder: Path, formats: Collection[str], trace: Path | None = None) -> None:
    """Write the report's files, of the folder's own trace or of another. Raises `OSError`; what could be written is there."""
    save(summary, folder, [one for one in formats if one != GITHUB], trace)


def announce(summary: Summary, formats: Collection[str], environ: Mapping[str, str]) -> None:
    """Print annotations and add to the job's summary, where GitHub Actions runs this or it was asked for."""
    if GITHUB not in formats and environ.get("GITHUB_ACTIONS") != "true":
        return
    for line in annotations(summary):
        click.echo(line)
    if file := environ.get("GITHUB_STEP_SUMMARY"):
        with (
            contextlib.suppress(OSError),
            Path(file).open("a", encoding="utf-8") as sink,
        ):  # the report itself is elsewhere
            sink.write(job_summary(summary))
