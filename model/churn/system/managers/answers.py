"""Answers that cannot be read: in words, and as evidence, byte by byte.

What a manager printed may be anything, also nothing, or what a terminal does not show. So evidence has it as Python writes
bytes, with their number.
"""

import json
import re
from itertools import islice

from churn.lifecycle.outcome import Evidence, Garbled, Unknown
from churn.system.process import Finished

NOTHING = "nothing"
OTHER_JSON = "JSON of another shape"
OTHER_TEXT = "other text"
_NO_JSON = "no JSON"
_SEVERAL = "more than one JSON document"
_BEFORE, _AFTER = "other text before the JSON document", "other text after the JSON document"
_BROKEN = "JSON that is broken off, or spelled wrong"
_DECODER, _OPENING = json.JSONDecoder(), ("{", "[")
_LATER, _TRIED = re.compile(r"(?<=\n)[\[{]"), 20
"""Where a document may begin after other text, and how many such places are tried."""
_LIKE_JSON = re.compile(r'\{|\[\s*[\[{"\d-]')
"""How what was meant to be a document begins; other brackets may be those of a log line, such as ``[info]``."""
_HEAD, _TAIL = 300, 100
"""Bytes at the beginning, and at the end, that evidence keeps."""


def unlike_json(printed: str) -> str:
    """What came, in words, where exactly one JSON document was promised, and this is none."""
    text = printed.strip()
    end = _end(text)
    if not text or end is not None:
        return NOTHING if end is None else _followed_by(text[end:].lstrip())
    if any(_end(text[found.start() :]) is not None for found in islice(_LATER.finditer(text), _TRIED)):
        return _BEFORE
    return _BROKEN if _LIKE_JSON.match(text) else _NO_JSON


def _followed_by(rest: str) -> str:
    if not rest:
        return OTHER_JSON
    return _SEVERAL if _end(rest) is not None else _AFTER


def _end(text: str) -> int | None:
    """Where the JSON object or array ends with which the text begins; None where it begins with none."""
    if not text.startswith(_OPENING):
        return None
    try:
        return _DECODER.raw_decode(text)[1]
    except (ValueError, RecursionError):
        return None


def unreadable(evidence: Evidence, began: float, ended: float, garbled: Garbled, reason: str) -> Unknown:
    """The outcome of a command that reported success, and whose answer cannot be read."""
    return Unknown(began, ended, 0, evidence, reason, until=ended, garbled=garbled)


def printed_by(command: str, finished: Finished) -> Evidence:
    """What such a command printed."""
    return Evidence(command, as_evidence(finished.printed, finished.stderr.encode()))


def as_evidence(stdout: bytes, stderr: bytes = b"") -> str:
    """Both, byte by byte, each with its number of bytes."""
    told = [f"stdout, {_counted(stdout)}"]
    return "\n".join([*told, f"stderr, {_counted(stderr)}"] if stderr else told)


def _counted(printed: bytes) -> str:
    left = len(printed) - _HEAD - _TAIL
    if left <= 0:
        return f"{len(printed)} bytes: {printed!r}"
    return f"{len(printed)} bytes: {printed[:_HEAD]!r} … [{left} bytes left out] … {printed[-_TAIL:]!r}"
