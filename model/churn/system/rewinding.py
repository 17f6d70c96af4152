"""What exhaustive search asks of a system's parts: to be put back to where they were, and to tell which states are alike."""

from math import inf
from typing import Any, Protocol, runtime_checkable

from attrs import define, field


@define
class Numbers:
    """Numbers for ids and ports, by the order in which they are first asked for: what two states have in common is that order.

    `now` is the moment that times are told from.
    """

    now: float
    known: dict[object, int] = field(factory=dict)

    def __call__(self, value: object) -> int:
        """The value's number."""
        return self.known.setdefault(value, len(self.known))

    def since(self, moment: float, limit: float = inf) -> float:
        """Seconds from a moment until now, in milliseconds' precision, at most `limit` either way."""
        return max(-limit, min(limit, round(self.now - moment, 3)))


@runtime_checkable
class Rewindable(Protocol):
    """A part of a system that can be put back to where it was: what exhaustive search needs, and only emulated parts offer."""

    def snapshot(self) -> Any:
        """All of its state, as a value that later changes leave alone."""

    def restore(self, snapshot: Any) -> None:
        """Put it back to where it was when that was taken."""


@runtime_checkable
class Keyed(Rewindable, Protocol):
    """One that can say which of its states are alike."""

    def key(self, numbers: Numbers) -> object:
        """All that what comes next may depend on, as a value that alike states share: no id, port or date is in it."""
