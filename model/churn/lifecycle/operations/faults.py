"""What goes wrong: servers that misbehave, strikes past the manager, and an engine that fails it."""

from collections.abc import Iterator
from enum import Enum
from typing import Self

from attrs import frozen

from churn.lifecycle.condition import DEAD, NONE, SOUND, Behaviour
from churn.lifecycle.operations.base import Family, OnService, Operation


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
    LATENCY = "latency"


class Outage(Enum):
    """What becomes of containers while their engine is restarted."""

    PLAIN = "plain"
    """They end."""
    LIVE = "live"
    """They run on."""


@frozen(cache_hash=True)
class SetBehaviour(OnService):
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
class _Strike(OnService):
    family = Family.STRIKE
    manager = False
    fault = True


@frozen(cache_hash=True)
class Crash(_Strike):
    """The server in the service's running container ends once, by itself and in error. A start ends that."""

    kind = "crash"
    weight = 3
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
    weight = 3
    strikes = frozenset({SOUND})
    ends_servers = True


@frozen(cache_hash=True)
class Remove(_Strike):
    """Somebody removes the service's running container without asking the manager. A start ends that."""

    kind = "remove"
    weight = 3
    strikes = frozenset({SOUND})
    ends_servers = True

    @property
    def milder(self) -> tuple[Operation, ...]:
        return (Kill(self.name),)


@frozen(cache_hash=True)
class HoldPort(_Strike):
    """A process that belongs to nobody here takes the port of a service that does not run. `ReleasePort` ends that."""

    kind = "hold-port"
    weight = 2
    strikes = frozenset({NONE, DEAD})


@frozen(cache_hash=True)
class ReleasePort(_Strike):
    """The process that holds the service's port lets go of it."""

    kind = "release-port"


@frozen(cache_hash=True)
class Disturb(Operation):
    """The engine fails the manager once, or keeps it waiting: in the first change of a container by its next create, start or
    stop; that ends it."""

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
        """A plain error, for whatever else the engine does; nothing for a mere delay."""
        mildest = self.how in (Disturbance.ERROR, Disturbance.LATENCY)
        return () if mildest else (Disturb(Disturbance.ERROR),)

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
