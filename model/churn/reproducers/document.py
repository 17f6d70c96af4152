"""A JSON file whose values are checked as they are asked for: what is wrong in it is told by file and place."""

import json
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from churn.errors import UsageError
from churn.visible import on_one_line

_ARTICLES: dict[type[Any], str] = {str: "a text", int: "a whole number", list: "a list", dict: "an object"}
_MOST_SHOWN = 60
"""Characters of a wrong value that are told."""


class Document:
    """The JSON object in the file at `path`, which has to have the key `key`. Raises `UsageError`, as its methods do."""

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        data = self._parsed()
        if not isinstance(data, dict) or key not in data:
            raise UsageError(f"{path}: expected a JSON object with the key {key!r}, got {_short(data)}")
        self.data: dict[str, Any] = data

    def _parsed(self) -> Any:
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"{self.path}: expected a reproducer, but it cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{self.path}: expected UTF-8 text, got other bytes at {error.start}") from error
        except json.JSONDecodeError as error:
            place = f"line {error.lineno}, column {error.colno}"
            raise UsageError(f"{self.path}: {place}: expected JSON, but {error.msg}; is the file cut short?") from error
        except ValueError as error:  # Python reads no numbers of thousands of digits
            raise UsageError(f"{self.path}: expected JSON with numbers that can be read, but: {error}") from error

    def get(self, key: str, kind: type[Any], default: Any = None) -> Any:
        """The value of a key, of that kind."""
        value = self.data.get(key, default)
        if not isinstance(value, kind) or isinstance(value, bool):
            self.wrong(key, _ARTICLES[kind], value)
        return value

    def each(self, key: str, kind: type[Any]) -> list[Any]:
        """A list of values of that kind; empty where the key is missing."""
        values = self.get(key, list, [])
        for place, value in enumerate(values):
            if not isinstance(value, kind):
                self.wrong(f"{key}[{place}]", _ARTICLES[kind], value)
        return list(values)

    def name(self, where: str, value: Any) -> str:
        """A text that names something: a program, a file, an image. Nothing in it is hidden."""
        if not isinstance(value, str):
            self.wrong(where, _ARTICLES[str], value)
        if on_one_line(value) != value:
            self.wrong(where, "a text on one line, without control characters", value)
        return value

    def word(self, where: str, kind: type[Any], value: Any) -> Any:
        """A member of an enum, by its value."""
        try:
            return kind(value)
        except ValueError:
            self.wrong(where, f"one of {', '.join(repr(member.value) for member in kind)}", value)

    def number(self, key: str, expected: str, least: float, most: float) -> float | None:
        """A number between two others, or null; null where the key is missing."""
        value = self.data.get(key)
        if value is None:
            return None
        if type(value) not in (int, float) or not least <= value <= most or not isfinite(value):
            self.wrong(key, expected, value)
        return float(value)

    def wrong(self, where: str, expected: str, got: object) -> NoReturn:
        """Raises `UsageError` about the value at that place."""
        raise UsageError(f"{self.path}: {where}: expected {expected}, got {_short(got)}")


def _short(value: object) -> str:
    try:
        text = repr(value)
    except RecursionError:
        text = f"a deeply nested {type(value).__name__}"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
