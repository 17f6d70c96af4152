"""A manager whose operations take their time, on the emulated engine: what the search for slow systems is tried on."""

from collections.abc import Iterator
from contextlib import contextmanager

from churn.assembly import OTHER, STAND_IN, Assembled
from churn.session.system import System
from churn.system import ownership
from churn.system.clock import VirtualClock
from churn.system.engines.emulated import Core, EmulatedEngine, EmulatedHost
from churn.system.managers.defects import defective
from churn.system.managers.reference import RESET, Settings, Slow, Store
from churn.system.runs import new_run


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
    core = Core(clock, seed=seed, images=frozenset({STAND_IN, OTHER}))
    host, engine = EmulatedHost(core), EmulatedEngine(core)
    settings = Settings(session=f"churn-{seed}", image=STAND_IN, labels=ownership.labels(run))
    made = defective(defects)(Store(), engine, host, clock, settings)
    yield SlowlyReset(System(Slow(made), EmulatedEngine(core), host, clock), run)
