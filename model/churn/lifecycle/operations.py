"""Operations: the things that are done to a system, as values.

Services are called ``a``, ``b``, ``c``, … here; what they are really called is a naming scheme (`churn.lifecycle.sequence`).
An operation says nothing about how it is carried out and holds no real id, so it can be planned, drawn, shrunk and kept.

What an operation means to planning, drawing and shrinking stands in its class. How it is carried out, and what it is as a
shell command, stand in tables of the system plane and of `churn.reproducers.shell`; a test sees that none lacks a kind.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import groupby
from typing import ClassVar, Self

from attrs import evolve, frozen

from churn.lifecycle.condition import DEAD, NONE, SOUND, Behaviour, Server


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
    ENGINE_ONLY = "engine-only"
    """Only the engine is asked: a list command that repairs what it should report must not hide it."""
    HURRIED = "hurried"
    """Nothing is asked: the next operation is issued at once."""


class Family(Enum):
    """What sort of thing an operation is. Operations of one family are listed service by service, not kind by kind."""

    REQUEST = "request"
    """It asks something of the manager, of one service."""
    SURVEY = "survey"
    """It acts on no service."""
    BEHAVIOUR = "behaviour"
    """It changes how a server behaves."""
    STRIKE = "strike"
    """It strikes a service past its manager."""
    ENGINE = "engine"
    """The engine fails the manager."""


@frozen
class Operation:
    """One thing done to the system. `service` is the service it acts on, None where it acts on none."""

    kind: ClassVar[str] = ""
    """Its word, everywhere: in files, reports and messages."""
    family: ClassVar[Family] = Family.REQUEST
    manager: ClassVar[bool] = True
    """Whether it is the manager that carries it out (else the engine, the host, or just time)."""
    fault: ClassVar[bool] = False
    """Whether it makes a fault, or ends one."""
    offered: ClassVar[bool] = False
    """Whether a system has to offer it: the manager's own operations, and faults that not every engine can be made to have."""
    weight: ClassVar[int] = 1
    """How often it stands among those that random sequences draw from."""
    strikes: ClassVar[frozenset[Server]] = frozenset()
    """What the server of the service has to be for a fault to strike it; empty: it strikes no service's server."""
    ends_servers: ClassVar[bool] = False
    """Whether it may end a server past its manager: what a manager makes of that is one and the same, whichever did it."""
    upsets_engine: ClassVar[bool] = False
    """Whether the engine is another one after it, so that its identity is asked anew."""

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:
        """Every operation of this kind on these services."""
        raise NotImplementedError(f"{cls.__name__} has to say which operations of its kind there are")

    @property
    def service(self) -> str | None:
        """The service acted on, or None."""
        return None

    @property
    def milder(self) -> tuple["Operation", ...]:
        """Simpler operations that may do the same: what shrinking tries in its place."""
        return ()

    def crashes(self, service: str | None) -> bool:  # noqa: ARG002 -- most crash nothing
        """Whether it makes that service's server end by itself; None stands for any service."""
        return False

    def __str__(self) -> str:
        return self.kind


@frozen(cache_hash=True)
class _OnService(Operation):
    name: str

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:
        return (cls(name) for name in names)

    @property
    def service(self) -> str:
        return self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@frozen(cache_hash=True)
class _Request(_OnService):
    offered = True


@frozen(cache_hash=True)
class Start(_Request):
    """Start a service and wait until it is up."""

    kind = "start"
    weight = 6


@frozen(cache_hash=True)
class Stop(_Request):
    """Stop a service."""

    kind = "stop"
    weight = 6


@frozen(cache_hash=True)
class Create(_Request):
    """Make a service known to the manager."""

    kind = "create"


@frozen(cache_hash=True)
class Status(_Request):
    """Ask the manager about one service."""

    kind = "status"


@frozen(cache_hash=True)
class List(Operation):
    """Ask the manager for all its services."""

    kind = "list"
    family = Family.SURVEY
    offered = True
    weight = 2

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:  # noqa: ARG003 -- it is the same whatever there is
        yield cls()


@frozen(cache_hash=True)
class Wait(Operation):
    """Do nothing for a while: what moves by itself shows."""

    length: Length
    kind = "wait"
    family = Family.SURVEY
    manager = False
    weight = 2

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:  # noqa: ARG003 -- it is the same whatever there is
        return map(cls, Length)

    def __str__(self) -> str:
        return f"{self.kind} {self.length.value}"


