"""Reading what a manager prints: JSON by a JMESPath expression, any text by a regular expression with named groups.

Whatever it prints, the answer is entries or `Unreadable`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from churn.errors import ChurnError
from churn.lifecycle.outcome import Garbled
from churn.lifecycle.patterns import Pattern
from churn.system.managers.answers import NOTHING, OTHER_JSON, OTHER_TEXT, unlike_json

_MOST_SHOWN = 200
"""Characters of a value that an error shows."""
HIGHEST_PORT = 65535
_LONGEST_WORD, _MOST_ENTRIES, _HIGHEST_NUMBER = 300, 1000, 10**100
"""What a list may have at most: characters in a name or a status, entries; and how high a number is no name any more."""
_UNLIKE_LINES = "a line that is no JSON document"
_PORT_DIGITS = re.compile(r"[0-9]{1,5}")
_SEARCH_ERRORS = (JMESPathError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError)
"""What JMESPath's functions raise on values that they are not made for."""


class Unreadable(ChurnError):
    """An output that is not what the description says; `printed` tells in words what it is."""

    def __init__(self, expected: str, got: object, advice: str = "", *, printed: str = OTHER_JSON) -> None:
        self.garbled = Garbled(expected, printed)
        super().__init__(f"unreadable: expected {expected}, got {short(got)}{'; ' + advice if advice else ''}")


def short(value: object) -> str:
    """The value as code, its beginning only where that is long."""
    try:
        text = repr(value)
    except RecursionError:
        text = f"a deeply nested {type(value).__name__}"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


@frozen
class Entry:
    """A service as a manager's output tells it: name or id (None: it does not say), its word for the status, its port."""

    service: str | None
    word: str
    port: int | None


@frozen(eq=False)
class Json:
    """JSON, of which `query` tells what counts. `lines`: each line is a document, and together they are an array."""

    query: ParsedResult
    lines: bool = False

    def found(self, output: str) -> Any:
        """What the expression makes of it. Raises `Unreadable`."""
        document = self._parsed(output)
        try:
            return self.query.search(document)
        except _SEARCH_ERRORS as error:
            raise Unreadable(f"a document for {self.query.expression}", output, _first_line(error)) from error

    def rows(self, output: str) -> list[Any]:
        """The entries: one or an array of them. Raises `Unreadable`."""
        found = self.found(output)
        if isinstance(found, list):
            return found
        if isinstance(found, dict):
            return [found]
        nothing = "where there may be nothing, say so in the expression: … || `[]`" if found is None else ""
        raise Unreadable(f"an array of services by {self.query.expression}", found, nothing)

    def _parsed(self, output: str) -> Any:
        try:
            if self.lines:
                return [json.loads(line) for line in output.split("\n") if line.strip()]
            return json.loads(output)
        except (ValueError, RecursionError) as error:
            expected = "a JSON document in each line" if self.lines else "a JSON document"
            printed = _UNLIKE_LINES if self.lines else unlike_json(output)
            raise Unreadable(expected, output, _first_line(error), printed=printed) from error


@frozen(eq=False)
class Text:
    """Text, in which each match of `pattern` is an entry; what is between them is empty lines, or lines to `skip`."""

    pattern: Pattern
    skip: Pattern | None = None

    def rows(self, output: str) -> list[Any]:
        """The named groups of each match. Raises `Unreadable`."""
        output = output.replace("\r\n", "\n")
        for line in self.pattern.sub("", output).split("\n"):
            told = line.strip()
            if told and not (self.skip is not None and self.skip.fullmatch(told)):
                expected = f"text that {self.pattern.pattern} matches"
                raise Unreadable(expected, told, "other lines need a `skip` pattern", printed=OTHER_TEXT)
        return [found.groupdict() for found in self.pattern.finditer(output)]


@frozen(eq=False)
class Reading:
    """How the output of list or status is read. `port` finds the port within a longer text."""

    source: Json | Text
    port: Pattern | None = None

    def entries(self, output: str, asked: str | None = None) -> tuple[Entry, ...]:
        """The services that it tells of; one that has no name is the one that was `asked` for. Raises `Unreadable`."""
        rows = self.source.rows(output)
        if len(rows) > _MOST_ENTRIES:
            raise Unreadable(f"at most {_MOST_ENTRIES} services", f"{len(rows)} of them")
        return tuple([self._entry(row, asked) for row in rows])

    def _entry(self, row: Any, asked: str | None) -> Entry:
        if not isinstance(row, Mapping):
            raise Unreadable("an object with service, status and port", row)
        service = _name(row.get("service"))
        if service is None and asked is None:
            raise Unreadable("an entry with a service", row)
        word = row.get("status")
        if not isinstance(word, str) or not 0 < len(word) <= _LONGEST_WORD:
            raise Unreadable(f"an entry whose status is a word of at most {_LONGEST_WORD} characters", row)
        return Entry(service, printable(word), self._port(row.get("port")))

    def _port(self, told: object) -> int | None:
        """None where none is told: null, an empty text, 0."""
        if told is None or told == "":
            return None
        value = self._number(told) if isinstance(told, str) else told
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= HIGHEST_PORT:
            raise Unreadable(f"a port from 0 to {HIGHEST_PORT}", told)
        return value or None

    def _number(self, told: str) -> int:
        found = self.port.search(told) if self.port is not None else None
        digits = told.strip() if self.port is None else found["port"] if found is not None else None
        if digits is None or not _PORT_DIGITS.fullmatch(digits):
            expected = "a port" if self.port is None else f"a port by {self.port.pattern}"
            raise Unreadable(expected, told, "" if self.port else "a port within other text needs a `port_pattern`")
        return int(digits)


@frozen(eq=False)
class Identity:
    """How the id of a new service is read from the output of create: by an expression, or by a group called id."""

    source: Json | Pattern

    def read(self, output: str) -> str:
        """The id. Raises `Unreadable`."""
        if isinstance(self.source, Json):
            return self._checked(self.source.found(output), self.source.query.expression, output)
        found = self.source.search(output)
        return self._checked(found["id"] if found is not None else None, self.source.pattern, output)

    def _checked(self, told: object, by: str, output: str) -> str:
        identity = _name(told)
        if not identity or not identity.isprintable():  # it has to go into an argv
            raise Unreadable(f"an id by {by}", output, printed=OTHER_TEXT if output.strip() else NOTHING)
        return identity


def _name(told: object) -> str | None:
    """A name or id, which may be a number; None where none is told, or none that a service could have."""
    if isinstance(told, int) and not isinstance(told, bool):
        return str(told) if abs(told) < _HIGHEST_NUMBER else None
    return printable(told) if isinstance(told, str) and 0 < len(told) <= _LONGEST_WORD else None


def printable(text: str) -> str:
    """The text with halves of surrogate pairs, which JSON can hold and no file, replaced."""
    return text.encode("utf-8", "backslashreplace").decode()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
