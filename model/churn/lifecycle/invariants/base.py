"""What an invariant is, what it sees, and what it says."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Self

from attrs import evolve, field, frozen

from churn.lifecycle.condition import SOUND
from churn.lifecycle.contract import Contract
from churn.lifecycle.observation import Container, Observation
from churn.lifecycle.operations import Operation
from churn.lifecycle.outcome import Outcome
from churn.lifecycle.state import Service, State
from churn.lifecycle.transitions import Must


@frozen(eq=False, kw_only=True)
class Case:
    """One possible state held against one observation.

    `expected` is the state before what was seen is bound into it, `state` after. `acted` are the services that an operation
    acted on since the last look, `waited` whether nothing but time did.
    """

    operation: Operation
    outcome: Outcome
    must: Must
    expected: State
    state: State
    observation: Observation
    contract: Contract
    acted: frozenset[str] = frozenset()
    waited: bool = False
    listing: Outcome | None = None
    """How the list command of this look ended, None where it was not asked."""
    sound: tuple[tuple[str, Service, Container | None], ...] = field(init=False, repr=False)
    """The services that have to serve, each with its container as it was seen: found once for all invariants."""

    @sound.default
    def _sound(self) -> tuple[tuple[str, Service, Container | None], ...]:
        return tuple(
            [
                (name, service, self.own(service))
                for name, service in self.state.services.items()
                if service.server is SOUND and service.unsettled is None
            ]
        )

    def own(self, service: Service) -> Container | None:
        """The container that is expected of `service`, as it was seen; None where none is bound or it is gone."""
        return self.observation.containers.get(service.container) if isinstance(service.container, str) else None

    def shown(self, identity: object) -> str:
        """A container's name in reports."""
        found = self.observation.containers.get(identity) if isinstance(identity, str) else None
        return found.alias if found is not None else str(identity)[:12]


class Show(Enum):
    """What a person looks at to see the same. `churn.session.showing` knows the commands."""

    ANSWER = "the manager's own answer"
    CONTAINERS = "the manager's containers"
    CONTAINER = "one container"
    LAYER = "the files changed in one container"
    RESTART_POLICY = "one container's restart policy"
    HEALTH = "a port's health path"
    PORT = "who holds a port"
    RESOURCES = "networks, volumes and images"
    PROCESSES = "processes"


@frozen
class Exhibit:
    """What shows a finding. `subject` is the container's name, the port, or the manager's command."""

    show: Show
    subject: str = ""


CONTAINERS = Exhibit(Show.CONTAINERS)


@frozen
class Advice:
    """Why something usually is as it was seen, and what usually mends it, each in a sentence."""

    cause: str
    fix: str


@frozen
class Finding:
    """What an invariant says of a case.

    `service` is the service concerned, `others` are further ones; `exhibit` is what shows the same, `command` its command
    line, which the session fills in. `advice` is given where what was seen says more than the invariant alone.
    """

    expected: str
    seen: str
    service: str | None = None
    exhibit: Exhibit | None = None
    advice: Advice | None = field(default=None, kw_only=True, repr=False)
    others: tuple[str, ...] = field(default=(), kw_only=True)
    invariant: str = field(default="", kw_only=True)
    criterion: int = field(default=0, kw_only=True)
    command: str = field(default="", kw_only=True)

    def of(self, invariant: "Invariant") -> Self:
        """The same finding with what its invariant says of it."""
        advice = self.advice or invariant.advice
        return evolve(self, invariant=invariant.name, criterion=invariant.criterion, advice=advice)


class Objection(Finding):
    """What was seen is not what the model allows."""


class Doubt(Finding):
    """It could not be told: never a pass, never a bug. `seen` says why."""


Check = Callable[[Case], Iterable[Objection | Doubt]]


class Severity(Enum):
    """How bad a violation is for who runs the manager."""

    CRITICAL = "critical"
    """It harms something that nobody asked to be touched."""
    HIGH = "high"
    """An operation did not do what it is for."""
    MEDIUM = "medium"
    """It is told wrongly, comes late, or piles up."""


class Trait(Enum):
    """What an objection of an invariant says, and does not say, where bugs are told apart. It holds for any manager."""

    BELATED = "belated"
    """It notices at whatever step comes next: which one that was says nothing about the cause."""
    ELSEWHERE = "elsewhere"
    """It is caused at one step and seen at many: likewise."""
    BY_ITSELF = "by itself"
    """It shows only some time after what caused it."""
    OTHERS = "others"
    """It is about others' containers, or how containers are made: a wrong port changes neither."""
    TOLD = "told"
    """It is about what the manager tells: that makes no container come or go."""
    WORDING = "wording"
    """It is about a list's words: one that is not true harms nothing, so what comes behind it is no consequence."""
    FACT = "fact"
    """It is about what is there, whatever anybody tells."""
    PILING = "piling"
    """It is about what piles up: a container which only runs again adds nothing."""
    SPOKEN = "spoken"
    """It is about how an operation ended."""
    MOVING = "moving"
    """It means that services are, or are listed, in another state than was expected."""
    REVIVING = "reviving"
    """It means that the engine starts containers by itself."""
    LEFT_BEHIND = "left behind"
    """It is about a container that was left: how it was then says less than which operation left it."""
    MISLEADING = "misleading"
    """It gives the model a wrong port to go by."""


@frozen(kw_only=True)
class Invariant:
    """A named check, the success criterion (1 to 5) that it belongs to, and what its violation means."""

    name: str
    criterion: int
    check: Check
    severity: Severity
    advice: Advice
    traits: frozenset[Trait] = frozenset()
