"""Patience: how often, and for how long, Churn looks at a system until it has settled."""

from collections.abc import Iterator

from attrs import define, field

from churn.system.clock import Clock

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5
"""Seconds between two looks at a system that has not settled; doubled from the first to the longest."""


@define
class Patience:
    """To be looped over: it counts the looks from 1, pausing between them, until `seconds` have passed since it was made."""

    clock: Clock
    seconds: float
    looks: int = field(init=False, default=0)
    _began: float = field(init=False)

    @_began.default
    def _now(self) -> float:
        return self.clock.now()

    @property
    def waited(self) -> float:
        """Seconds until now, 0 where one look was enough."""
        return self.clock.now() - self._began if self.looks > 1 else 0.0

    def __iter__(self) -> Iterator[int]:
        pause = _FIRST_PAUSE
        while True:
            self.looks += 1
            yield self.looks
            if self.clock.now() - self._began >= self.seconds:
                return
            self.clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
