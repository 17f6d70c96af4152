"""Operations: the things that are done to a system, as values.

Services are called ``a``, ``b``, ``c``, … here; what they are really called is a naming scheme (`churn.lifecycle.sequence`).
An operation says nothing about how it is carried out and holds no real id, so it can be planned, drawn, shrunk and kept.
"""

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar

from attrs import evolve, frozen


class Behaviour(Enum):
    """How the server in a service's container behaves. The value is the word in its behaviour file."""

    HEALTHY = "healthy"
    SLOW = "slow"
    CRASH = "crash"
    UNHEALTHY = "unhealthy"
    HANG = "hang"
    IGNORE_SIGTERM = "ignore-sigterm"

    @property
    def deadly(self) -> bool:
        """Whether a server like this can never become, or stay, healthy."""
        return self in (Behaviour.CRASH, Behaviour.UNHEALTHY, Behaviour.HANG)


class Disturbance(Enum):
    """What becomes of a call that the manager makes of its engine. The value is the fault's name on the wire."""

    ERROR = "server-error"
    LOST_BEFORE = "reply-lost-before"
    LOST_AFTER = "reply-lost-after"
    RESET = "connection-reset"
    TRUNCATED = "truncated-json"
    HANG = "hang"
    NAME = "name-conflict"
    PORT = "port-allocated"
    REMOVAL = "removal-in-progress"
    IMAGE = "image-gone"
    GPU = "missing-gpu-driver"


class Outage(Enum):
    """What becomes of containers while their engine is restarted."""

    PLAIN = "plain"
    """They end."""
    LIVE = "live"
    """They run on."""


class Length(Enum):
    """How long a `Wait` is. The run's settings say how many seconds that makes."""

    SHORT = "short"
    LONG = "long"


class Pace(Enum):
    """What is looked at after a step, before the next one."""

    CALM = "calm"
    """The manager and the engine are both asked."""
    DISCREET = "discreet"
    """Only the engine is asked: a list command that repairs what it should report must not hide it."""
    HURRIED = "hurried"
    """Nothing is asked: the next operation is issued at once."""


@frozen
class Operation:
    """One thing done to the system. `service` is the service it acts on, None where it acts on none."""

    kind: ClassVar[str] = ""
    manager: ClassVar[bool] = True
    """Whether it is the manager that carries it out (else the engine, the host, or just time)."""
    fault: ClassVar[bool] = False
    """Whether it makes a fault, or ends one."""

    @property
    def service(self) -> str | None:
        """The service acted on, or None."""
        return None

    def __str__(self) -> str:
        return self.kind


@frozen(cache_hash=True)
class _OnService(Operation):
    name: str

    @property
    def service(self) -> str:
        return self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@frozen(cache_hash=True)
class Create(_OnService):
    """Make a service known to the manager."""

    kind = "create"


@frozen(cache_hash=True)
class Start(_OnService):
    """Start a service and wait until it is up."""

    kind = "start"


@frozen(cache_hash=True)
class Stop(_OnService):
    """Stop a service."""

    kind = "stop"


@frozen(cache_hash=True)
class Status(_OnService):
    """Ask the manager about one service."""

    kind = "status"


@frozen(cache_hash=True)
class List(Operation):
    """Ask the manager for all its services."""

    kind = "list"


@frozen(cache_hash=True)
class Wait(Operation):
    """Do nothing for a while: what moves by itself shows."""

    length: Length
    kind = "wait"
    manager = False

    def __str__(self) -> str:
        return f"wait {self.length.value}"


@frozen(cache_hash=True)
class Behave(_OnService):
    """From now on the server of the service's next (or present) container behaves like this. HEALTHY ends it."""

    how: Behaviour
    kind = "behave"
    manager = False
    fault = True

    def __str__(self) -> str:
        return f"behave {self.name} {self.how.value}"


@frozen(cache_hash=True)
class _Fault(_OnService):
    manager = False
    fault = True


@frozen(cache_hash=True)
class Crash(_Fault):
    """The server in the service's running container ends once, by itself and in error. A start ends that."""

    kind = "crash"


@frozen(cache_hash=True)
class Kill(_Fault):
    """Somebody kills the service's running container without asking the manager. A start ends that."""

    kind = "kill"


@frozen(cache_hash=True)
class Remove(_Fault):
    """Somebody removes the service's running container without asking the manager. A start ends that."""

    kind = "remove"


@frozen(cache_hash=True)
class HoldPort(_Fault):
    """A process that belongs to nobody here takes the port of a service that does not run. `ReleasePort` ends that."""

    kind = "hold-port"


@frozen(cache_hash=True)
class ReleasePort(_Fault):
    """The process that holds the service's port lets go of it."""

    kind = "release-port"


@frozen(cache_hash=True)
class Disturb(Operation):
    """The engine fails the manager once, in the first change of a container by its next create, start or stop; that ends it."""

    how: Disturbance
    kind = "disturb"
    manager = False
    fault = True

    def __str__(self) -> str:
        return f"disturb {self.how.value}"


@frozen(cache_hash=True)
class RestartEngine(Operation):
    """The engine is restarted, and is back."""

    how: Outage
    kind = "restart-engine"
    manager = False
    fault = True

    def __str__(self) -> str:
        return f"restart-engine {self.how.value}"


ENGINE_FAULTS = frozenset({Disturb.kind, RestartEngine.kind})
"""The kinds with which a manager's engine fails it: a contract offers them where that is wanted."""

_ON_SERVICES: tuple[type[Operation], ...] = (
    Create,
    Start,
    Stop,
    Status,
    Behave,
    Crash,
    Kill,
    Remove,
    HoldPort,
    ReleasePort,
)
_ON_NONE: tuple[type[Operation], ...] = (List, Wait, Disturb, RestartEngine)
KINDS: dict[str, type[Operation]] = {cls.kind: cls for cls in (*_ON_SERVICES, *_ON_NONE)}
"""Every operation there is, by its word."""


def renamed(operation: Operation, names: Mapping[str, str]) -> Operation:
    """The same operation on the service that `names` has for its own."""
    return evolve(operation, name=names[operation.name]) if isinstance(operation, _OnService) else operation


@frozen(cache_hash=True)
class Step:
    """An operation and the pace at which it is done."""

    operation: Operation
    pace: Pace = Pace.CALM

    @property
    def hurried(self) -> bool:
        """Whether nothing is looked at before the next step."""
        return self.pace is Pace.HURRIED

    def __str__(self) -> str:
        suffix = "" if self.pace is Pace.CALM else f" ({self.pace.value})"
        return f"{self.operation}{suffix}"
