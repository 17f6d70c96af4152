"""The report on disk: Markdown and JSON, each written aside and renamed."""

import json
import os
from enum import Enum
from pathlib import Path
from typing import Any

from cattrs import Converter

from churn.lifecycle.operations import Step
from churn.report.html import html
from churn.report.markdown import markdown
from churn.report.values import Summary
from churn.visible import harmless_json

FORMAT = 2


def save(summary: Summary, folder: Path) -> Path:
    """Write `report.html`, `report.md` and `report.json` to `folder`; the second's path.

    Raises `OSError`; what could be written is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        write(folder / "report.html", html(summary))
        return write(folder / "report.md", markdown(summary))
    finally:
        data = json.dumps(as_data(summary), indent=2, ensure_ascii=False)
        write(folder / "report.json", harmless_json(data) + "\n")


def write(path: Path, text: str) -> Path:
    """Write a file aside and rename it, so that nobody ever reads half of one. Raises `OSError`; then nothing is left of it."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(text, encoding="utf-8")
        return aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def as_data(summary: Summary) -> dict[str, Any]:
    """The report as plain data, with its format's version."""
    converter = Converter()
    converter.register_unstructure_hook(Enum, lambda value: value.value)
    converter.register_unstructure_hook(Step, lambda step: {"do": str(step.operation), "pace": step.pace.value})
    return {"churn": "report", "format": FORMAT, "exit_code": summary.exit_code, **converter.unstructure(summary)}
