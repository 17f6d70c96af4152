"""The resets of a session, and what they took."""

from collections.abc import Callable

from attrs import define, field

from churn.session.system import System

Reset = Callable[[], None]
"""Makes the system clean and proves that it is. Raises `EnvironmentFault`."""


@define(eq=False)
class Resets:
    """Does resets and counts their seconds, by the run's clock."""

    _system: System
    _reset: Reset
    seconds: float = field(init=False, default=0.0)
    inside: float = field(init=False, default=0.0)
    """How many of them were spent in the manager."""

    def do(self) -> float:
        """Do one; the seconds that it took."""
        began, inside = self._system.clock.now(), self._system.inside
        self._reset()
        took = self._system.clock.now() - began
        self.seconds += took
        self.inside += self._system.inside - inside
        return took
