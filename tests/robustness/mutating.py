"""Mutations of texts and of JSON, drawn by a seed: what programs, files and networks make of them, and what attackers would."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

_T = TypeVar("_T")
_DEEP = 3000
TEXTS = (
    "", " ", "\0", "\n", "\r\n", "\x1b[2J", "\u202e", "\ud800", "\ufeff", "é", "中", "🦀", "a" * 5000, "{{}}", "{service}",
    "%s", "$(id)",
    "`", "```", "'", '"', "\\", "../../x", "/", "-", "--", "-1", "0", "00", "1e309", "nan", "inf", "9" * 400, "9" * 5000, "0x1f",
    "true", "null", "[]", "{}", "[" * _DEEP, '{"a":' * _DEEP, "(a+)+b",
    "(", "[[", "*", "\\d{9999999}", "65536", "\uff11\uff12", "1_000",
)  # fmt: skip
"""What stands where something else was expected."""
NUMBERS: tuple[Any, ...] = (
    0,
    -1,
    1,
    65535,
    65536,
    2**31,
    2**63,
    -(2**63),
    10**400,
    0.5,
    -0.0,
    1e308,
    1e-9,
    float("inf"),
    float("nan"),
)


class Mutations:
    """Draws by a seed: inputs that are like others, and not the same."""

    def __init__(self, seed: object) -> None:
        self.chance = random.Random(str(seed))  # noqa: S311 -- which inputs are tried

    def one(self, values: Sequence[_T]) -> _T:
        """One of them."""
        return self.chance.choice(values)

    def often(self, share: float) -> bool:
        """True that often."""
        return self.chance.random() < share

    def text(self, text: str, others: Sequence[str] = TEXTS) -> str:
        """The text after a few changes; parts of the others may come into it."""
        ways: tuple[Callable[[str], str], ...] = (
            self._without, self._twice, self._swapped, self._cut, self._number, lambda text: self._with(text, others),
        )  # fmt: skip
        for _ in range(self.chance.choice((1, 1, 1, 2, 3, 8))):
            text = self.one(ways)(text)[:200_000]
        return text

    def data(self, value: Any) -> Any:
        """A JSON value with a few values or keys in it changed."""
        for _ in range(self.chance.choice((1, 1, 1, 2, 4))):
            value = self._changed(value)
        return value

    def odd(self) -> Any:
        """A value that nobody expects."""
        plain: tuple[Any, ...] = (None, True, False, [], {}, [None], [[]], {"": None}, {"a": {"a": 1}})
        return self.one((self.one(plain), self.one(NUMBERS), self.one(TEXTS), _nested(self.one((3, 50, 400)))))

    # -- texts --------------------------------------------------------------------------------------------------------

    def _span(self, text: str) -> tuple[int, int]:
        begin = self.chance.randrange(len(text) + 1)
        return begin, min(len(text), begin + self.chance.choice((0, 1, 2, 5, 20, 200)))

    def _without(self, text: str) -> str:
        begin, end = self._span(text)
        return text[:begin] + text[end:]

    def _twice(self, text: str) -> str:
        begin, end = self._span(text)
        return text[:end] + text[begin:end] * self.chance.choice((1, 1, 2, 500)) + text[end:]

    def _swapped(self, text: str) -> str:
        begin, end = self._span(text)
        return text[:begin] + "".join(self.chance.sample(text[begin:end], end - begin)) + text[end:]

    def _cut(self, text: str) -> str:
        return text[: self.chance.randrange(len(text) + 1)]

    def _number(self, text: str) -> str:
        places = [place for place, letter in enumerate(text) if letter.isdigit()]
        if not places:
            return text
        place = self.one(places)
        return text[:place] + str(self.one(NUMBERS)) + text[place + 1 :]

    def _with(self, text: str, others: Sequence[str]) -> str:
        begin, end = self._span(text)
        return text[:begin] + self.one(others) + text[end:]

    # -- JSON ---------------------------------------------------------------------------------------------------------

    def _changed(self, value: Any) -> Any:
        where = self.one(list(_places(value)))
        return _replaced(value, where, self._other(_at(value, where), value))

    def _other(self, value: Any, whole: Any) -> Any:
        """What stands there instead."""
        if isinstance(value, dict) and value and self.often(0.5):
            key = self.one(list(value))
            rest = {name: one for name, one in value.items() if name != key}
            return rest if self.often(0.5) else {**rest, self.text(key): value[key]}
        if isinstance(value, list) and value and self.often(0.5):
            place = self.chance.randrange(len(value))
            return (
                value[:place] + value[place + 1 :]
                if self.often(0.5)
                else [*value, *([value[place]] * self.one((1, 3)))]
            )
        if isinstance(value, str) and self.often(0.6):
            return self.text(value)
        return self.odd() if self.often(0.8) else _at(whole, self.one(list(_places(whole))))


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def _places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where values are: the keys that lead to each."""
    yield before
    if len(before) < 12:
        for key, one in (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        ):
            yield from _places(one, (*before, key))


def _at(value: Any, where: tuple[Any, ...]) -> Any:
    for key in where:
        value = value[key]
    return value


def _replaced(value: Any, where: tuple[Any, ...], by: Any) -> Any:
    if not where:
        return by
    key, *rest = where
    inside = _replaced(value[key], tuple(rest), by)
    if isinstance(value, dict):
        return {**value, key: inside}
    return [*value[:key], inside, *value[key + 1 :]]
