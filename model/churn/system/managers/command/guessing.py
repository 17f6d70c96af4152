"""From what a manager printed of a service to the lines of a description by which that is read.

The lines are only what was probably meant, for a person to look at. Those that do not read the text are not given.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import jmespath
from attrs import frozen

from churn.lifecycle.patterns import LONGEST, Pattern
from churn.system.managers.command.reading import Entry, Json, Reading, Text, Unreadable

_ID_KEYS = ("id", "service_id", "uuid", "name", "service")
_WIDE = r"\s+"
_SERVICE_KEYS = ("service", "name", "id", "service_name", "service_id")
_STATUS_KEYS = ("status", "state", "phase", "condition", "health")
_PORT_KEYS = ("port", "ports", "host_port", "endpoint", "address", "url")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_LINES = 200
"""Lines of a text, of which each is held against each; a list of a few services has fewer."""
_DEEPEST = 3
"""How deep in a document the services are looked for."""


@frozen
class Guess:
    """How an output may be read: the lines of the description, and the reading that they make."""

    lines: tuple[str, ...]
    reading: Reading

    def finds(self, output: str, service: str) -> Entry | None:
        """The service's entry in that output, read so."""
        try:
            return next((one for one in self.reading.entries(output) if one.service == service), None)
        except Unreadable:
            return None


def guessed(output: str, service: str, port: int | None) -> Guess | None:
    """How the list or status that printed this is probably read, where it tells of that service; None where nobody can say."""
    for guess in (*_of_json(output, service, port), *_of_text(output, service, port)):
        if guess.finds(output, service) is not None:
            return guess
    return None


def skipping(reading: Reading, output: str) -> tuple[str, ...]:
    """The line by which text that is printed where there is no service is passed over; none where JSON is read."""
    if not isinstance(reading.source, Text) or not _lines(output):
        return ()
    before = [reading.source.skip.pattern] if reading.source.skip is not None else []
    return (f"skip = {_quoted('|'.join([*before, *map(_loosely, _lines(output))]))}",)


def with_nothing(reading: Reading, output: str) -> tuple[str, ...]:
    """The line by which JSON that has nothing where the services would be is read as no service; none where it is another."""
    source = reading.source
    if not isinstance(source, Json):
        return ()
    if not output.strip():
        return ("json_lines = true",)
    documents = [document for document, _ in _documents(output)]
    nothing = any(one in (None, {}) or (isinstance(one, dict) and None in one.values()) for one in documents)
    return (f"entries = {_quoted(f'{source.query.expression} || `[]`')}",) if nothing else ()


def identifying(output: str, identity: str = "") -> tuple[str, ...]:
    """The line by which create's output tells the id, which is this one if it is known; none where nobody can say."""
    for document, _ in _documents(output):
        if isinstance(document, dict):
            key = _first(
                document, _ID_KEYS, lambda value: str(value) == identity if identity else isinstance(value, str | int)
            )
            return (f"id = {_quoted(_key(key))}",) if key else ()
    for line in _lines(output):
        words = line.split()
        if identity in words or (not identity and len(words) == 1):
            place = words.index(identity) if identity else 0
            parts = (r"(?P<id>\S+)" if number == place else re.escape(word) for number, word in enumerate(words))
            return (f"id_pattern = {_quoted(_WIDE.join(parts))}",)
    return ()


# -- JSON -------------------------------------------------------------------------------------------------------------


def _of_json(output: str, service: str, port: int | None) -> Iterator[Guess]:
    for document, lines in _documents(output):
        for path, row in _rows(document, ""):
            keys = _keys(row, service, port)
            if keys is None:
                continue
            parts = ", ".join(f"{part}: {_key(key)}" for part, key in keys.items())
            expression = f"{path}.{{{parts}}}".lstrip(".")
            told = row.get(keys["port"]) if "port" in keys else None
            pattern = _port_pattern(told, port) if isinstance(told, str) else ""
            yield Guess(
                (
                    *(("json_lines = true",) if lines else ()),
                    f"entries = {_quoted(expression)}",
                    *((f"port_pattern = {_quoted(pattern)}",) if pattern else ()),
                ),
                Reading(Json(jmespath.compile(expression), lines=lines), Pattern(pattern) if pattern else None),
            )


def _documents(output: str) -> Iterator[tuple[Any, bool]]:
    """Its lines as documents, together an array, where it can be read so; and the document that it is as a whole."""
    lines = _lines(output)
    with suppress(ValueError, RecursionError):
        documents = [json.loads(line) for line in lines]
        if documents and all(isinstance(one, dict) for one in documents):
            yield documents, True
    with suppress(ValueError, RecursionError):
        yield json.loads(output), False


