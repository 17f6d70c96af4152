"""The operations that make something go wrong: with a server, with a service behind the manager's back, with the engine."""

from collections.abc import Iterator
from enum import Enum
from typing import Self

from attrs import evolve, frozen

from churn.lifecycle.condition import DEAD, NONE, SOUND, Behaviour
from churn.lifecycle.operations.base import Family, OnService, Operation


class Disturbance(Enum):
    """What becomes of a call by which the manager asks its engine. The value is the name of an engine fault."""

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


class Ending(Enum):
    """The signal that ends the manager's program."""

    KILL = "kill"
    """SIGKILL: it cannot do anything more."""
    TERM = "term"
    """SIGTERM: it may put things in order, and is then held to what it tells."""
    INT = "int"
    """SIGINT, as Ctrl-C: the same."""


class Side(Enum):
    """On which side of a call the manager is ended."""

    BEFORE = "before"
    """The call does not take place."""
    AFTER = "after"
    """The call takes place, and the manager does not learn what came of it."""


class Calls(Enum):
    """Which of the manager's calls are counted."""

    CHANGES = "changes"
    """Those that change something: a container, or, in the process of Churn, what the manager keeps."""
    ALL = "all"
    """All of them: those, too, that only ask."""


class Outage(Enum):
    """What becomes of containers while their engine is restarted."""

    PLAIN = "plain"
    """They end."""
    LIVE = "live"
    """They run on."""


@frozen(cache_hash=True)
class SetBehaviour(OnService):
    """From now on the servers of the service behave like this: the one that runs, and those of later starts.

    `healthy` ends that.
    """

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
        """A kill in place of a crash; an unhealthy server in place of one that crashes or hangs; a slow one for a late one."""
        if self.how is Behaviour.LATE:
            return (SetBehaviour(self.name, Behaviour.SLOW),)
        kill = (Kill(self.name),) if self.how is Behaviour.CRASH else ()
        unhealthy = SetBehaviour(self.name, Behaviour.UNHEALTHY)
        return (*kill, unhealthy) if self.how.deadly and self != unhealthy else kill

    @property
    def needs(self) -> str | None:
        return self.how.value if self.how is Behaviour.LATE else None

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
    """The server in the service's running container ends, by itself and in error. The next start makes a new container."""

    kind = "crash"
    weight = 2
    strikes = frozenset({SOUND})
    ends_servers = True

    @property
    def milder(self) -> tuple[Operation, ...]:
        return (Kill(self.name),)

    def crashes(self, service: str | None) -> bool:
        return service in (None, self.name)


@frozen(cache_hash=True)
class Kill(_Strike):
    """Somebody kills the service's running container without asking the manager. The next start makes a new container."""

    kind = "kill"
    weight = 2
    strikes = frozenset({SOUND})
    ends_servers = True


@frozen(cache_hash=True)
class RemoveContainer(_Strike):
    """Somebody removes the service's running container without asking the manager. The next start makes a new container."""

    kind = "remove-container"
    weight = 2
    strikes = frozenset({SOUND})
    ends_servers = True

    @property
    def milder(self) -> tuple[Operation, ...]:
        return (Kill(self.name),)


class Address(Enum):
    """At which of the host's addresses a port is held."""

    EVERY = "0.0.0.0"  # noqa: S104 -- what stands for all of them
    LOOPBACK = "127.0.0.1"


@frozen(cache_hash=True)
class HoldPort(_Strike):
    """A process that is not the manager's takes the port of a service that does not run, and keeps it until `release-port`.

    It takes it at every address of the host, or at 127.0.0.1 alone. Either way nobody else can publish it at all addresses.
    """

    where: Address = Address.EVERY
    kind = "hold-port"
    strikes = frozenset({NONE, DEAD})

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:
        return (cls(name, where) for name in names for where in Address)

    @property
    def milder(self) -> tuple[Operation, ...]:
        """At every address: that is what is to be expected of a server."""
        return () if self.where is Address.EVERY else (HoldPort(self.name),)

    def __str__(self) -> str:
        return super().__str__() + ("" if self.where is Address.EVERY else f" {self.where.value}")


