"""Puts a system together from what the user named: a manager, an engine, a host and a clock."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path

from attrs import Factory, define, evolve, field, frozen

from churn.errors import EnvironmentFault, UsageError
from churn.lifecycle.contract import Contract
from churn.lifecycle.costs import Costs, Sort
from churn.lifecycle.form import Setting
from churn.lifecycle.operations import CLIENTS, ENGINE_FAULTS, INTERRUPTS, SIGNALLED, Interrupt
from churn.nearest import nearest
from churn.session.clients import TakingTurns
from churn.session.faults import REAL_WAITS, Waits
from churn.session.reset import reset
from churn.session.system import System
from churn.system import ownership
from churn.system.baton import Baton
from churn.system.clock import Clock, VirtualClock
from churn.system.engines import ENGINES
from churn.system.engines.emulated import Core, EmulatedEngine, EmulatedHost
from churn.system.engines.emulated.hooks import EmulatedHooks
from churn.system.faults.gate import Gate
from churn.system.faults.gated import GatedEngine
from churn.system.managers import MANAGERS
from churn.system.managers.aima import PORTS as AIMA_PORTS, Aima, AimaSettings, contract_for
from churn.system.managers.defects import defective, need_clients, need_engine_faults, need_interrupts
from churn.system.managers.gallery import description_path, gallery
from churn.system.managers.reference import Embedded, GatedStore, Settings, Store
from churn.system.managers.reference.contract import CONTRACT, UPDATES, with_daemon
from churn.system.protocols import Host
from churn.system.runs import new_run

STAND_IN, OTHER = "churn/stand-in:1", UPDATES[Setting.IMAGE]
_REAL_START_TIMEOUT = 3.0
"""Seconds that the reference manager waits for a stand-in server, which is up in well under one."""


@frozen(kw_only=True)
class Target:
    """Which system is tested."""

    manager: str = "reference"
    """A name, also one of the gallery (`churn managers`), or the path of a file that describes one."""
    engine: str = "emulated"
    """``emulated`` or ``docker``."""
    seed: int = 0
    defects: tuple[str, ...] = ()
    """Names of planted defects, for the reference manager only."""
    environ: Mapping[str, str] = Factory(dict)
    """The environment variables of all programs that are run, and of what looks for the Docker engine. They are empty unless
    given: Churn's own environment is not taken. So ``Target(engine="docker")`` alone finds no ``PATH`` and no ``DOCKER_HOST``;
    give ``environ=dict(os.environ)``.
    """
    leases: Path = ownership.LEASES
    """A folder for locks, which all runs on this machine share, whoever starts them."""
    engine_faults: bool = field()
    """Whether the engine is made to fail the manager, too."""
    interrupts: bool = field()
    """Whether the manager is ended midway, too, and then asked on."""
    together: bool = field()
    """Whether several clients ask the manager at once, too."""
    speed: float = 4.0
    """How fast an emulated engine's time runs for a program that is tested on it; the waits go by it."""
    aima: AimaSettings = Factory(AimaSettings)
    """How AIMA is run, where it is the manager."""
    job: str = ""
    """The id of the job that it is tested for, if it is for one: what is made on a real engine says so."""

    @engine_faults.default
    def _needed(self) -> bool:
        return need_engine_faults(self.defects)

    @interrupts.default
    def _interrupted(self) -> bool:
        return need_interrupts(self.defects)

    @together.default
    def _by_several(self) -> bool:
        return need_clients(self.defects)

    def assembled(self) -> "AbstractContextManager[Assembled]":
        """As the function `assembled`."""
        return assembled(self)

    @property
    def settings(self) -> Mapping[str, str | int | bool]:
        """How the manager is run, where it can be run in several ways: what a reproducer keeps of that."""
        return self.aima.kept() if self.manager == "aima" else {}

    @property
    def fails(self) -> frozenset[str]:
        """The kinds of operation by which the manager is made to fail: what its contract offers beside its own."""
        ended = {Interrupt.kind} if self.virtual else INTERRUPTS | {SIGNALLED}
        return (ENGINE_FAULTS if self.engine_faults else frozenset()) | (ended if self.interrupts else frozenset())

    @property
    def adds(self) -> frozenset[str]:
        """The kinds of operation that its contract offers beside the manager's own."""
        return self.fails | (CLIENTS if self.together else frozenset())

    @property
    def virtual(self) -> bool:
        """Whether its time is virtual, so that waiting costs nothing: no program but Churn itself has a part in it."""
        return self.manager == "reference" and self.engine == "emulated"

    @property
    def name(self) -> str:
        """Manager and planted defects, as in a reproducer's targets: ``reference+restart-policy``."""
        return "+".join((self.manager, *self.defects))


