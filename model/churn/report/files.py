"""The report on disk: HTML, Markdown, JSON and further formats, each written aside and renamed."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from churn.report.data import TRACE, as_data
from churn.report.html import html
from churn.report.junit import junit
from churn.report.markdown import markdown
from churn.report.sarif import sarif
from churn.report.sequences import sequences
from churn.report.values import Summary
from churn.visible import harmless_json

USUAL = ("html", "md", "json")
"""The formats of every report."""


def save(summary: Summary, folder: Path, formats: Iterable[str] = (), trace: Path | None = None) -> Path:
    """Write the report to `folder`, in the usual formats and in these; the path of `report.md`.

    `trace` is the run's trace, by default that of the folder; the page shows the sequences in it.
    Raises `OSError`; what could be written is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    problem: OSError | None = None
    for name in dict.fromkeys((*USUAL, *formats)):
        file, made = FILES[name]
        try:
            write(folder / file, made(summary, trace or folder / TRACE))
        except OSError as error:
            problem = error
    if problem is not None:
        raise problem
    return folder / FILES["md"][0]


def write(path: Path, text: str) -> Path:
    """Write a file aside and rename it, so that nobody ever reads half of one. Raises `OSError`; then nothing is left of it."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(text, encoding="utf-8")
        return aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def _json(summary: Summary) -> str:
    return harmless_json(json.dumps(as_data(summary), indent=2, ensure_ascii=False)) + "\n"


FILES: Mapping[str, tuple[str, Callable[[Summary, Path], str]]] = {
    "html": ("report.html", lambda summary, trace: html(summary, sequences(trace))),
    "md": ("report.md", lambda summary, _: markdown(summary)),
    "json": ("report.json", lambda summary, _: _json(summary)),
    "junit": ("junit.xml", lambda summary, _: junit(summary)),
    "sarif": ("report.sarif", lambda summary, _: sarif(summary)),
}
"""The formats by their names: the file of each, and what makes it of the report and the path of the trace."""
