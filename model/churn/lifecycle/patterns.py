"""Regular expressions that others have written: they are matched within a time limit, whatever they are and meet.

An expression such as ``(a+)+b`` takes longer than anybody can wait where it meets many an ``a`` and no ``b``. The expression is
a user's, and what it meets is a manager's, so neither is known in advance.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeVar

import regex

from churn.errors import EnvironmentFault

LIMIT = 1.0
"""Seconds that one expression may take over one text."""
LONGEST, _MOST_TOLD = 4096, 60
"""Characters that an expression may have, and that a message tells of one and of its text."""

_MOST_WRITTEN_OUT = 20_000
"""Characters that an expression may have where its repetitions are written out: so they are when it is compiled."""
_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\{([0-9]+)\}|.", re.DOTALL)
"""A character with its escape, a class of characters, or how often what is before it comes."""

_Found = TypeVar("_Found")


class BadPattern(ValueError):
    """It is no regular expression, or none that can be used."""


class TooSlow(EnvironmentFault):
    """It took too long. That is the fault of whoever wrote it, never of the manager."""


class Pattern:
    """A regular expression, with lines beginning at ``^``. Its methods are those of `re`, and raise `TooSlow`.

    Raises `BadPattern`.
    """

    def __init__(self, pattern: str) -> None:
        if len(pattern) > LONGEST:
            raise BadPattern(f"it is longer than {LONGEST} characters")
        if _written_out(pattern) > _MOST_WRITTEN_OUT:
            raise BadPattern(f"with its repetitions written out it is longer than {_MOST_WRITTEN_OUT} characters")
        try:
            self._compiled: Any = regex.compile(pattern, regex.MULTILINE)
        except (regex.error, RecursionError, OverflowError, MemoryError) as error:
            raise BadPattern(str(error)) from error
        self.pattern = pattern
        self.groups: tuple[str, ...] = tuple(self._compiled.groupindex)

    def fullmatch(self, text: str) -> Any:
        """The match of the whole text, or None."""
        return self._within(text, lambda: self._compiled.fullmatch(text, timeout=LIMIT))

    def search(self, text: str) -> Any:
        """The first match, or None."""
        return self._within(text, lambda: self._compiled.search(text, timeout=LIMIT))

    def finditer(self, text: str) -> Iterator[Any]:
        """All matches, one after the other."""
        return iter(self._within(text, lambda: list(self._compiled.finditer(text, timeout=LIMIT))))

    def sub(self, by: str, text: str) -> str:
        """The text with `by` in place of each match."""
        told: str = self._within(text, lambda: self._compiled.sub(by, text, timeout=LIMIT))
        return told

    def _within(self, text: str, match: Callable[[], _Found]) -> _Found:
        try:
            return match()
        except TimeoutError as error:
            told, met = self.pattern[:_MOST_TOLD], text[:_MOST_TOLD]
            raise TooSlow(
                f"expected the pattern {told!r} to be matched within {LIMIT:g} s, but it was not, on a text of {len(text)} "
                f"characters that begins with {met!r}; write it without a repetition inside a repetition"
            ) from error


def _written_out(pattern: str) -> int:
    """Roughly the length of the expression without ``{7}``: what is before it is there seven times."""
    sizes, last = [0], 0
    for token in _TOKEN.finditer(pattern):
        if token[1]:
            sizes[-1] += last * (int(token[1]) - 1)
            last *= int(token[1])
        elif token[0] == "(":
            sizes.append(0)
        else:
            last = sizes.pop() if token[0] == ")" and len(sizes) > 1 else 1
            sizes[-1] += last
    return sum(sizes)


@lru_cache(maxsize=256)
def _pattern(text: str) -> Pattern:
    return Pattern(text)


def found(pattern: str, text: str) -> bool:
    """Whether something in the text matches. Raises `BadPattern` and `TooSlow`."""
    return _pattern(pattern).search(text) is not None


def fits(pattern: str, text: str) -> bool:
    """Whether the whole text matches. Raises `BadPattern` and `TooSlow`."""
    return _pattern(pattern).fullmatch(text) is not None
