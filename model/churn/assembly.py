"""Puts a system together from what the user named: a manager, an engine, a host and a clock."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path

from attrs import Factory, frozen

from churn.errors import EnvironmentFault, UsageError
from churn.session.faults import Waits
from churn.session.reset import reset
from churn.session.system import System
from churn.system import ownership
from churn.system.clock import RealClock, VirtualClock
from churn.system.engines.emulated import Core, EmulatedEngine, EmulatedHost
from churn.system.managers.aima import PORTS as AIMA_PORTS, Aima, AimaSettings
from churn.system.managers.defects import defective
from churn.system.managers.reference import Embedded, Settings, Store
from churn.system.protocols import Host

STAND_IN = "churn/stand-in:1"
_REAL_WAITS = Waits(short=1.0, long=3.0, slow=0.5)
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
    aima: AimaSettings = Factory(AimaSettings)
    """How AIMA is run, where it is the manager."""

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
    manager = defective(target.defects)(Store(), EmulatedEngine(core), host, clock, settings)
    yield System(Embedded(manager), EmulatedEngine(core), host, clock)


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
        manager = Program(Path(folder) / "services.db", settings, target.environ, clock, target.defects)
        yield System(manager, engine, host, clock, _REAL_WAITS, ownership.labels(run), target.environ)


@contextmanager
def _described_docker(target: Target, run: str) -> Iterator[System]:
    from churn.system.engines.docker import DockerEngine
    from churn.system.host import RealHost
    from churn.system.managers.command import CommandManager, read

    _expect_none_planted(target)
    description, clock, labels = read(Path(target.manager)), RealClock(), ownership.labels(run)
    with (
        closing(DockerEngine(target.environ.get("DOCKER_HOST"))) as engine,
        tempfile.TemporaryDirectory(prefix="churn-") as folder,
    ):
        host = RealHost(folders=Path(folder) / "services", clock=clock)
        manager = CommandManager(description, run, labels, target.environ, clock, host.free_port, Path(folder))
        yield System(manager, engine, host, clock, _REAL_WAITS, labels, target.environ)


Reached = Callable[[str, Path, Mapping[str, str]], AbstractContextManager[str]]
"""From the engine's address, a folder and the run's labels: the address at which a manager is to reach that engine."""


def _directly(url: str, _: Path, __: Mapping[str, str]) -> AbstractContextManager[str]:
    """For a manager that labels what it makes by itself."""
    return nullcontext(url)


@contextmanager
def _labelling(url: str, folder: Path, labels: Mapping[str, str]) -> Iterator[str]:
    """Through a proxy that labels whatever is made, so that what is a foreign manager's can be told to be this run's."""
    from churn.system.engines.faults.gate import Gate
    from churn.system.engines.proxy import proxied

    with proxied(url, folder, labels, Gate()) as proxy:
        yield proxy.url


@contextmanager
def _aima_docker(target: Target, run: str, reached: Reached = _labelling) -> Iterator[System]:
    from churn.system.engines.docker import DockerEngine
    from churn.system.host import RealHost
    from churn.system.image import standing_in

    _expect_none_planted(target)
    clock, labels = RealClock(), ownership.labels(run)
    with (
        closing(DockerEngine(target.environ.get("DOCKER_HOST"))) as engine,
        # AIMA's labels and ports are the same for all that use one engine.
        ownership.lease(f"AIMA on engine {engine.identity()}", target.state / "leases", clock),
        tempfile.TemporaryDirectory(prefix="churn-") as name,
        standing_in(engine, target.aima.images) as obedient,
        reached(engine.url, Path(name), labels) as url,
    ):
        folder, host = Path(name), RealHost(folders=Path(name) / "services", clock=clock)
        environ = {**target.environ, "DOCKER_HOST": engine.url}
        manager = Aima(folder / "aima", target.aima, environ, url, clock, f"churn-{run}", obedient=obedient)
        _expect_program(manager.program, environ, "name AIMA's program with --aima-bin or AIMA_BIN")
        _expect_program("docker", environ, "install it: AIMA needs it beside the engine")
        _expect_free(host)
        shown = {**manager.environ, "DOCKER_HOST": engine.url}
        yield System(manager, engine, host, clock, _REAL_WAITS, labels, shown)


def _expect_none_planted(target: Target) -> None:
    if target.defects:
        raise UsageError(f"expected defects for the reference manager only; got {target.defects} for {target.manager}")


def _expect_program(name: str, environ: Mapping[str, str], remedy: str) -> None:
    if shutil.which(name, path=environ.get("PATH")) is None:
        raise EnvironmentFault(f"expected a program {name!r} that can be run, but there is none; {remedy}")


def _expect_free(host: Host) -> None:
    """Raises `EnvironmentFault` where AIMA could not get the ports that it gives its first services."""
    for port, seen in host.look({}, AIMA_PORTS).items():
        if seen.bindable is False:
            raise EnvironmentFault(
                f"expected port {port} to be free for AIMA, but it is held by {seen.detail or 'somebody'}; end that, "
                "or run in a network namespace of your own"
            )


def _kind(manager: str) -> str:
    """The manager as `_BUILDERS` knows it: any description file is one."""
    return _DESCRIBED if manager.endswith(".toml") else manager


_DESCRIBED = "FILE.toml"
_BUILDERS: dict[tuple[str, str], Assembly] = {
    ("reference", "emulated"): _reference_emulated,
    ("reference", "docker"): _reference_docker,
    (_DESCRIBED, "docker"): _described_docker,
    ("aima", "docker"): _aima_docker,
}
