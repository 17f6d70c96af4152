"""A manager whose operations take their time, on the emulated engine: what the search for slow systems is tried on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from churn.assembly import STAND_IN, Assembled
from churn.lifecycle.outcome import Outcome
from churn.session.system import System
from churn.system import ownership
from churn.system.clock import VirtualClock
from churn.system.engines.emulated import Core, EmulatedEngine, EmulatedHost
from churn.system.managers.defects import defective
from churn.system.managers.reference import Embedded, Settings, Store
from churn.system.runs import new_run

SECONDS = {
    "start": 7.0,
    "stop": 3.0,
    "list": 0.3,
    "status": 0.3,
    "create": 0.3,
    "restart": 10.0,
    "remove": 3.0,
    "#": 5.0,
}
"""By the first word of the evidence; the manager's own restart has none."""
RESET = 5.0


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
    """A slow manager with these defects."""
    run, clock = new_run(), VirtualClock()
    core = Core(clock, seed=seed, images=frozenset({STAND_IN}))
    host, engine = EmulatedHost(core), EmulatedEngine(core)
    settings = Settings(session=f"churn-{seed}", image=STAND_IN, labels=ownership.labels(run))
    made = defective(defects)(Store(), engine, host, clock, settings)
    yield SlowlyReset(System(Slow(made), EmulatedEngine(core), host, clock), run)