@define
class Assembled:
    """A system, and the id of the run that owns what it makes."""

    system: System
    run: str
    _failed: bool = field(init=False, default=False)
    """Whether the last reset failed: the next one does not wait for the engine again."""

    def reset(self) -> None:
        """As `churn.session.reset.reset`."""
        within, self._failed = 0.0 if self._failed else None, True
        reset(self.system, self.run, within)
        self._failed = False


Assembly = Callable[[Target, str], AbstractContextManager[System]]


@contextmanager
def assembled(target: Target) -> Iterator[Assembled]:
    """The target's system; what it made on the engine is gone when it ends.

    Raises `UsageError` for names that are not known, `EnvironmentFault` and `EngineError` where it cannot be had.
    """
    expect_known(target)
    run = new_run()
    with _BUILDERS[_kind(target.manager), target.engine](target, run) as system:
        whole = Assembled(system, run)
        try:
            yield whole
        finally:
            whole.reset()


def expect_known(target: Target) -> None:
    """Raises `UsageError` where the manager, the engine or a defect is not known, or the manager's file cannot be used.

    Nothing is made, and nothing is run.
    """
    file = f"{target.manager}.toml"
    _expect_one_of(
        "a manager", _kind(target.manager), (*MANAGERS, _DESCRIBED), *gallery(), *[file] * Path(file).exists()
    )
    _expect_one_of("an engine", target.engine, ENGINES)
    defective(target.defects)
    if target.manager != "reference":
        _expect_none_planted(target)
    contract_of(target)


def _expect_one_of(what: str, given: str, known: tuple[str, ...], *further: str) -> None:
    """`further` are words that may have been meant, too."""
    if given not in known:
        meant = nearest(given, (*known, *further))
        raise UsageError(f"expected {what}: {', '.join(known)}; got {given!r}{'; ' if meant else ''}{meant}")


@contextmanager
def _reference_emulated(target: Target, run: str) -> Iterator[System]:
    clock = VirtualClock()
    core = Core(clock, seed=target.seed, images=frozenset({STAND_IN, OTHER}))
    host = EmulatedHost(core)
    settings = Settings(session=f"churn-{target.seed}", image=STAND_IN, labels=ownership.labels(run))
    gate = Gate(hooks=EmulatedHooks(core), clock=clock) if target.fails else None
    engine = EmulatedEngine(core) if gate is None else GatedEngine(EmulatedEngine(core), gate, clock)
    store = Store() if gate is None else GatedStore(gate)
    driver = Embedded(defective(target.defects)(store, engine, host, clock, settings))
    driver.contract = evolve(driver.contract, offers=driver.contract.offers | target.adds)
    system = System(driver, EmulatedEngine(core), host, clock, gate=gate)
    system.clients = taking_turns(driver, clock)
    yield system


def taking_turns(driver: Embedded, clock: VirtualClock) -> TakingTurns:
    """Clients of the manager in this process: each has one of its own, over the same store."""
    baton, first = Baton(clock), driver.manager
    store, engine, host = baton.pointed(first.store), baton.pointed(first.engine), baton.pointed(first.host)
    return TakingTurns(baton, lambda: Embedded(type(first)(store, engine, host, clock, first.settings)))


@contextmanager
def _reference_docker(target: Target, run: str) -> Iterator[System]:
    # Imported here: whoever stays on the emulated engine does not pay for loading the docker SDK.
    from churn.system.managers.reference.program import ReferenceProgram
    from churn.system.standin.image import ready
    from churn.testbed import testbed

    with testbed(
        target.engine, run, target.environ, job=target.job, labelling=bool(target.adds), speed=1.0, images=()
    ) as here:
        ready(here.engine, (OTHER,))
        settings = Settings(
            session=ownership.marker(run), image=STAND_IN, labels=here.labels, start_timeout=_REAL_START_TIMEOUT
        )
        promises = defective(target.defects).promises
        manager = ReferenceProgram(
            here.folder / "services.db", settings, here.environ, here.clock, target.defects, promises
        )
        yield here.system(manager, adds=target.adds)


