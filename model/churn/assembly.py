"""Puts a system together from what the user named: a manager, an engine, a host and a clock."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import Factory, evolve, frozen

from churn.errors import UsageError
from churn.lifecycle.contract import Contract
from churn.lifecycle.operations import Disturb, RestartEngine
from churn.session.faults import Waits
from churn.session.reset import reset
from churn.session.system import System
from churn.system import ownership
from churn.system.clock import RealClock, VirtualClock
from churn.system.engines.emulated import Core, EmulatedEngine, EmulatedHost
from churn.system.engines.faults.gate import Gate
from churn.system.engines.faults.gated import GatedEngine
from churn.system.managers.defects import defective
from churn.system.managers.reference import Embedded, Settings, Store

if TYPE_CHECKING:
    from churn.system.engines.docker import DockerEngine

STAND_IN = "churn/stand-in:1"
_REAL_WAITS = Waits(short=1.0, long=3.0, slow=0.5, hang=1.0, outage=0.5)
_REAL_START_TIMEOUT = 3.0
"""Seconds that the reference manager waits for a stand-in server, which is up in well under one."""


@frozen
class Target:
    """Which system is tested. `environ` and `state` (a folder for locks) come from the front end."""

    manager: str = "reference"
    """A name, or the path of a file that describes one (`churn.system.managers.command`)."""
    engine: str = "emulated"
    seed: int = 0
    defects: tuple[str, ...] = ()
    """Names of planted defects, for the reference manager only."""
    environ: Mapping[str, str] = Factory(dict)
    state: Path = Factory(lambda: Path(tempfile.gettempdir()) / "churn-state")
    engine_faults: bool = False
    """Whether the engine is made to fail the manager, too."""

    @property
    def name(self) -> str:
        """Manager and planted defects, as in a reproducer's targets: ``reference+restart-policy``."""
        return "+".join((self.manager, *self.defects))


@frozen
class Assembled:
    """A system, and the id of the run that owns what it makes."""

    system: System
    run: str

    def reset(self) -> None:
        """As `churn.session.reset.reset`."""
        reset(self.system, self.run)


Assembly = Callable[[Target, str], AbstractContextManager[System]]


@contextmanager
def assembled(target: Target) -> Iterator[Assembled]:
    """The target's system, alive while this lasts; what it made on the engine is gone when it ends.

    Raises `UsageError` for names that are not known, `EnvironmentFault` and `EngineError` where it cannot be had.
    """
    build = _BUILDERS.get((_kind(target.manager), target.engine))
    if build is None:
        known = ", ".join(f"--manager {manager} --engine {engine}" for manager, engine in _BUILDERS)
        raise UsageError(f"expected one of: {known}; got --manager {target.manager} --engine {target.engine}")
    defective(target.defects)  # refuses unknown names before anything is made
    run = ownership.new_run()
    with ownership.alive(run, target.state / "runs"), build(target, run) as system:
        whole = Assembled(system, run)
        try:
            yield whole
        finally:
            whole.reset()


@contextmanager
def _reference_emulated(target: Target, run: str) -> Iterator[System]:
    clock = VirtualClock()
    core = Core(clock, seed=target.seed, images=frozenset({STAND_IN}))
    host = EmulatedHost(core)
    settings = Settings(f"churn-{target.seed}", STAND_IN, ownership.labels(run))
    gate = Gate(core, clock) if target.engine_faults else None
    engine = EmulatedEngine(core) if gate is None else GatedEngine(EmulatedEngine(core), gate, clock)
    driver = Embedded(defective(target.defects)(Store(), engine, host, clock, settings))
    if gate is not None:
        driver.contract = disturbed(driver.contract)
    yield System(driver, EmulatedEngine(core), host, clock, gate=gate)


@contextmanager
def _reference_docker(target: Target, run: str) -> Iterator[System]:
    # Imported here: whoever stays on the emulated engine does not pay for loading the docker SDK.
    from churn.system.engines.docker import DockerEngine
    from churn.system.host import RealHost
    from churn.system.image import build
    from churn.system.managers.reference.program import Program

    clock = RealClock()
    with (
        closing(DockerEngine(target.environ.get("DOCKER_HOST"))) as engine,
        tempfile.TemporaryDirectory(prefix="churn-") as folder,
    ):
        if not engine.has_image(STAND_IN):
            build(engine, STAND_IN)
        host = RealHost(folders=Path(folder) / "services", clock=clock)
        settings = Settings(f"churn-{run}", STAND_IN, ownership.labels(run), start_timeout=_REAL_START_TIMEOUT)
        labels = ownership.labels(run)
        with _gated(target, engine, labels, Path(folder)) as (gate, environ):
            manager = Program(Path(folder) / "services.db", settings, environ, clock, target.defects)
            if target.engine_faults:
                manager.contract = disturbed(manager.contract)
            yield System(manager, engine, host, clock, _REAL_WAITS, labels, target.environ, gate)


@contextmanager
def _gated(
    target: Target, engine: DockerEngine, labels: Mapping[str, str], folder: Path, *, always: bool = False
) -> Iterator[tuple[Gate | None, Mapping[str, str]]]:
    """A proxy before the engine where its faults are wanted, or `always`; with the environment that leads a manager there."""
    from churn.system.engines.proxy import ProxyGround, proxied

    if not (target.engine_faults or always):
        yield None, target.environ
        return
    gate = Gate()
    with proxied(engine.url, folder, labels, gate) as proxy:
        gate.ground = ProxyGround(engine, proxy, labels, STAND_IN)
        yield gate, {**target.environ, "DOCKER_HOST": proxy.url}


def disturbed(contract: Contract) -> Contract:
    """The contract of a manager whose engine is made to fail it."""
    return evolve(contract, offers=contract.offers | {Disturb.kind, RestartEngine.kind})


@contextmanager
def _described_docker(target: Target, run: str) -> Iterator[System]:
    from churn.system.engines.docker import DockerEngine
    from churn.system.host import RealHost
    from churn.system.managers.command import CommandManager, read

    if target.defects:
        raise UsageError(f"expected defects for the reference manager only; got {target.defects} for {target.manager}")
    description, clock, labels = read(Path(target.manager)), RealClock(), ownership.labels(run)
    with (
        closing(DockerEngine(target.environ.get("DOCKER_HOST"))) as engine,
        tempfile.TemporaryDirectory(prefix="churn-") as folder,
    ):
        host = RealHost(folders=Path(folder) / "services", clock=clock)
        manager = CommandManager(description, run, labels, target.environ, clock, host.free_port, Path(folder))
        yield System(manager, engine, host, clock, _REAL_WAITS, labels, target.environ)


def _kind(manager: str) -> str:
    """The manager as `_BUILDERS` knows it: any description file is one."""
    return _DESCRIBED if manager.endswith(".toml") else manager


_DESCRIBED = "FILE.toml"
_BUILDERS: dict[tuple[str, str], Assembly] = {
    ("reference", "emulated"): _reference_emulated,
    ("reference", "docker"): _reference_docker,
    (_DESCRIBED, "docker"): _described_docker,
}
