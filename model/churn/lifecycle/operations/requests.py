"""The operations that ask the manager for something; and waiting, which asks nobody."""

from collections.abc import Iterator
from enum import Enum
from typing import Self

from attrs import frozen

from churn.lifecycle.form import Setting
from churn.lifecycle.operations.base import Family, OnService, Operation


class Length(Enum):
    """How long a `Wait` is. The run's settings say how many seconds that makes."""

    SHORT = "short"
    """Some seconds: what a manager does soon after an operation shows."""
    LONG = "long"
    """Some minutes: what its timers and watchers do shows."""


@frozen(cache_hash=True)
class _Request(OnService):
    offered = True


@frozen(cache_hash=True)
class Start(_Request):
    """Ask the manager to start a service. Its answer says whether the service is up."""

    kind = "start"
    weight = 5
    changes_containers = True
    makes_container = True


@frozen(cache_hash=True)
class Stop(_Request):
    """Ask the manager to stop a service."""

    kind = "stop"
    weight = 5
    changes_containers = True


@frozen(cache_hash=True)
class Create(_Request):
    """Make a service known to the manager, without starting it."""

    kind = "create"
    weight = 2
    changes_containers = True


@frozen(cache_hash=True)
class Remove(_Request):
    """Ask the manager to remove a service: from then on it knows nothing of it, and its name and port are free again."""

    kind = "remove"
    changes_containers = True
    parts = ("stop",)

    @property
    def milder(self) -> tuple[Operation, ...]:
        """A stop."""
        return (Stop(self.name),)


@frozen(cache_hash=True)
class Restart(_Request):
    """Ask the manager to restart a service: a stop and a start in one. The service then runs in a new container."""

    kind = "restart"
    weight = 2
    changes_containers = True
    makes_container = True
    parts = ("stop", "start")

    @property
    def milder(self) -> tuple[Operation, ...]:
        """A start, or a stop."""
        return (Start(self.name), Stop(self.name))


@frozen(cache_hash=True)
class Update(_Request):
    """Ask the manager to change a setting of a service: to another value than it was created with, or to another port.

    The service has it from its next start on. The contract's `running_update` says whether a running one has it at once.
    """

    what: Setting
    kind = "update"
    changes_containers = True
    makes_container = True

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:
        return (cls(name, what) for name in names for what in Setting)

    @property
    def needs(self) -> str:
        """The word of the setting: not every manager can change each."""
        return f"{self.kind} {self.what.value}"

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.what.value}"


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

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:  # noqa: ARG003 -- it is the same whatever there is
        yield cls()


@frozen(cache_hash=True)
class RestartManager(Operation):
    """The manager's own daemon is stopped and started again. All services are known as before."""

    kind = "restart-manager"
    family = Family.SURVEY
    manager = False
    offered = True
    makes_container = True

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:  # noqa: ARG003 -- it is the same whatever there is
        yield cls()


@frozen(cache_hash=True)
class Wait(Operation):
    """Do nothing for a while, so that what happens by itself shows."""

    length: Length
    kind = "wait"
    family = Family.SURVEY
    manager = False

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator[Self]:  # noqa: ARG003 -- it is the same whatever there is
        return map(cls, Length)

    @property
    def milder(self) -> tuple[Operation, ...]:
        """A short one."""
        return (Wait(Length.SHORT),) if self.length is Length.LONG else ()

    def __str__(self) -> str:
        return f"{self.kind} {self.length.value}"
