"""Reads what AIMA prints.

On stdout JSON objects stand among progress lines and hints; the last ends without a newline. On stderr there are log lines
and, if it failed, an error as a JSON object, a line that begins with ``Error:``, and how the command is used. Nothing here
raises anything but `UnreadableOutput`, whatever the text.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from churn.errors import ChurnError
from churn.lifecycle.outcome import Garbled
from churn.system.managers.answers import OTHER_JSON, unlike_json

Document = dict[str, Any]


class UnreadableOutput(ChurnError):
    """What was printed is not what can be used; the message says what was expected, and what came, `garbled` in words."""

    def __init__(self, expected: str, got: Any, printed: str) -> None:
        self.garbled = Garbled(expected, printed)
        super().__init__(f"expected {expected}, got {_brief(repr(got), _QUOTED)}")


@frozen
class Row:
    """A service as AIMA tells it; `port` is its first endpoint's, None where it has none."""

    id: str
    model: str
    word: str
    port: int | None


# -- stdout -----------------------------------------------------------------------------------------------------------


def documents(text: str) -> tuple[Document, ...]:
    """The JSON objects among other text: each begins a line, or follows another one."""
    found: list[Document] = []
    place = 0
    while (begun := _BEGINNING.search(text, place)) is not None:
        read = _decoded(text, begun.end())
        place = begun.end() + 1
        while read is not None:
            document, place = read
            found.append(document)
            place = _SPACE.match(text, place).end()  # type: ignore[union-attr]  # it matches nothing as well
            read = _decoded(text, place) if text[place : place + 1] == "{" else None
    return tuple(found)


def model_id(stdout: str) -> str:
    """The id that a model got."""
    return _identity("model_id", _document("model_id", stdout))


def service_id(stdout: str) -> str:
    """The id that a service got."""
    return _identity("service_id", _document("service_id", stdout))


def accepted(stdout: str) -> None:
    """Raises `UnreadableOutput` unless it says that it succeeded, and nowhere that it did not."""
    told = [document["success"] for document in documents(stdout) if "success" in document]
    if not told or any(one is not True for one in told):
        printed = "success that is false" if told else _lacking(stdout)
        raise UnreadableOutput("a JSON object with 'success', which is true", stdout, printed)


def services(stdout: str) -> tuple[Row, ...]:
    """All services, as its list has them."""
    return tuple(_row(entry) for entry in _entries("services", stdout))


def service(stdout: str) -> Row:
    """One service, as its status command tells it."""
    return _row(_document("status", stdout))


def _decoded(text: str, place: int) -> tuple[Document, int] | None:
    """The JSON object that begins there, and where it ends; None where none does."""
    try:
        value, end = _DECODER.raw_decode(text, place)
    except (ValueError, RecursionError):
        return None
    return (value, end) if isinstance(value, dict) else None


def _document(key: str, stdout: str) -> Document:
    found = [document for document in documents(stdout) if key in document]
    if len(found) != 1:
        printed = "more than one such object" if found else _lacking(stdout)
        raise UnreadableOutput(f"one JSON object with {key!r}", stdout, printed)
    return found[0]


def _entries(key: str, stdout: str) -> list[Any]:
    entries = _document(key, stdout)[key]
    if not isinstance(entries, list):
        raise _unreadable(f"a list as {key!r}", entries)
    return entries


def _object(entry: Any) -> Document:
    if not isinstance(entry, dict):
        raise _unreadable("an object for each entry of the list", entry)
    return entry


def _row(entry: Any) -> Row:
    told = _object(entry)
    return Row(_identity("id", told), _identity("model_id", told), _word("status", told), _port(told))


def _identity(key: str, document: Document) -> str:
    """An id: it becomes a word of command lines, so not any text will do."""
    value = document.get(key)
    if not isinstance(value, str) or not _IDENTITY.fullmatch(value):
        raise _unreadable(f"an id as {key!r}", document)
    return value


def _word(key: str, document: Document) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value.isprintable():
        raise _unreadable(f"a word as {key!r}", document)
    return value


def _port(document: Document) -> int | None:
    endpoints = document.get("endpoints")
    if endpoints is None:  # Go writes a list of nothing so
        return None
    if not isinstance(endpoints, list):
        raise _unreadable("a list as 'endpoints'", document)
    if not endpoints:
        return None
    found = _ENDPOINT.fullmatch(endpoints[0]) if isinstance(endpoints[0], str) else None
    if found is None or not 0 < int(found[1]) <= _LAST_PORT:
        raise _unreadable("endpoints such as http://localhost:8000", document)
    return int(found[1])