@contextmanager
def _described(target: Target, run: str) -> Iterator[System]:
    from churn.system.managers.command import CommandManager, read
    from churn.system.standin.image import ready, standing_in
    from churn.testbed import testbed

    description = read(description_path(target.manager) or Path(target.manager))
    images = tuple(value for key, value in description.contract.updates.items() if key is Setting.IMAGE)
    with (
        testbed(
            target.engine, run, target.environ, job=target.job, labelling=True, speed=target.speed, images=images
        ) as here,
        _alone(description.name, target, here.clock) if description.alone else nullcontext(),
    ):
        ready(here.engine, images)
        needed, emulated = description.image, target.engine == "emulated"
        with standing_in(here.engine, (needed,), emulated=emulated) if needed else nullcontext(True) as obedient:
            manager = CommandManager(
                description, run, here.labels, here.environ, here.clock, here.host.free_port_of, here.folder
            )
            manager.contract = evolve(manager.contract, obedient=obedient and manager.contract.obedient)
            with closing(manager):
                yield here.system(manager, adds=target.adds)


def _alone(name: str, target: Target, clock: Clock) -> AbstractContextManager[None]:
    """A lease on a manager of which a machine can have one only: its ports are the machine's, whichever engine it uses."""
    return ownership.lease(f"the manager {name}", target.leases, clock)


@contextmanager
def _aima(target: Target, run: str) -> Iterator[System]:
    from churn.system.standin.image import standing_in
    from churn.testbed import testbed

    with (
        testbed(
            target.engine, run, target.environ, job=target.job, labelling=True, speed=target.speed, images=()
        ) as here,
        # AIMA's labels and ports are the same for all that use one engine.
        ownership.lease(f"AIMA on engine {here.engine.identity()}", target.leases, here.clock),
        standing_in(here.engine, target.aima.images, emulated=target.engine == "emulated") as obedient,
    ):
        url, environ = here.environ["DOCKER_HOST"], {**here.environ, "DOCKER_HOST": here.engine.url}
        settings = target.aima.loading(stand_in=obedient)
        manager = Aima(
            here.folder / "aima", settings, environ, url, here.clock, ownership.marker(run), obedient=obedient
        )
        _expect_program(manager.program, environ, "name AIMA's program with --aima-bin or AIMA_BIN")
        _expect_program("docker", environ, "install it: AIMA needs it beside the engine")
        _expect_free(here.host)
        yield here.system(manager, adds=target.adds, looking=manager.environ)


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


def contract_of(target: Target) -> Contract:
    """The contract of the target's manager, without a system of it. Raises `UsageError` for a file that cannot be read."""
    path = description_path(target.manager)
    if path is not None:
        from churn.system.managers.command import read

        contract = read(path).contract
    else:
        contract = contract_for(target.aima) if target.manager == "aima" else _contract_of_reference(target)
    return evolve(contract, offers=contract.offers | target.adds)


def _contract_of_reference(target: Target) -> Contract:
    """Where time is real, its servers get less of it."""
    own = evolve(CONTRACT, **defective(target.defects).promises)
    if target.virtual:
        return with_daemon(own)
    return evolve(own, bounds=evolve(CONTRACT.bounds, loading=_REAL_START_TIMEOUT))


def costs_of(target: Target) -> Costs:
    """What is known of what operations cost on that target, before anything was done: the lengths of waits."""
    served = target.engine == "emulated" and not target.virtual
    waits = Waits() if target.virtual else REAL_WAITS.hastened(target.speed) if served else REAL_WAITS
    costs = Costs()
    costs.learn(Sort("wait short"), waits.short)
    costs.learn(Sort("wait long"), waits.long)
    return costs


def _kind(manager: str) -> str:
    """The manager as `_BUILDERS` knows it: any that a file describes is one."""
    return _DESCRIBED if description_path(manager) is not None else manager


_DESCRIBED = "FILE.toml"
_BUILDERS: dict[tuple[str, str], Assembly] = {
    ("reference", "emulated"): _reference_emulated,
    ("reference", "docker"): _reference_docker,
    (_DESCRIBED, "docker"): _described,
    (_DESCRIBED, "emulated"): _described,
    ("aima", "docker"): _aima,
    ("aima", "emulated"): _aima,
}
