"""Small things that unit tests are made of: states, cases that fit them, and systems on the emulated engine."""

from collections.abc import Callable, Iterator
from itertools import combinations, product
from typing import Any

from attrs import define, evolve, frozen

from churn.assembly import OTHER, STAND_IN
from churn.lifecycle.condition import Abstract, Behaviour, Condition, Server
from churn.lifecycle.contract import Bounds, Contract, Means, Noticing, Ports, Remains, Reply, SecondStart
from churn.lifecycle.durations import Slow
from churn.lifecycle.invariants import INVARIANTS, Case, Doubt, Objection, examine
from churn.lifecycle.observation import Container, Listed, Observation, Port, Status
from churn.lifecycle.operations import List, Operation
from churn.lifecycle.outcome import Ok, Outcome
from churn.lifecycle.state import Service, State, Unsettled
from churn.lifecycle.transitions import Must
from churn.session.budget import Budget
from churn.session.fingerprint import Fingerprint
from churn.session.reset import reset
from churn.session.session import Session
from churn.session.system import System, Waits
from churn.session.trace import Trace
from churn.session.verdict import Signature
from churn.system import ownership
from churn.system.clock import VirtualClock
from churn.system.engines.emulated import Core, EmulatedEngine, EmulatedHost
from churn.system.engines.emulated.container import Timing
from churn.system.managers.reference import Embedded, ReferenceManager, Settings, Store
from churn.system.managers.reference.manager import SERVICE, SESSION
from churn.system.protocols import Mount, Spec

# -- contracts --------------------------------------------------------------------------------------------------------

_CHOICES: dict[str, tuple[Any, ...]] = {
    "second_start": (SecondStart.REFUSED, SecondStart.IGNORED, SecondStart.EITHER),
    "idle_stop": tuple(Reply),
    "second_create": tuple(Reply),
    "failed_container": (Remains.GONE, Remains.KEPT),
    "stopped_container": (Remains.GONE, Remains.KEPT),
    "ports": tuple(Ports),
    "running_means": tuple(Means),
    "death_noticed": tuple(Noticing),
}


def contracts(**fixed: Any) -> Iterator[Contract]:
    """Contracts whose choices in `fixed` are as given, and of whose others each pair stands in every combination.

    Unless it is said, each start makes a container of its own, and a start of a running service makes none:
    `test_keeping.py` has the others.
    """
    base = Contract(**fixed)
    free = [name for name in _CHOICES if name not in fixed]
    yield base
    for one, other in combinations(free, 2):
        for first, second in product(_CHOICES[one], _CHOICES[other]):
            yield evolve(base, **{one: first, other: second})


# -- services and states ----------------------------------------------------------------------------------------------

PORTS = {"a": 20001, "b": 20002, "c": 20003}


def idle(status: Status = Status.STOPPED, port: int | None = PORTS["a"], **changes: Any) -> Service:
    """A service without a server."""
    return evolve(Service(status=status, port=port), **changes)


def running(identity: str = "a1", port: int | None = PORTS["a"], **changes: Any) -> Service:
    """A service whose server runs in the container of that id."""
    return evolve(Service(status=Status.RUNNING, server=Server.SOUND, container=identity, port=port), **changes)


def ill(identity: str = "a1", how: Behaviour = Behaviour.HANG, **changes: Any) -> Service:
    """A running service under a deadly fault."""
    return running(identity, server=Server.ILL, behaviour=how, **changes)


def dead(identity: str = "a1", **changes: Any) -> Service:
    """A running service whose server has ended."""
    return running(identity, **{"server": Server.DEAD, "leftover": True, **changes})


def unsettled(service: Service, kind: str = "start", until: float = 0.0) -> Service:
    """The same, after an operation of that kind whose outcome is unknown."""
    return evolve(service, unsettled=Unsettled(kind, until))


def state(**services: Service) -> State:
    """A state with these services, whose containers were all seen before."""
    return State(services, frozenset(s.container for s in services.values() if isinstance(s.container, str)))


def conditions(*words: str) -> Abstract:
    """The abstract state of services whose conditions a report writes so."""
    return tuple(map(Condition.of, words))


ANYHOW = Fingerprint(Signature("no-orphans", "stop", "running"), "nothing is left", "something is")  # type: ignore[arg-type]  # converted
"""What a failure looks like, where that does not matter."""


