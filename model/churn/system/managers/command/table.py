"""Tables of a TOML file, whose values are checked as they are asked for: what is wrong is told by file and key."""

import tomllib
from collections.abc import Iterator
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult

from churn.errors import UsageError
from churn.lifecycle.patterns import BadPattern, Pattern
from churn.nearest import nearest
from churn.system.managers.command.reading import HIGHEST_PORT, short

_E = TypeVar("_E", bound=Enum)
_MOST_SECONDS = 1e9


def parsed(path: Path) -> dict[str, Any]:
    """The file's content. Raises `UsageError` where it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path}: expected a manager's description, but it cannot be read: {error.strerror}{_there_is(path)}"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: expected UTF-8 text, got other bytes at {error.start}") from error
    except (ValueError, RecursionError) as error:  # not TOML, or a number of thousands of digits
        raise UsageError(f"{path}: expected TOML, but: {error}") from error


def _there_is(path: Path) -> str:
    """What may have been meant by the path of a description that cannot be read."""
    with suppress(OSError):
        question = nearest(path.name, (one.name for one in path.parent.glob("*.toml") if one.name != "pyproject.toml"))
        return f"; {question}" if question else "; churn init writes one"
    return ""


class Table:
    """One table of the file at `path`; `where` is its key there, empty for the whole file.

    Only `known` keys may be in it; None: any may.
    """

    def __init__(self, path: Path, where: str, data: dict[str, Any], known: tuple[str, ...] | None) -> None:
        self.path = path
        self.where = where
        self.data = data
        for key in data:
            if known is not None and key not in known:
                self.wrong(key, f"one of the keys {', '.join(known)}", key, nearest(key, known))

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def wrong(self, key: str, expected: str, got: object, advice: str = "") -> NoReturn:
        """Raises `UsageError` about the value of `key`; None is told as nothing."""
        place = f"{self.where}.{key}" if self.where else key
        told = "nothing" if got is None else short(got)
        raise UsageError(f"{self.path}: {place}: expected {expected}, got {told}{'; ' + advice if advice else ''}")

    def table(self, key: str, known: tuple[str, ...] | None) -> "Table":
        """A table in this one, an empty one where it is not there."""
        data = self.data.get(key, {})
        if not isinstance(data, dict):
            self.wrong(key, "a table", data)
        return Table(self.path, f"{self.where}.{key}" if self.where else key, data, known)

    def text(self, key: str, usual: str | None = None, *, empty: bool = False) -> str:
        """A text, `usual` where there is none, which has to be something unless it may be `empty`."""
        value = self.data.get(key, usual)
        if not isinstance(value, str) or "\0" in value or (key in self.data and not value and not empty):
            self.wrong(key, "a text" if empty else "a text with something in it", value)
        return value

    def texts(self, key: str, usual: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """An array of texts."""
        values = self.data.get(key, usual)
        if not isinstance(values, (list, tuple)):
            self.wrong(key, "an array of texts", values)
        for place, value in enumerate(values):
            if not isinstance(value, str) or "\0" in value:
                self.wrong(f"{key}[{place}]", "a text", value)
        return tuple(values)

    def words(self, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
        """An array of some of the known words, which may be missing."""
        values = self.texts(key, ())
        for place, value in enumerate(values):
            if value not in known:
                self.wrong(f"{key}[{place}]", f"one of {', '.join(known)}", value, nearest(value, known))
        return values

    def number(self, key: str, usual: float, *, least_free: bool = False) -> float:
        """Seconds: a number above 0, or 0 as well where `least_free`."""
        value = self.data.get(key, usual)
        fit = type(value) in (int, float) and 0 <= value <= _MOST_SECONDS
        if not fit or (value == 0 and not least_free):
            self.wrong(key, f"seconds, a number {'from' if least_free else 'above'} 0", value)
        return float(value)

    def count(self, key: str, usual: int) -> int:
        """A whole number from 0 on."""
        value = self.data.get(key, usual)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.wrong(key, "a whole number from 0 on", value)
        return value

    def ports(self, key: str, usual: tuple[int, int]) -> tuple[int, int]:
        """The first and the last of a range of ports."""
        value = self.data.get(key, list(usual))
        fit = isinstance(value, list) and len(value) == len(usual) and all(type(port) is int for port in value)
        if not fit or not 1 <= value[0] <= value[1] <= HIGHEST_PORT:
            self.wrong(
                key, f"the first and the last port, two numbers from 1 to {HIGHEST_PORT}, such as [8000, 8100]", value
            )
        return value[0], value[1]

    def flag(self, key: str) -> bool:
        """True or false; false where it is missing."""
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            self.wrong(key, "true or false", value)
        return value

    def choice(self, key: str, kind: type[_E], usual: _E) -> _E:
        """A member of `kind`, by its name in lower case."""
        known = {one.name.lower(): one for one in kind}
        value = self.data.get(key, usual.name.lower())
        if not isinstance(value, str) or value not in known:
            advice = nearest(value, tuple(known)) if isinstance(value, str) else ""
            self.wrong(key, f"one of {', '.join(known)}", value, advice)
        return known[value]

    def regex(self, key: str, needed: tuple[str, ...] = (), allowed: tuple[str, ...] = ()) -> Pattern | None:
        """A regular expression, lines beginning at ``^``, with the `needed` named groups and no other but `allowed` ones."""
        return self._compiled(key, self.text(key), needed, allowed) if key in self.data else None

    def regexes(self, key: str) -> tuple[str, ...]:
        """An array of regular expressions, which may be missing."""
        values = self.texts(key, ())
        for place, value in enumerate(values):
            self._compiled(f"{key}[{place}]", value, (), ())
        return values

    def _compiled(self, key: str, text: str, needed: tuple[str, ...], allowed: tuple[str, ...]) -> Pattern:
        try:
            pattern = Pattern(text)
        except BadPattern as error:
            self.wrong(key, "a regular expression", text, str(error))
        groups = pattern.groups
        for name in needed:
            if name not in groups:
                self.wrong(key, f"a regular expression with a group (?P<{name}>…)", text)
        for name in groups:
            if name not in allowed:
                known = f"no other named group than {', '.join(allowed)}" if allowed else "no named group"
                self.wrong(key, f"a regular expression with {known}", text, nearest(name, allowed))
        return pattern

    def query(self, key: str) -> ParsedResult | None:
        """A JMESPath expression."""
        if key not in self.data:
            return None
        text = self.text(key)
        try:
            query = jmespath.compile(text)
        except (JMESPathError, RecursionError) as error:
            self.wrong(key, "a JMESPath expression", text, str(error).split("\n")[0].rstrip(":"))
        known = tuple(Functions.FUNCTION_TABLE)
        for name in _functions(query.parsed):
            if name not in known:
                self.wrong(key, "a JMESPath expression", text, f"there is no function {name}; {nearest(name, known)}")
        return query

    def only_with(self, key: str, other: str) -> None:
        """Raises `UsageError` where the key is there, which has a meaning only beside the other."""
        if key in self.data:
            self.wrong(key, f"this key beside {other} only", self.data[key])


def _functions(node: Any) -> Iterator[str]:
    """The names of the functions that a parsed expression calls."""
    if isinstance(node, dict):
        if node.get("type") == "function_expression":
            yield node["value"]
        yield from (name for child in node.get("children", ()) for name in _functions(child))
