"""JSON bodies as the engine decodes them: values of declared kinds, by keys in any case. Keys that it does not know are left out.

The engine is written in Go. What it says of a value of another kind is what Go's decoder says.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn, Protocol

from attrs import Factory, field, frozen

_SPACE = " \t\r\n"
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORDS: Mapping[type, str] = {dict: "object", list: "array", str: "string", bool: "bool"}


class Mismatch(Exception):
    """A body is no JSON, or has a value of another kind than the engine has there. Its text is the engine's."""


@frozen
class Place:
    """Where a value stands: the Go type that has it, and the keys that lead there."""

    owner: str = ""
    keys: tuple[str, ...] = ()

    def wrong(self, value: object, called: str, word: str = "") -> NoReturn:
        """Raises `Mismatch` about the value there, which was to be of that Go type."""
        where = f"struct field {self.owner}.{'.'.join(self.keys)}" if self.keys else "value"
        found = word or _WORDS.get(type(value), "number")
        raise Mismatch(f"json: cannot unmarshal {found} into Go {where} of type {called}")


class Kind(Protocol):
    """A kind of value: what Go calls it, and what a null stands for within a list or a map."""

    @property
    def called(self) -> str: ...

    @property
    def zero(self) -> Any: ...

    def read(self, value: Any, place: Place) -> Any:
        """The value, decoded. Raises `Mismatch`."""


@frozen
class Text:
    """A text. Half of a surrogate pair is no character."""

    called: str = "string"
    zero: str = ""

    def read(self, value: Any, place: Place) -> str:
        """As `Kind.read`."""
        return _whole(value) if isinstance(value, str) else place.wrong(value, self.called)


@frozen
class Flag:
    """True or false."""

    called: str = "bool"
    zero: bool = False

    def read(self, value: Any, place: Place) -> bool:
        """As `Kind.read`."""
        return value if isinstance(value, bool) else place.wrong(value, self.called)


@frozen
class Whole:
    """A whole number of so many bits; `natural`: none below zero."""

    called: str = "int64"
    bits: int = 64
    zero: int = 0
    natural: bool = False

    def read(self, value: Any, place: Place) -> int:
        """As `Kind.read`."""
        least, most = (0, 1 << self.bits) if self.natural else (-(1 << self.bits - 1), 1 << self.bits - 1)
        if type(value) is int and least <= value < most:
            return value
        return place.wrong(value, self.called, f"number {value}" if type(value) in (int, float) else "")


@frozen
class Words:
    """A list of texts, or one."""

    called: str = "string"
    zero: None = None

    def read(self, value: Any, place: Place) -> str | list[str]:
        """As `Kind.read`."""
        if isinstance(value, list) and all(one is None or isinstance(one, str) for one in value):
            return [_whole(one or "") for one in value]
        return _whole(value) if isinstance(value, str) else place.wrong(value, self.called)


@frozen
class ListOf:
    """A list of values of one kind."""

    of: Kind
    called: str = field()
    zero: None = None

    @called.default
    def _called(self) -> str:
        return f"[]{self.of.called}"

    def read(self, value: Any, place: Place) -> list[Any]:
        """As `Kind.read`."""
        if not isinstance(value, list):
            place.wrong(value, self.called)
        return [self.of.zero if one is None else self.of.read(one, place) for one in value]


@frozen
class MapOf:
    """Values of one kind by any keys. `nulls` keeps nulls: the engine's values there are pointers."""

    of: Kind
    called: str = field()
    nulls: bool = False
    zero: None = None

    @called.default
    def _called(self) -> str:
        return f"map[string]{self.of.called}"

    def read(self, value: Any, place: Place) -> dict[str, Any]:
        """As `Kind.read`."""
        if not isinstance(value, dict):
            place.wrong(value, self.called)
        null = None if self.nulls else self.of.zero
        return {_whole(key): null if one is None else self.of.read(one, place) for key, one in value.items()}


@frozen
class Struct:
    """Values of several kinds by keys. A null stands for nothing said."""

    called: str
    fields: Mapping[str, Kind] = Factory(dict)
    zero: Mapping[str, Any] = Factory(dict)
    _any_case: Mapping[str, str] = field(init=False)

    @_any_case.default
    def _keys(self) -> Mapping[str, str]:
        return {key.lower(): key for key in self.fields}

    def read(self, value: Any, place: Place) -> dict[str, Any]:
        """As `Kind.read`."""
        if not isinstance(value, dict):
            place.wrong(value, self.called)
        owner, found = self.called.rpartition(".")[2], {}
        for given, one in value.items():
            key = given if given in self.fields else self._any_case.get(given.lower(), "")
            if key:
                there = Place(owner, (*place.keys, key))
                found[key] = None if one is None else self.fields[key].read(one, there)
        return found


def decoded(body: bytes, kind: Struct) -> dict[str, Any]:
    """The first JSON value of a body; empty for null. Raises `Mismatch`."""
    value = parsed(body.decode(errors="replace"))
    return {} if value is None else kind.read(value, Place())


def parsed(text: str) -> Any:
    """The first JSON value of a text. Raises `Mismatch`."""
    text = text.strip(_SPACE)
    if not text:
        raise Mismatch("EOF")
    try:
        value, _ = _DECODER.raw_decode(text)
    except RecursionError:
        raise Mismatch(f"invalid character {text[0]!r} exceeded max depth") from None
    except json.JSONDecodeError as error:
        if error.pos >= len(text) or error.msg.startswith("Unterminated"):
            raise Mismatch("unexpected EOF") from None
        raise Mismatch(f"invalid character {text[error.pos]!r} looking for beginning of value") from None
    except ValueError as error:  # Python reads no numbers of thousands of digits
        raise Mismatch(f"invalid JSON: {error}") from None
    return value


def _unknown(word: str) -> NoReturn:
    raise Mismatch(f"invalid character {word.lstrip('-')[0]!r} looking for beginning of value")


_DECODER = json.JSONDecoder(parse_constant=_unknown)


def _whole(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)
