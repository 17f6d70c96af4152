"""What commands share: exit codes, the environment, durations."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import rich_click as click

from churn.errors import UsageError

PASSED, FAILED, COULD_NOT_RUN, INCONCLUSIVE, INTERRUPTED = 0, 1, 2, 3, 130

_UNITS = {"s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType[float]):
    """Seconds, as ``90``, ``90s``, ``5m`` or ``1.5h``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds, or a usage error that says what was expected."""
        if isinstance(value, (int, float)):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", value)
        if found is None:
            self.fail(f"expected a duration such as 90s, 5m or 1h, got {value!r}", param, ctx)
        return float(found[1]) * _UNITS[found[2] or "s"]


def expect_writable(option: str, folder: Path) -> None:
    """Make the folder that an option names, before anything is run. Raises `UsageError` where nothing can be written there."""
    import tempfile  # slow to import, and every command comes by here

    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"{option} {folder}: expected a folder that can be written, but: {why}; name another"
        ) from error


@contextmanager
def logged(path: Path | None) -> Iterator[IO[str] | None]:
    """The file that an option names, open for lines; None where it names none. Raises `UsageError` where it cannot be written."""
    if path is None:
        yield None
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--log {path}: expected a file that can be written, but: {error.strerror}; name another"
        ) from error
    with file:
        yield file
