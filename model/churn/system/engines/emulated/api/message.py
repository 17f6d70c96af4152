"""Requests and replies of the Docker Engine API, apart from how they travel."""

import json
import re
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from attrs import Factory, field, frozen

from churn.errors import EngineError
from churn.system.engines.emulated.api.decoding import Mismatch, Struct, decoded
from churn.system.engines.emulated.calls import Until
from churn.system.refusals import refusal

Json = dict[str, Any]
Stream = Generator[bytes | Until, bool, None]
"""Parts of a body, and between them what is waited for."""

JSON, TEXT, TAR = "application/json", "text/plain; charset=utf-8", "application/x-tar"
_FALSE = ("", "0", "no", "false", "none")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_OUT_OF_RANGE = 2.0**63


@frozen
class Request:
    """One request. `path` has no version; `query` has every value of each key."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]] = Factory(dict)
    body: bytes = field(default=b"", repr=False)

    def value(self, key: str, otherwise: str = "") -> str:
        """The first value of a key."""
        found = self.query.get(key)
        return found[0] if found else otherwise

    def flag(self, key: str, *, otherwise: bool = False) -> bool:
        """A key's value as the engine reads yes and no."""
        return self.value(key).lower() not in _FALSE if key in self.query else otherwise

    def number(self, key: str, otherwise: float) -> float:
        """A key's value as a whole number. Raises `ServerError`."""
        told = self.value(key)
        if told and not _WHOLE.fullmatch(told):
            raise refusal(500, f'strconv.Atoi: parsing "{told}": invalid syntax')
        number = float(told or otherwise)
        if abs(number) >= _OUT_OF_RANGE:
            raise refusal(500, f'strconv.Atoi: parsing "{told}": value out of range')
        return number

    def json(self, kind: Struct, *, status: int = 500, empty: str = "EOF") -> Json:
        """The body, decoded. Raises the refusal of that status; of a body that is empty, with that text."""
        try:
            return decoded(self.body, kind)
        except Mismatch as error:
            raise refusal(status, str(error) if self.body.strip() else empty) from None


@frozen
class Reply:
    """One reply: a whole body, or a stream of it."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    kind: str = ""
    headers: Mapping[str, str] = Factory(dict)
    stream: Stream | None = None


def told(value: object, status: int = 200) -> Reply:
    """A reply in JSON."""
    return Reply(status, json.dumps(value).encode() + b"\n", JSON)


def refused(error: EngineError) -> Reply:
    """What an engine that refuses answers."""
    return told({"message": error.message}, error.status or 500)


def lines(values: Sequence[object]) -> Reply:
    """A reply of JSON values, one a line."""
    return Reply(body="".join(f"{json.dumps(value)}\r\n" for value in values).encode(), kind=JSON)