def _rows(node: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each object that may be a service's entry, and the expression that leads to it and those beside it."""
    if path.count(".") > _DEEPEST:
        return
    if isinstance(node, list):
        for one in node:
            if isinstance(one, dict):
                yield f"{path}[]", one
    elif isinstance(node, dict):
        yield path, node
        yield from ((f"{path}.*", one) for one in node.values() if isinstance(one, dict))
        for key, one in node.items():
            yield from _rows(one, f"{path}.{_key(key)}")


def _keys(row: Mapping[str, Any], service: str, port: int | None) -> dict[str, str] | None:
    """Which key tells what; None where none tells this service, or none a status."""
    told = {"service": _first(row, _SERVICE_KEYS, lambda value: str(value) == service)}
    rest = {key: value for key, value in row.items() if key != told["service"]}
    told["status"] = _first(rest, _STATUS_KEYS, _is_word) or next(
        (key for key, one in rest.items() if _is_word(one)), ""
    )
    rest.pop(told["status"], None)
    told["port"] = _first(rest, _PORT_KEYS, lambda value: port is not None and _tells(value, port))
    if not told["service"] or not told["status"]:
        return None
    return {part: key for part, key in told.items() if key}


def _first(row: Mapping[str, Any], usual: tuple[str, ...], fits: Any) -> str:
    """The key whose value fits, a usual one rather than another."""
    found = [key for key, value in row.items() if fits(value)]
    return next((key for word in usual for key in found if key.lower() == word), found[0] if found else "")


def _is_word(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z_ -]*", value) is not None


def _tells(value: object, port: int) -> bool:
    return (
        not isinstance(value, bool)
        and isinstance(value, (int, str))
        and re.search(rf"(?<!\d){port}(?!\d)", str(value)) is not None
    )


def _port_pattern(told: str, port: int | None) -> str:
    """A pattern that finds the port within a longer text, by the characters beside it."""
    found = re.search(rf"(.?)(?<!\d){port}(?!\d)(.?)", told)
    if found is None or told.strip() == str(port):
        return ""
    before, after = (re.escape(one) if one and not one.isalnum() else "" for one in found.groups())
    return rf"{before}(?P<port>\d+){after}"


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else json.dumps(key)


_GAP = r"[ \t]+"
_NO_PORT = ("-", "—", "none", "None", "null", "n/a")
"""What stands in a column of ports where there is none."""


# -- text -------------------------------------------------------------------------------------------------------------


def _of_text(output: str, service: str, port: int | None) -> Iterator[Guess]:
    for line in _lines(output) if len(_lines(output)) <= _MOST_LINES else ():
        columns = line.split()
        if service not in columns:
            continue
        text = rf"^{_no_heading(output)}[ \t]*{_GAP.join(_columns(columns, service, port))}[ \t]*$"
        others = [one for one in _lines(output) if not re.fullmatch(text, one)]
        skip = "|".join(map(_loosely, others))
        lines = (f"pattern = {_quoted(text)}", *((f"skip = {_quoted(skip)}",) if others else ()))
        if "(?P<status>" in text and max(len(text), len(skip)) <= LONGEST:
            yield Guess(lines, Reading(Text(Pattern(text), Pattern(skip) if others else None)))


def _no_heading(output: str) -> str:
    """What keeps a line of headings from being read as a service; empty where the first line is none."""
    first = _lines(output)[0]
    return rf"(?!\s*{_loosely(first)})" if first.isupper() else ""


def _columns(columns: list[str], service: str, port: int | None) -> Iterator[str]:
    """A pattern for each column: the service's, the first word after it or before it, and that with the port."""
    place = columns.index(service)
    order = (*range(place + 1, len(columns)), *range(place))
    status = next((number for number in order if _is_word(columns[number])), None)
    ports = [number for number, one in enumerate(columns) if port is not None and _tells(one, port)]
    told = next(iter([*ports, *(number for number, one in enumerate(columns) if one in _NO_PORT)]), None)
    for number in range(len(columns)):
        if number == place:
            yield r"(?P<service>\S+)"
        elif number == status:
            yield r"(?P<status>\S+)"
        elif number == told:
            yield r"(?:\S*?(?P<port>\d{2,5})\S*|\S+)"
        else:
            yield r"\S+"


def _lines(output: str) -> list[str]:
    return [line.strip() for line in output.splitlines() if line.strip()]


def _loosely(line: str) -> str:
    """A pattern of the line, however wide the gaps in it are."""
    return _WIDE.join(map(re.escape, line.split()))


def _quoted(text: str) -> str:
    """As a TOML string, without escapes where that is possible."""
    return f"'{text}'" if "'" not in text else json.dumps(text, ensure_ascii=False)
