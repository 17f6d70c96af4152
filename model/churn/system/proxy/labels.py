"""Labels put into the body of a request that creates something; every other value in it stays as it was written."""

import json
import re
from collections.abc import Iterable, Mapping

_CREATING = re.compile(r"(?:/v\d+(?:\.\d+)*)?/(containers|networks|volumes)/create")
_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
_LABELS = "Labels"

Members = list[tuple[str, str]]
"""The keys of a JSON object, and their values as they are written."""


def created_by(method: str, path: str) -> str:
    """What such a request creates: ``containers``, ``networks``, ``volumes``; empty where none of these."""
    found = _CREATING.fullmatch(path) if method == "POST" else None
    return found[1] if found else ""


def with_labels(body: bytes, labels: Mapping[str, str]) -> bytes | None:
    """That JSON object with these labels among, or instead of, those that it has.

    None for what is no JSON object, or has labels that are none: the engine shall say so.
    """
    try:
        members = _members(body.decode())
        had = [label for key, text in members if _is_labels(key) and text != "null" for label in _members(text)]
    except (ValueError, RecursionError):
        return None
    given = [(key, json.dumps(value)) for key, value in labels.items()]
    kept = [(key, text) for key, text in members if not _is_labels(key)]
    others = [(key, text) for key, text in had if key not in labels]
    return _object([*kept, (_LABELS, _object([*others, *given]))]).encode()


def _is_labels(key: str) -> bool:
    # An engine written in Go takes keys in any case.
    return key.lower() == _LABELS.lower()


def _members(text: str) -> Members:
    """Raises `ValueError` for what is no JSON object."""
    members: Members = []
    at = _past(text, 0, "{")
    while not text.startswith("}", at):
        if members:
            at = _past(text, at, ",")
        key, end = _DECODER.raw_decode(text, at)
        if not isinstance(key, str):
            raise ValueError(f"expected a key, got {key!r}")
        begin = _past(text, end, ":")
        _, end = _DECODER.raw_decode(text, begin)
        members.append((key, text[begin:end]))
        at = _blank(text, end)
    if _blank(text, at + 1) != len(text):
        raise ValueError(f"expected the end behind a JSON object, got {text[at + 1 :]!r}")
    return members


def _past(text: str, at: int, sign: str) -> int:
    """Where something begins behind that sign, blanks left out."""
    at = _blank(text, at)
    if not text.startswith(sign, at):
        raise ValueError(f"expected {sign!r}, got {text[at:]!r}")
    return _blank(text, at + 1)


def _blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _object(members: Iterable[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{json.dumps(key)}:{text}" for key, text in members) + "}"