def _unreadable(expected: str, got: Any) -> UnreadableOutput:
    return UnreadableOutput(expected, got, OTHER_JSON)


def _lacking(stdout: str) -> str:
    """What was printed, in words, where a JSON object is missing."""
    if documents(stdout):
        return OTHER_JSON
    return unlike_json(stdout)


# -- stderr -----------------------------------------------------------------------------------------------------------


def complaint(stderr: str) -> str:
    """Why it failed, on one line: the cause that it details, else its message, else its last words; empty for none."""
    told = next(filter(None, map(_message, documents(stderr))), "") or _said(stderr)
    cause = told.partition(_DETAILS)[2] or told
    return _brief(" ".join(_harmless(cause).split()), _LONGEST_REASON)


def warning(stderr: str, words: str) -> str:
    """The first warning in the log that has these words; empty where there is none."""
    found = (_LOGGED.match(line) for line in stderr.splitlines())
    return next((one[2] for one in found if one is not None and one[1] in _WARNINGS and words in one[2]), "")


def _message(document: Document) -> str:
    error = document.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    return message if isinstance(message, str) else ""


def _said(stderr: str) -> str:
    """What it said without an error object: its first error up to the next or to the usage, or how it panicked."""
    lines = [line for line in _used_to(stderr) if line.strip() and not _LOGGED.match(line)]
    panics = [line for line in lines if line.startswith(_PANICS)]
    if panics:
        return panics[0]
    errors = [place for place, line in enumerate(lines) if line.startswith(_ERROR)]
    if not errors:
        return lines[-1] if lines else ""
    end = errors[1] if len(errors) > 1 else len(lines)
    return "\n".join(lines[errors[0] : end]).removeprefix(_ERROR)


def _used_to(stderr: str) -> list[str]:
    """The lines before those that tell how the command is used."""
    lines = stderr.splitlines()
    return lines[: lines.index(_USAGE)] if _USAGE in lines else lines


# -- as evidence ------------------------------------------------------------------------------------------------------


def shortened(stdout: str, stderr: str) -> str:
    """Both, for a person to read: what says nothing is left out, and each time it says so."""
    return "\n".join([*map(_line, stdout.splitlines()), *_without_noise(stderr)]).strip("\n")


def _without_noise(stderr: str) -> Iterator[str]:
    lines = _used_to(stderr)
    logged = map(_LOGGED.match, lines[:_OPENING])
    opening = next((place for place, found in enumerate(logged) if found is None or found[1] != "INFO"), _OPENING)
    opening = min(opening, len(lines))
    if opening:
        yield f"{lines[0][:_MOMENT]} [{opening} log lines of its opening left out]"
    yield from map(_line, lines[opening:])
    usage = len(stderr.splitlines()) - len(lines)
    if usage:
        yield f"[{usage} lines on how it is used left out]"


def _line(line: str) -> str:
    return _brief(line, _LONGEST_LINE)


def _brief(text: str, most: int) -> str:
    left = len(text) - most
    return text if left <= 0 else f"{text[:most]}… [{left} characters left out]"


def _harmless(text: str) -> str:
    """Without halves of characters, which JSON can spell and no file can hold."""
    return text.encode(errors="backslashreplace").decode()


_DECODER = json.JSONDecoder()
_BEGINNING, _SPACE = re.compile(r"^(?=\{)", re.MULTILINE), re.compile(r"\s*")
_IDENTITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
_ENDPOINT = re.compile(r"https?://[A-Za-z0-9.-]+:([0-9]{1,5})/?")
_LAST_PORT = 65535
_LOGGED = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (DEBUG|INFO|WARN|ERROR) (.*)")
_WARNINGS = ("WARN", "ERROR")
_ERROR, _DETAILS, _USAGE = "Error: ", "\ndetails: ", "Usage:"
_PANICS = ("panic: ", "fatal error: ")
_OPENING = 4
"""Log lines that every command begins with."""
_MOMENT = len("2006/01/02 15:04:05")
"""Characters at the beginning of a log line that tell when."""
_QUOTED, _LONGEST_REASON, _LONGEST_LINE = 200, 500, 500
"""Characters that are kept of what is quoted, of a reason and of a line of evidence."""
