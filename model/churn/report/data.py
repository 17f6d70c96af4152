"""The report as plain data, and back: `report.json`, and the last line of a trace."""

import json
from enum import Enum
from pathlib import Path
from typing import Any

from cattrs import BaseValidationError, Converter, transform_error

from churn.errors import UsageError
from churn.report.partial import from_steps
from churn.report.values import Summary
from churn.session.trace import REPORT, read

FORMAT = 2
TRACE, JSON = "trace.jsonl", "report.json"
_MOST_TOLD = 3
"""What is wrong in a file, so much of it is told."""


def as_data(summary: Summary) -> dict[str, Any]:
    """The report as plain data, with its format's version."""
    converter = Converter()
    converter.register_unstructure_hook(Enum, lambda value: value.value)
    return {"churn": "report", "format": FORMAT, "exit_code": summary.exit_code, **converter.unstructure(summary)}


def read_report(path: Path) -> Summary:
    """What a run came to: of its report's folder, its `trace.jsonl` or its `report.json`.

    A trace has all of it; of a run that was killed, what can be told by its steps. Raises `UsageError` where there is none.
    """
    if path.is_dir():
        path = path / TRACE if (path / TRACE).exists() else path / JSON
    if path.suffix != ".jsonl":
        return _summary(path, _parsed(path))
    lines = list(read(path))
    told = [line for line in lines if line["line"] == REPORT]
    return _summary(path, told[-1]) if told else from_steps(lines)


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: expected a report, but it cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path}: expected a report in JSON, but: {error}") from error


def _summary(path: Path, data: Any) -> Summary:
    if not isinstance(data, dict) or data.get("churn") != "report":
        raise UsageError(f"{path}: expected a report of Churn's, or a trace, got something else")
    if data.get("format") != FORMAT:
        raise UsageError(
            f"{path}: expected a report of format {FORMAT}, got {data.get('format')}: it needs another Churn"
        )
    try:
        return Converter().structure(data, Summary)
    except BaseValidationError as error:
        wrong = "; ".join(transform_error(error)[:_MOST_TOLD])
        raise UsageError(f"{path}: expected a report of format {FORMAT}, but: {wrong}") from error