# -- cases -----------------------------------------------------------------------------------------------------------


def container(identity: str = "a1", service: str | None = "a", **changes: Any) -> Container:
    """A running container of a service, on its port, started once."""
    ports = (PORTS[service],) if service in PORTS else ()
    made = Container(
        id=identity,
        alias=f"{service or '?'}#{identity[-1]}",
        name=f"t-{identity}",
        state="running",
        service=service,
        ports=ports,
    )
    return evolve(made, **{"born": 1, "starts": 1, **changes})


def exited(identity: str = "a1", service: str | None = "a", **changes: Any) -> Container:
    """One that has ended: it holds no port."""
    return container(identity, service, **{"state": "exited", "ports": (), **changes})


def listed(
    service: str = "a", status: Status | None = Status.RUNNING, port: int | None = None, word: str = ""
) -> Listed:
    """A row of the manager's list."""
    return Listed(service, word or (status.value if status else "?"), status, port or PORTS.get(service))


_LISTED_AS = {Server.DEAD: Status.FAILED}


def picture(expected: State, **changes: Any) -> Observation:
    """What is seen of a system that is exactly as `expected` says."""
    containers: dict[str, Container] = {}
    ports: dict[int, Port] = {}
    rows: list[Listed] = []
    for name, service in expected.services.items():
        if isinstance(service.container, str):
            fate = {"state": "exited"} if service.server is Server.DEAD else {"ports": (service.port,)}
            containers[service.container] = container(service.container, name, **{"ports": (), **fate})
        if service.port is not None and service.server in (Server.SOUND, Server.NONE):
            ports[service.port] = Port(health=200) if service.server is Server.SOUND else Port(bindable=True)
        rows.append(Listed(name, service.status.value, _LISTED_AS.get(service.server, service.status), service.port))
    seen = Observation(containers=containers, ports=ports, listed=tuple(rows), resources=frozenset(), processes=())
    return evolve(seen, list_command="churn reference list", **changes)


def holding(*containers: Container) -> dict[str, Container]:
    """Containers by their ids, as an observation has them."""
    return {found.id: found for found in containers}


def case(
    expected: State,
    observation: Observation | None = None,
    *,
    operation: Operation | None = None,
    outcome: Outcome | None = None,
    must: Must = Must.OK,
    before: State | None = None,
    contract: Contract | None = None,
    acted: tuple[str, ...] = (),
    waited: bool = False,
    listing: Outcome | None = None,
    slow: Slow | None = None,
) -> Case:
    """`expected`, held against `observation`: unless given, what fits it. `before` is the state before it was bound."""
    return Case(
        operation=operation or List(),
        outcome=outcome or Ok(),
        must=must,
        expected=before or expected,
        state=expected,
        observation=observation or picture(expected),
        contract=contract or Contract(),
        acted=frozenset(acted),
        waited=waited,
        listing=listing,
        slow=slow,
    )


_BY_NAME = {invariant.name: invariant for invariant in INVARIANTS}


def findings(name: str, seen: Case) -> tuple[list[Objection], list[Doubt]]:
    """What the invariant of that name objects to, and what it could not tell."""
    return examine(seen, (_BY_NAME[name],))


def is_quiet(name: str, seen: Case) -> bool:
    """Whether the invariant of that name has nothing to say."""
    return findings(name, seen) == ([], [])


def objected(name: str, seen: Case) -> list[str | None]:
    """The services about which the invariant objects. It must doubt nothing."""
    objections, doubts = findings(name, seen)
    assert not doubts
    return [objection.service for objection in objections]


def doubted(name: str, seen: Case) -> list[str | None]:
    """The services about which the invariant cannot tell. It must object to nothing."""
    objections, doubts = findings(name, seen)
    assert not objections
    return [doubt.service for doubt in doubts]


# -- systems on the emulated engine -----------------------------------------------------------------------------------

SETTINGS = Settings(session="test", image=STAND_IN, labels=ownership.labels("run"))