@frozen(cache_hash=True)
class SetBehaviour(_OnService):
    """From now on the server of the service's next (or present) container behaves like this. HEALTHY ends it."""

    how: Behaviour
    kind = "set-behaviour"
    family = Family.BEHAVIOUR
    manager = False
    fault = True
    ends_servers = True

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:
        return (cls(name, how) for name in names for how in Behaviour)

    @property
    def milder(self) -> tuple[Operation, ...]:
        """A kill for what ends a server; a server that is never healthy for one that nothing can live with."""
        kill = (Kill(self.name),) if self.how is Behaviour.CRASH else ()
        unhealthy = SetBehaviour(self.name, Behaviour.UNHEALTHY)
        return (*kill, unhealthy) if self.how.deadly and self != unhealthy else kill

    def crashes(self, service: str | None) -> bool:
        return self.how is Behaviour.CRASH and service in (None, self.name)

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.how.value}"


@frozen(cache_hash=True)
class _Strike(_OnService):
    family = Family.STRIKE
    manager = False
    fault = True


@frozen(cache_hash=True)
class Crash(_Strike):
    """The server in the service's running container ends once, by itself and in error. A start ends that."""

    kind = "crash"
    strikes = frozenset({SOUND})
    ends_servers = True

    @property
    def milder(self) -> tuple[Operation, ...]:
        return (Kill(self.name),)

    def crashes(self, service: str | None) -> bool:
        return service in (None, self.name)


@frozen(cache_hash=True)
class Kill(_Strike):
    """Somebody kills the service's running container without asking the manager. A start ends that."""

    kind = "kill"
    strikes = frozenset({SOUND})
    ends_servers = True


@frozen(cache_hash=True)
class Remove(_Strike):
    """Somebody removes the service's running container without asking the manager. A start ends that."""

    kind = "remove"
    strikes = frozenset({SOUND})
    ends_servers = True

    @property
    def milder(self) -> tuple[Operation, ...]:
        return (Kill(self.name),)


@frozen(cache_hash=True)
class HoldPort(_Strike):
    """A process that belongs to nobody here takes the port of a service that does not run. `ReleasePort` ends that."""

    kind = "hold-port"
    strikes = frozenset({NONE, DEAD})


@frozen(cache_hash=True)
class ReleasePort(_Strike):
    """The process that holds the service's port lets go of it."""

    kind = "release-port"


@frozen(cache_hash=True)
class Disturb(Operation):
    """The engine fails the manager once, in the first change of a container by its next create, start or stop; that ends it."""

    how: Disturbance
    kind = "disturb"
    family = Family.ENGINE
    manager = False
    fault = True
    offered = True

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:  # noqa: ARG003 -- it strikes whichever comes next
        return map(cls, Disturbance)

    @property
    def milder(self) -> tuple[Operation, ...]:
        """A plain error, for whatever else the engine does."""
        plain = Disturb(Disturbance.ERROR)
        return () if self == plain else (plain,)

    def __str__(self) -> str:
        return f"{self.kind} {self.how.value}"


@frozen(cache_hash=True)
class RestartEngine(Operation):
    """The engine is restarted, and is back."""

    how: Outage
    kind = "restart-engine"
    family = Family.ENGINE
    manager = False
    fault = True
    offered = True
    upsets_engine = True

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:  # noqa: ARG003 -- it strikes all of them
        return map(cls, Outage)

    def __str__(self) -> str:
        return f"{self.kind} {self.how.value}"


_ALL: tuple[type[Operation], ...] = (
    Start,
    Stop,
    Create,
    Status,
    List,
    Wait,
    SetBehaviour,
    Crash,
    Kill,
    Remove,
    HoldPort,
    ReleasePort,
    Disturb,
    RestartEngine,
)
KINDS: Mapping[str, type[Operation]] = {cls.kind: cls for cls in _ALL}
"""Every operation there is, by its word; those of one family stand together."""

OFFERED = frozenset(cls.kind for cls in _ALL if cls.offered and cls.manager)
"""The kinds that a manager may lack."""
ENGINE_FAULTS = frozenset(cls.kind for cls in _ALL if cls.family is Family.ENGINE)
"""The kinds with which a manager's engine fails it: a contract offers them where that is wanted."""


def listed(names: tuple[str, ...], offers: frozenset[str]) -> Iterator[Operation]:
    """Every operation on these services that a system with these `offers` can be asked for, family by family."""
    for _, kinds in groupby(_ALL, key=lambda cls: cls.family):
        family = [cls for cls in kinds if cls.kind in offers or not cls.offered]
        on_none = [operation for cls in family for operation in cls.each(()) if operation.service is None]
        yield from on_none
        yield from (
            operation for name in names for cls in family for operation in cls.each((name,)) if operation.service
        )


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