@frozen(cache_hash=True)
class ReleasePort(_Strike):
    """The process that holds the service's port lets go of it."""

    kind = "release-port"


@frozen(cache_hash=True)
class Disturb(Operation):
    """The engine fails the manager once, or keeps it waiting.

    It does so at a call that the manager's next `create`, `start` or `stop` makes to change a container.

    When that operation has ended, the engine works again. `churn explain` tells what each failure is, by its name.
    """

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
class Interrupt(Operation):
    """The manager's next operation that changes a service is ended midway, at its call of that number.

    The first call has the number 1. An operation that makes fewer calls is not ended, and does what it always does. What was
    ended may have done nothing, part or all of its work. After it the manager is asked on as by a user who runs it again.
    """

    call: int
    side: Side
    how: Ending = Ending.KILL
    among: Calls = Calls.CHANGES
    kind = "interrupt"
    family = Family.INTERRUPT
    manager = False
    fault = True
    offered = True
    toured = False

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:  # noqa: ARG003 -- it strikes whichever comes next
        yield from (cls(call, side) for call in range(1, _CALLS + 1) for side in Side)
        yield from (cls(call, Side.AFTER, how) for call in _SIGNALLED for how in (Ending.TERM, Ending.INT))

    @property
    def milder(self) -> tuple[Operation, ...]:
        """At an earlier call, by SIGKILL, which leaves the manager no choice."""
        plain = () if self.how is Ending.KILL else (evolve(self, how=Ending.KILL),)
        earlier = (evolve(self, call=call) for call in range(1, self.call))
        before = () if self.side is Side.BEFORE else (evolve(self, side=Side.BEFORE),)
        return (*earlier, *before, *plain)

    @property
    def needs(self) -> str | None:
        return self.kind if self.how is Ending.KILL else SIGNALLED

    def __str__(self) -> str:
        counted = "" if self.among is Calls.CHANGES else " of all"
        return f"{self.kind} {self.how.value} {self.side.value} {self.call}{counted}"


@frozen(cache_hash=True)
class InterruptAt(Operation):
    """The manager's next operation that changes a service is ended when that percentage of its usual time has passed.

    It is for managers whose calls nobody sees. What is usual the system has shown by then. An operation that is quicker this
    time is not ended, and does what it always does.
    """

    percent: int
    how: Ending = Ending.KILL
    kind = "interrupt-at"
    family = Family.INTERRUPT
    manager = False
    fault = True
    offered = True
    toured = False

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:  # noqa: ARG003 -- it strikes whichever comes next
        yield from (cls(percent) for percent in _PERCENTAGES)
        yield from (cls(_HALF, how) for how in (Ending.TERM, Ending.INT))

    @property
    def milder(self) -> tuple[Operation, ...]:
        """By SIGKILL, which leaves the manager no choice; when half of the time has passed."""
        plain = () if self.how is Ending.KILL else (evolve(self, how=Ending.KILL),)
        return plain if self.percent == _HALF else (*plain, evolve(self, percent=_HALF))

    def __str__(self) -> str:
        return f"{self.kind} {self.how.value} {self.percent}%"


SIGNALLED = "signalled"
"""What the contract has as possible where the manager is a program of its own, which can get a signal."""
_CALLS = 4
"""A start that fails changes so much: it keeps a note, makes a container, starts it, and removes it."""
_SIGNALLED = (1, 2)
"""The calls after which a program gets a signal that it may heed."""
_PERCENTAGES, _HALF = (10, 30, 50, 70, 90), 50
"""Of an operation's usual time."""


@frozen(cache_hash=True)
class RestartEngine(Operation):
    """The engine is restarted. The operation ends when the engine answers again."""

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