@define
class Bench:
    """An emulated engine with its host and clock, and reference managers over one store."""

    core: Core
    engine: EmulatedEngine
    host: EmulatedHost
    store: Store

    @property
    def clock(self) -> VirtualClock:
        """The virtual clock of all of it."""
        clock = self.core.clock
        assert isinstance(clock, VirtualClock)
        return clock

    def manager(self, engine: object = None, settings: Settings = SETTINGS) -> ReferenceManager:
        """A reference manager over the store, as if its program had just been started."""
        return ReferenceManager(self.store, engine or self.engine, self.host, self.clock, settings)  # type: ignore[arg-type]

    def run(self, name: str = "box", *, folder: str = "", **fields: Any) -> str:
        """A container that runs; with a folder its server behaves by the folder's word. Gives its id."""
        identity = self.create(name, folder=folder, **fields)
        self.engine.start(identity)
        return identity

    def create(self, name: str = "box", *, folder: str = "", **fields: Any) -> str:
        """A container that was never started. Gives its id."""
        mounts = (Mount(folder, "/behaviour"),) if folder else ()
        return self.engine.create(Spec(**{"image": STAND_IN, "name": name, "mounts": mounts, **fields}))

    def states(self) -> list[str]:
        """The states of all containers, oldest first."""
        return [row.state for row in self.engine.list()]

    def of(self, service: str, session: str = "test") -> list[str]:
        """The states of the containers of a reference manager's service."""
        return [row.state for row in self.engine.list({SESSION: session, SERVICE: service})]


def bench(*, seed: int = 0, gpu: bool = False, timing: Timing | None = None) -> Bench:
    """A new, empty one."""
    core = Core(VirtualClock(), seed=seed, images=frozenset({STAND_IN, OTHER}), gpu=gpu, timing=timing)
    return Bench(core, EmulatedEngine(core), EmulatedHost(core), Store())


class Interrupted(BaseException):
    """What ends a program in the middle of anything: no `except Exception` holds it up."""


@define
class Tripwire:
    """An engine that raises `error` once, at its call number `at`: before the call is made, or after it was."""

    engine: EmulatedEngine
    at: int
    error: BaseException
    after: bool = False
    calls: int = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.engine, name)
        if not callable(call):
            return call

        def tripped(*args: Any, **options: Any) -> Any:
            self.calls += 1
            due = self.calls == self.at
            if due and not self.after:
                raise self.error
            result = call(*args, **options)
            if due:
                raise self.error
            return result

        return tripped

    @property
    def untouched(self) -> bool:
        """Whether fewer calls were made than it would have needed."""
        return self.calls < self.at


class Double(Embedded):
    """A reference manager whose operations a test may replace. `started` and `stopped` count what it was asked."""

    def __init__(self, manager: ReferenceManager, **choices: Any) -> None:
        super().__init__(manager)
        self.contract = evolve(self.contract, **choices)
        self.started = self.stopped = 0

    def start(self, service: str) -> Outcome:
        self.started += 1
        return super().start(service)

    def stop(self, service: str) -> Outcome:
        self.stopped += 1
        return super().stop(service)


class ForgetfulStop(Double):
    """Says that it has stopped a service, and leaves its container running."""

    def stop(self, service: str) -> Outcome:
        self.stopped += 1
        return self._call(f"stop {service}", lambda: self.manager.store.mark(service, "stopped", None))


@define
class Laboratory:
    """A session, and everything beneath it."""

    bench: Bench
    system: System
    session: Session
    trace: Trace
    budget: Budget
    applied: list[Operation]
    """What the system was asked to do, in order."""
    resets: list[float]
    """When it was reset."""


@frozen
class _Counting:
    apply: Callable[[Operation], Outcome]
    applied: list[Operation]

    def __call__(self, operation: Operation) -> Outcome:
        self.applied.append(operation)
        return self.apply(operation)


def laboratory(
    make: Callable[..., Double] = Double,
    *,
    trace: Trace | None = None,
    operations: int | None = None,
    settling: float = 0.0,
    waits: Waits | None = None,
    **choices: Any,
) -> Laboratory:
    """A session on the emulated engine, with the manager that `make` gives; `choices` change its contract."""
    made = bench()
    double = make(made.manager(), bounds=Bounds(settling=settling), **choices)
    system = System(double, made.engine, made.host, made.clock, waits)
    applied: list[Operation] = []
    resets: list[float] = []
    system.apply = _Counting(system.apply, applied)  # type: ignore[method-assign]
    trace = trace or Trace()
    budget = Budget(made.clock, operations)

    def counted() -> None:
        resets.append(made.clock.now())
        reset(system, "run")

    return Laboratory(made, system, Session(system, counted, trace, budget), trace, budget, applied, resets)
