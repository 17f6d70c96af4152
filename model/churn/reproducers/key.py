"""The key that tells a reproducer from other JSON files. It loads nothing of Churn: pytest asks it in projects of others, too."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

KEY = "churn-reproducer"
"""Its value is the format's version. It stands at the beginning of the file, in the object itself."""
_LOOKED_AT = 4096
"""Bytes at the beginning of a file in which the key is looked for: files of others may be large."""
_SPACE = " \t\r\n"


def is_reproducer(path: Path) -> bool:
    """Whether a file says at its beginning that it is one; files that are broken after that do too."""
    try:
        if not path.is_file():  # to open a pipe would wait for whoever writes into it
            return False
        with path.open("rb") as file:
            return KEY in _keys(file.read(_LOOKED_AT).decode(errors="ignore").lstrip(_SPACE))
    except OSError:
        return False


def _keys(beginning: str) -> Iterator[str]:
    """The keys of the object that begins so, as far as it can be read."""
    if not beginning.startswith("{"):
        return
    decode, rest = json.JSONDecoder().raw_decode, beginning[1:].lstrip(_SPACE)
    with suppress(ValueError, RecursionError):
        while rest:
            key, end = decode(rest)
            rest = rest[end:].lstrip(_SPACE)
            if not isinstance(key, str) or not rest.startswith(":"):
                return
            yield key
            _, end = decode(rest := rest[1:].lstrip(_SPACE))
            rest = rest[end:].lstrip(_SPACE).removeprefix(",").lstrip(_SPACE)
