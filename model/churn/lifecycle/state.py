"""The expected state: what Churn thinks is true of a system, which operations make sense then, and an abstract view of it.

A state holds what is expected of each service, plus what was learned by looking (ports, container ids). It is a value:
`churn.lifecycle.transitions` makes the next ones, `churn.lifecycle.binding` fills in what was seen.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from attrs import evolve, field, frozen

from churn.lifecycle.condition import ABSENT, DEAD, ILL, UNSETTLED, Abstract, Behaviour, Condition, Server
from churn.lifecycle.contract import Contract, Noticing
from churn.lifecycle.form import Setting
from churn.lifecycle.observation import Resource, Status
from churn.lifecycle.operations import Operation, ReleasePort, SetBehaviour, Start, Stop, listed


@frozen
class Fresh:
    """Stands for the id of a container that has just been made, until a look shows it.

    It must never have been seen before, and its creation must stand at or after `since` in the order of the engine's events.
    If it is not `strict`, neither is demanded: an operation that ended unknown before may have made it.
    """

    since: int = 0
    strict: bool = True


@frozen
class Unsettled:
    """An operation on the service ended unknown. Its effects may still come until `until` (seconds of the run's clock).

    Only when a start or stop that ends after that time reports success, the service is settled again. Before, only safety is
    demanded of it: at most one container more than expected, and any status.
    """

    kind: str
    until: float
    others: bool = False
    """Of a create, after which the service may not be there: whether other operations ended unknown since."""
    tries: int = 0
    """How many starts and stops of it were refused since `until`."""
    refused: frozenset[str] = frozenset()
    """Which of these they were, by their kinds."""


@frozen(kw_only=True)
class Service:
    """What is expected of one service.

    `container` is the id of its container; `Fresh` if it has just been made and nobody has seen it; None if it has none.
    `port` is None until it is first seen. `leftover`: one container of it that does not run may be there. `again` is
    the id of the one that its next start must run, where the contract says so. `held`: a stranger holds its port.
    `asked` are the settings that updates changed, `made` those of them that its last start had, and `next_port` is the port
    that it gets with its next start: None where it keeps its own, 0 where that is not known yet.
    """

    status: Status = Status.CREATED
    server: Server = Server.NONE
    container: str | Fresh | None = None
    port: int | None = None
    leftover: bool = False
    again: str | None = None
    behaviour: Behaviour = Behaviour.HEALTHY
    unsettled: Unsettled | None = None
    held: bool = False
    asked: frozenset[Setting] = frozenset()
    made: frozenset[Setting] = frozenset()
    next_port: int | None = None
    condition: Condition = field(init=False, eq=False, repr=False)
    """Computed once for each value, because it is asked for at each step, and most services stay as they are."""

    @condition.default
    def _condition(self) -> Condition:
        if self.unsettled is not None:
            return UNSETTLED
        word = "dead" if self.server is DEAD else self.status.value
        return Condition(word, self.behaviour.deadly, self.held)

    @property
    def pending(self) -> bool:
        """Whether an update waits for its next start."""
        return self.asked != self.made or self.next_port is not None

    @property
    def exempt(self) -> bool:
        """Whether its container may start, end, come or go by itself."""
        return self.server in (ILL, DEAD) or self.unsettled is not None


@frozen
class Undergone:
    """What services went through, after which something may be left that was not there before."""

    cycled: frozenset[str] = frozenset()
    """Those that were started and stopped at least once."""
    tried: frozenset[str] = frozenset()
    """Those of which a start failed: what that may leave is not what a whole cycle may."""

    def __bool__(self) -> bool:
        """Whether there was anything."""
        return bool(self.cycled or self.tried)

    def with_cycle(self, name: str) -> "Undergone":
        """This, and a cycle of that service."""
        return self if name in self.cycled else Undergone(self.cycled | {name}, self.tried)

    def with_try(self, name: str) -> "Undergone":
        """This, and a start of that service that failed."""
        return self if name in self.tried else Undergone(self.cycled, self.tried | {name})

    def without(self, name: str) -> "Undergone":
        """This as if there had never been that service."""
        return Undergone(self.cycled - {name}, self.tried - {name})


@frozen
class Baseline:
    """The networks, volumes and images that were there when nothing ran, after `undergone`."""

    undergone: Undergone
    resources: frozenset[Resource]


@frozen
class State:
    """What is expected of a system.

    `seen` are the ids of all containers that ever were a service's. Leaks are told by comparison with `baseline`.
    """

    services: Mapping[str, Service] = field(factory=dict)
    seen: frozenset[str] = frozenset()
    undergone: Undergone = Undergone()
    baseline: Baseline | None = None
    volumes: frozenset[Resource] | None = None
    """The volumes that were there before any service was started; None: nobody has looked then."""

    def put(self, name: str, service: Service) -> "State":
        """This state with that service in place of the one of that name."""
        return State({**self.services, name: service}, self.seen, self.undergone, self.baseline, self.volumes)

    def drop(self, name: str) -> "State":
        """This state without that service. What is left of it is told from now on: leaks are compared anew."""
        services = {other: service for other, service in self.services.items() if other != name}
        return State(services, self.seen, self.undergone.without(name), None, self.volumes)

    def change(self, name: str, **changes: object) -> "State":
        """This state with some fields of one service changed."""
        return self.put(name, evolve(self.services[name], **changes))  # type: ignore[arg-type]  # field names as given


CLEAN = State()
"""The state of a clean system: no service at all."""


@lru_cache(maxsize=1024)
def every(names: tuple[str, ...], possible: frozenset[str]) -> tuple[Operation, ...]:
    """Every operation on these services that a contract has as `possible`, whether it makes sense now or not."""
    return tuple(listed(names, possible))


def enabled(state: State, names: tuple[str, ...], contract: Contract, *, faults: bool = True) -> tuple[Operation, ...]:
    """The operations that make sense in `state`, in a fixed order. Operations that must be refused, or change nothing, do, too.

    `names` are the services of the sequence, whether the manager knows them or not. Without `faults` there are no faults.
    """
    candidates = every(names, contract.possible)
    return tuple([one for one in candidates if (faults or not one.fault) and is_enabled(state, one)])


def is_enabled(state: State, operation: Operation) -> bool:
    """Whether `operation` makes sense in `state`.

    Only one service at a time may be told to misbehave so that its server cannot live, or have its port held. That must end
    before the next fault, so that a failure is never the work of two faults at once.
    """
    if not operation.fault:
        return True
    remedy = _remedy(state)
    if operation.service is None:
        return remedy is None
    service = state.services.get(operation.service)
    if service is None:
        return False
    if remedy is not None or isinstance(operation, ReleasePort):
        return operation == remedy
    return not operation.strikes or (service.unsettled is None and service.server in operation.strikes)


def repaired(state: State, operation: Operation) -> Operation | None:
    """`operation` if it makes sense in `state`; otherwise the operation that ends the fault in its way; None if none is."""
    if is_enabled(state, operation):
        return operation
    return _remedy(state)


def _remedy(state: State) -> Operation | None:
    """The operation that ends the fault under which some service is; None where no service is under one."""
    for name, service in state.services.items():
        if service.behaviour.deadly:
            return SetBehaviour(name, Behaviour.HEALTHY)
        if service.held:
            return ReleasePort(name)
    return None


def healing(state: State) -> tuple[Operation, ...]:
    """What a user does for services of which nobody knows what became: stop, start and stop them, once no fault is on."""
    unsettled = [name for name, service in state.services.items() if service.unsettled is not None]
    if not unsettled:
        return ()
    remedy = _remedy(state)
    tries = (operation for name in unsettled for operation in (Stop(name), Start(name), Stop(name)))
    return (*((remedy,) if remedy is not None else ()), *tries)


def tellable(service: Service, contract: Contract) -> tuple[Status, ...]:
    """The statuses that the manager may tell of the service, which is settled."""
    if service.server is ILL:
        return (Status.RUNNING, Status.FAILED)
    if service.server is DEAD:
        noticed = (Status.FAILED, Status.STOPPED)
        return noticed if contract.death_noticed is Noticing.SETTLING else (*noticed, Status.RUNNING)
    return (service.status,)


def condition(service: Service | None) -> Condition:
    """The condition of a service, or of one that is not there."""
    return ABSENT if service is None else service.condition


def abstract(state: State, names: tuple[str, ...]) -> Abstract:
    """The abstract view of `state`: the condition of each of `names`, in their order."""
    return tuple([condition(state.services.get(name)) for name in names])


def distinct(states: Iterable[State]) -> tuple[State, ...]:
    """The states, each once."""
    found: list[State] = []
    for state in states:
        if state not in found:
            found.append(state)
    return tuple(found)
