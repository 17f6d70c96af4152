"""The expected state: what Churn thinks is true of a system, which operations that enables, and one abstract view of it.

A state holds what is expected of each service, plus what was learned by looking (ports, container ids). It is a value:
`churn.lifecycle.transitions` makes the next ones, `churn.lifecycle.binding` fills in what was seen.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from attrs import evolve, field, frozen

from churn.lifecycle.condition import ABSENT, DEAD, ILL, Abstract, Behaviour, Condition, Server
from churn.lifecycle.contract import Contract
from churn.lifecycle.observation import Resource, Status
from churn.lifecycle.operations import Operation, ReleasePort, SetBehaviour, listed


@frozen
class Fresh:
    """A container that must be seen for the first time, created at or after the place `since` in the engine's event order.

    Not `strict`: after an operation of unknown outcome it may be one that this operation left.
    """

    since: int = 0
    strict: bool = True


@frozen
class Unsettled:
    """An operation on the service ended unknown: its effects may still come until that time (seconds of the run's clock).

    Until a Start or Stop ends Ok after it, only safety is demanded of the service: at most one container more than
    expected, any status.
    """

    kind: str
    until: float
    others: bool = False
    """Of a create, after which the service may not be there: whether other operations ended unknown since."""


@frozen(kw_only=True)
class Service:
    """What is expected of one service.

    `container` is the id of its container, `Fresh` where one must have appeared that nobody has seen yet, or None.
    `port` is None until first seen. `leftover`: one container of it that does not run may be there. `held`: a stranger
    holds its port.
    """

    status: Status = Status.CREATED
    server: Server = Server.NONE
    container: str | Fresh | None = None
    port: int | None = None
    leftover: bool = False
    behaviour: Behaviour = Behaviour.HEALTHY
    unsettled: Unsettled | None = None
    held: bool = False
    condition: Condition = field(init=False, eq=False, repr=False)
    """Made with the service: it is asked for at each step, and most services stay as they are."""

    @condition.default
    def _condition(self) -> Condition:
        if self.unsettled is not None:
            return _UNSETTLED
        word = "dead" if self.server is DEAD else self.status.value
        return Condition(word, self.behaviour.deadly, self.held)

    @property
    def exempt(self) -> bool:
        """Whether it may move by itself."""
        return self.server in (ILL, DEAD) or self.unsettled is not None


_UNSETTLED = Condition("unsettled")


@frozen
class Baseline:
    """Networks, volumes and images seen when nothing ran, after these services had been through a cycle."""

    cycled: frozenset[str]
    resources: frozenset[Resource]


@frozen
class State:
    """What is expected of a system.

    `seen` are the ids of all containers that ever were a service's; `cycled` the services that were started and stopped
    at least once.
    """

    services: Mapping[str, Service] = field(factory=dict)
    seen: frozenset[str] = frozenset()
    cycled: frozenset[str] = frozenset()
    baseline: Baseline | None = None

    def put(self, name: str, service: Service) -> "State":
        """This state with that service in place of the one of that name."""
        return State({**self.services, name: service}, self.seen, self.cycled, self.baseline)

    def change(self, name: str, **changes: object) -> "State":
        """This state with some fields of one service changed."""
        return self.put(name, evolve(self.services[name], **changes))  # type: ignore[arg-type]  # field names as given


CLEAN = State()
"""The state of a clean system: no service at all."""


@lru_cache(maxsize=1024)
def every(names: tuple[str, ...], offers: frozenset[str]) -> tuple[Operation, ...]:
    """Every operation on these services that a system with these `offers` can be asked for, enabled now or not."""
    return tuple(listed(names, offers))


def enabled(state: State, names: tuple[str, ...], contract: Contract, *, faults: bool = True) -> tuple[Operation, ...]:
    """The operations that make sense in `state`, in a fixed order, those included that must be refused or change nothing.

    `names` are the services of the sequence, known to the manager or not. Without `faults` none that makes one.
    """
    candidates = every(names, contract.offers)
    return tuple([one for one in candidates if (faults or not one.fault) and is_enabled(state, one)])


def is_enabled(state: State, operation: Operation) -> bool:
    """Whether `operation` makes sense in `state`.

    One service at a time may have a server that cannot live, or a port that is held, and that must be ended before there is
    another fault: so an objection has one fault to be explained by.
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
    """`operation` if it is enabled in `state`, else what comes nearest to it: the end of the fault in its way, or nothing."""
    if is_enabled(state, operation):
        return operation
    return _remedy(state)


def _remedy(state: State) -> Operation | None:
    """What ends the fault that lasts, None where there is none."""
    for name, service in state.services.items():
        if service.behaviour.deadly:
            return SetBehaviour(name, Behaviour.HEALTHY)
        if service.held:
            return ReleasePort(name)
    return None


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
