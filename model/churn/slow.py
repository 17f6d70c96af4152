"""A slow system, in virtual time: the reference manager as one whose servers load a model. The search is tried on it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from churn.assembly import Assembled, Target, assembled
from churn.lifecycle.outcome import Outcome
from churn.session.system import System
from churn.system.managers.reference import Embedded

SECONDS: Mapping[str, float] = {
    "start": 7.0,
    "stop": 3.0,
    "list": 0.3,
    "status": 0.3,
    "create": 0.3,
    "restart": 10.0,
    "remove": 3.0,
    "update": 0.3,
    "#": 5.0,
}
"""By the first word of the evidence; the manager's own restart has none."""
RESET = 5.0
"""Seconds that a reset of such a system takes."""


class Slow(Embedded):
    """Operations take as long as they would on a slow manager, at least."""

    def _call(self, words: str, *act: Any) -> Outcome:
        clock = self.manager.clock
        due = clock.now() + SECONDS[words.partition(" ")[0]]
        try:
            return super()._call(words, *act)
        finally:
            clock.sleep(due - clock.now())


class SlowlyReset(Assembled):
    """A system whose resets take their time, too."""

    def reset(self) -> None:
        """As `Assembled.reset`."""
        super().reset()
        self.system.clock.sleep(RESET)


@contextmanager
def slow(*defects: str, seed: int = 0) -> Iterator[SlowlyReset]:
    """A slow manager with these defects, on the emulated engine. It meets trouble and interrupts where they need them."""
    with assembled(Target(seed=seed, defects=defects)) as whole:
        quick = whole.system
        if not isinstance(quick.manager, Embedded):
            raise TypeError(f"expected the reference manager in this process, got {quick.manager!r}")
        manager = Slow(quick.manager.manager)
        manager.contract = quick.manager.contract
        yield SlowlyReset(System(manager, quick.engine, quick.host, quick.clock, gate=quick.gate), whole.run)
