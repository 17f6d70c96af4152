"""What will happen by itself in an emulated engine, and when; and its moments as dates."""

import heapq

from attrs import frozen

from churn.system.clock import Clock
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.identity import Identities

_NANO = 10**9
_EPOCH = 1_700_000_000.0

Due = tuple[float, int, str, str, int]
"""When, a number that keeps the order of what is due at once, what, and in which container's which life."""


@frozen
class Calendar:
    """Tells a clock's moments as dates. `epoch` is the moment, in seconds since 1970, at which it stood at 0.

    `speed` is how fast the clock runs: dates are those of the world outside, whose programs ask for what came until now.
    """

    clock: Clock
    epoch: float = _EPOCH
    speed: float = 1.0

    def seconds(self, moment: float | None = None) -> float:
        """A moment of the clock (by default now) in seconds since 1970."""
        return self.epoch + (self.clock.now() if moment is None else moment) / self.speed

    def nanoseconds(self, moment: float | None = None) -> int:
        """As `seconds`, in nanoseconds."""
        return int(self.seconds(moment) * _NANO)

    def moment(self, seconds: float) -> float:
        """The moment of the clock that is so many seconds after 1970 began."""
        return (seconds - self.epoch) * self.speed


class Agenda:
    """What is planned. Nothing happens before somebody takes it out, and does it."""

    def __init__(self, clock: Clock, identities: Identities) -> None:
        self._clock = clock
        self._identities = identities
        self.planned: list[Due] = []
        """A heap."""

    def plan(self, delay: float, action: str, container: EmulatedContainer, since: float | None = None) -> None:
        """Let that become due so many seconds after `since` (by default now), for this life of the container."""
        start = self._clock.now() if since is None else since
        heapq.heappush(self.planned, (start + delay, self._identities.number(), action, container.id, container.life))

    def next(self) -> float | None:
        """When the next thing happens by itself; None where nothing will."""
        return self.planned[0][0] if self.planned else None

    def take(self) -> Due:
        """Take out what happens first. Something must be planned."""
        return heapq.heappop(self.planned)
