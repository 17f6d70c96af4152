"""The one home of time: a real clock, and a virtual one in which waiting is free."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Seconds, as a float that only grows, and a way to let them pass."""

    virtual: bool
    """Whether its seconds cost nothing."""

    def now(self) -> float:
        """Seconds since some fixed moment."""

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""


class RealClock:
    """The machine's monotonic clock."""

    virtual = False

    def now(self) -> float:
        """Seconds of `time.monotonic`."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block the thread for that many seconds; nothing for none or fewer."""
        if seconds > 0:
            time.sleep(seconds)


class ScaledClock:
    """The machine's monotonic clock, as if it ran `speed` times as fast."""

    virtual = False

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed

    def now(self) -> float:
        """Seconds of `time.monotonic`, times the speed."""
        return time.monotonic() * self.speed

    def sleep(self, seconds: float) -> None:
        """Block the thread until that many of this clock's seconds have passed."""
        if seconds > 0:
            time.sleep(self.real(seconds))

    def real(self, seconds: float) -> float:
        """How many of the machine's seconds make that many of this clock's."""
        return seconds / self.speed


class VirtualClock:
    """A clock that stands still but when slept on: seven minutes of it cost nothing. For one thread.

    `sleeper`, if there is one, is told of each sleep, and says whether it has seen to it: where several take turns in one thread,
    the others may go on meanwhile.
    """

    virtual = True

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self.sleeper: Callable[[float], bool] | None = None

    def now(self) -> float:
        """Virtual seconds since the clock was made, plus its start."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the clock on; never back."""
        if seconds > 0 and (self.sleeper is None or not self.sleeper(seconds)):
            self._now += seconds

    def until(self, moment: float) -> None:
        """Move the clock on to that moment, unless it is there already."""
        self._now = max(self._now, moment)

    def snapshot(self) -> float:
        """As `Rewindable.snapshot`."""
        return self._now

    def restore(self, snapshot: float) -> None:
        """As `Rewindable.restore`: the one way back."""
        self._now = snapshot


def today() -> datetime:
    """The moment by the machine's calendar, in UTC, for the heads of reports and traces."""
    return datetime.now(tz=UTC)
