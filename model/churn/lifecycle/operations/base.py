"""What an operation is, and a step: an operation and the pace at which it is done."""

from collections.abc import Iterator
from enum import Enum
from typing import ClassVar, Self

from attrs import frozen

from churn.lifecycle.condition import Server


class Family(Enum):
    """What sort of thing an operation is. Lists have all operations of a family on one service, then those on the next."""

    REQUEST = "request"
    """It asks the manager for something that concerns one service."""
    SURVEY = "survey"
    """It acts on no service."""
    BEHAVIOUR = "behaviour"
    """It changes how the servers of a service behave."""
    STRIKE = "strike"
    """It does something to a service without the manager."""
    ENGINE = "engine"
    """It makes trouble with the engine that the manager uses."""
    INTERRUPT = "interrupt"
    """It ends the manager's own program in the middle of an operation."""
    CLIENTS = "clients"
    """Several clients ask the manager at once."""


@frozen
class Operation:
    """One thing done to the system. `service` is the service it acts on, None where it acts on none."""

    kind: ClassVar[str] = ""
    """Its word, everywhere: in files, reports and messages."""
    family: ClassVar[Family] = Family.REQUEST
    manager: ClassVar[bool] = True
    """Whether the manager carries it out. (Otherwise Churn does, by the engine or the host; or time just passes.)"""
    fault: ClassVar[bool] = False
    """Whether it makes a fault, or ends one."""
    changes_containers: ClassVar[bool] = False
    """Whether the manager may change containers for it. Such an operation is struck by a `disturb` before it."""
    parts: ClassVar[tuple[str, ...]] = ()
    """The kinds of operations that it is made of, in their order. What is wrong with one of them is mostly wrong with it."""
    makes_container: ClassVar[bool] = False
    """Whether it leaves the service running in a container that it has made. Its outcome then tells when it began (`mark`)."""
    offered: ClassVar[bool] = False
    """Whether it can be done only where the contract's `offers` has it.

    This is so for the manager's own operations, and for faults that not every engine can be made to have.
    """
    weight: ClassVar[int] = 1
    """How often it stands in the list that random sequences draw from."""
    strikes: ClassVar[frozenset[Server]] = frozenset()
    """What the service's server has to be so that this fault makes sense; empty: that makes no difference."""
    ends_servers: ClassVar[bool] = False
    """Whether it may end a server without the manager. To the manager it looks the same, whichever operation did it."""
    toured: ClassVar[bool] = True
    """Whether tours cover it in each state. What shows in the next operation only is worth nothing by itself."""
    upsets_engine: ClassVar[bool] = False
    """Whether the engine counts as another one after it. The session then asks for the engine's identity anew."""

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:
        """Every operation of this kind on these services."""
        raise NotImplementedError(f"{cls.__name__} has to say which operations of its kind there are")

    @property
    def service(self) -> str | None:
        """The service acted on, or None."""
        return None

    @property
    def services(self) -> tuple[str, ...]:
        """All services that it acts on, each once."""
        return () if self.service is None else (self.service,)

    @property
    def milder(self) -> tuple["Operation", ...]:
        """Simpler operations that shrinking tries in its place, because the failure may come with them, too."""
        return ()

    @property
    def needs(self) -> str | None:
        """The word that the contract's `possible` must have so that it can be done, None where it always can."""
        return self.kind if self.offered else None

    def crashes(self, service: str | None) -> bool:  # noqa: ARG002 -- most crash nothing
        """Whether it makes that service's server end by itself; None stands for any service."""
        return False

    def __str__(self) -> str:
        return self.kind


@frozen(cache_hash=True)
class OnService(Operation):
    """One that acts on a service."""

    name: str

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:
        return (cls(name) for name in names)

    @property
    def service(self) -> str:
        return self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Pace(Enum):
    """What is looked at after a step, before the next one."""

    CALM = "calm"
    """The manager and the engine are both asked."""
    ENGINE_ONLY = "engine-only"
    """Only the engine is asked: a list command may repair what it should report, and so hide the bug."""
    HURRIED = "hurried"
    """Nothing is asked: the next operation is issued at once."""


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
