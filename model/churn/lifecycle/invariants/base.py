"""What an invariant is, what it sees, and what it says."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Self

from attrs import evolve, field, frozen

from churn.lifecycle.condition import SOUND
from churn.lifecycle.contract import Contract
from churn.lifecycle.durations import Slow
from churn.lifecycle.observation import Container, Observation
from churn.lifecycle.operations import Operation
from churn.lifecycle.outcome import Outcome, Overlapped
from churn.lifecycle.state import Service, State
from churn.lifecycle.transitions import Must


@frozen(eq=False, kw_only=True)
class Case:
    """One possible state held against one observation.

    `expected` is the state as the model foresaw it. `state` is the same state, with the ports and container ids that were seen
    filled in. `acted` are the services that an operation acted on since the last look; `waited` is whether only waits were done
    since.
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
    told: str = ""
    """Of several operations at once: how far the longest order goes, where none explains how they ended."""
    slow: Slow | None = None
    """How slow the operation was beside the same operation elsewhere, again and again; None where it was not."""
    sound: tuple[tuple[str, Service, Container | None], ...] = field(init=False, repr=False)
    """The services that have to serve, each with its container as it was seen. Found once, as several invariants need it."""

    @sound.default
    def _sound(self) -> tuple[tuple[str, Service, Container | None], ...]:
        return tuple(
            [
                (name, service, self.own(service))
                for name, service in self.state.services.items()
                if service.server is SOUND and service.unsettled is None
            ]
        )

    @property
    def answers(self) -> tuple[tuple[Operation, Outcome], ...]:
        """What was asked for, and how it ended; of several clients at once each of their operations."""
        if isinstance(self.outcome, Overlapped):
            return tuple((call.operation, call.outcome) for call in self.outcome.calls)
        return ((self.operation, self.outcome),)

    def own(self, service: Service) -> Container | None:
        """The container that is expected of `service`, as it was seen; None where none is bound or it is gone."""
        return self.observation.containers.get(service.container) if isinstance(service.container, str) else None

    def shown(self, identity: object) -> str:
        """A container's name in reports."""
        found = self.observation.containers.get(identity) if isinstance(identity, str) else None
        return found.alias if found is not None else str(identity)[:12]


class Show(Enum):
    """What a person can look at to see what an invariant saw. `churn.session.showing` knows the commands."""

    ANSWER = "the manager's own answer"
    CONTAINERS = "the manager's containers"
    CONTAINER = "one container"
    SIGNALS = "the signals that one container got"
    LAYER = "the files changed in one container"
    RESTART_POLICY = "one container's restart policy"
    HEALTH = "a port's health path"
    PORT = "who holds a port"
    RESOURCES = "networks, volumes and images"
    PROCESSES = "processes"


@frozen
class Exhibit:
    """What a person can look at to see a finding: `subject` is the container's name, the port, or the manager's command."""

    show: Show
    subject: str = ""


CONTAINERS = Exhibit(Show.CONTAINERS)


@frozen
class Advice:
    """What usually is the cause of such a finding, and what usually mends it, each in a sentence."""

    cause: str
    fix: str


@frozen
class Finding:
    """What an invariant says of a case.

    `service` is the service concerned, `others` are further ones. `exhibit` is what a person can look at to see the same, and
    `command` the command line for that, which the session fills in. `advice` is given where what was seen says more about the
    cause than the invariant alone does.
    """

    expected: str
    seen: str
    service: str | None = None
    exhibit: Exhibit | None = None
    advice: Advice | None = field(default=None, kw_only=True, repr=False)
    others: tuple[str, ...] = field(default=(), kw_only=True)
    alike: str = field(default="", kw_only=True, repr=False)
    """What bugs are told apart by in place of `seen`, where that says more than what is wrong."""
    invariant: str = field(default="", kw_only=True)
    criterion: int = field(default=0, kw_only=True)
    command: str = field(default="", kw_only=True)

    def of(self, invariant: "Invariant") -> Self:
        """The same finding, with the name, the criterion and the advice of its invariant."""
        advice = self.advice or invariant.advice
        return evolve(self, invariant=invariant.name, criterion=invariant.criterion, advice=advice)


class Objection(Finding):
    """What was seen is not what the model allows."""


class Doubt(Finding):
    """The invariant could not tell whether it holds: never a pass, never a bug. `seen` says why."""


Check = Callable[[Case], Iterable[Objection | Doubt]]


class Severity(Enum):
    """How bad a violation is for who runs the manager."""

    CRITICAL = "critical"
    """It harms something that nobody asked to be touched."""
    HIGH = "high"
    """An operation did not do what it is for."""
    MEDIUM = "medium"
    """It is told wrongly, comes late, or piles up."""
    LOW = "low"
    """It costs time, and nothing else."""


class Trait(Enum):
    """What is always so when an invariant objects, whichever manager it is. Bugs are told apart by it.

    Each member has an example: a planted defect (`churn defects`) that makes such an invariant object.
    """

    BELATED = "belated"
    """The objection comes at whatever step is next, so that step says nothing about the cause.

    `leaves-process`: the process that a failed start left is seen after the next stop or wait as well.
    """
    ELSEWHERE = "elsewhere"
    """The cause is one step, but many steps show it, so the step says nothing about the cause.

    `sorts`: the list tells the wrong port after every operation.
    """
    BY_ITSELF = "by itself"
    """The objection comes only some time after its cause.

    `revived-later`: the container runs again seconds after the stop, during a wait.
    """
    OTHERS = "others"
    """It is about the containers of other services, or about how containers are made. A wrong port changes neither.

    `stops-by-label`: the other services' containers are gone, whichever ports the list tells.
    """
    TOLD = "told"
    """It is about what the manager tells. Words alone make no container come or go.

    `list-omits`: the list lacks a service, but all containers are as they should be.
    """
    WORDING = "wording"
    """It is about a word in the list. A wrong word harms nothing, so a later failure is no consequence of it.

    `list-is-stale`: the list says `running` of a service that died.
    """
    FACT = "fact"
    """It is about what is there, whatever the manager tells.

    `leaves-container`: the container is still on the engine after the stop.
    """
    PILING = "piling"
    """It is about what there is more and more of. A container that only runs again adds nothing to that.

    `leaks-volume`: each start leaves one more volume.
    """
    SPOKEN = "spoken"
    """It is about how an operation ended.

    `name-conflict`: the second start is refused.
    """
    MOVING = "moving"
    """It means that a service is, or is listed, in another state than was expected.

    `stops-default-port`: a service that nobody stopped does not run any more.
    """
    REVIVING = "reviving"
    """It means that the engine starts containers by itself.

    `restart-policy`: a container runs again after its server crashed.
    """
    LEFT_BEHIND = "left behind"
    """It is about a container that was left. Which operation left it says more than how the container was then.

    `stop-does-not-wait`: the container still runs, or has exited just now; it is the stop that left it either way.
    """
    COMPARED = "compared"
    """It compares with what was seen in other sequences, so it may come where it did not come before.

    `slow-idle-stop`: only once other stops were seen to be short is this one known to be long.
    """
    MISLEADING = "misleading"
    """It makes Churn expect a wrong port from then on.

    `sorts`: Churn knows a service's port from the list, which tells another service's.
    """


@frozen(kw_only=True)
class Invariant:
    """A rule with a name: its check, the success criterion (1 to 5) that it belongs to, and what a violation of it means.

    `says` is the end of a sentence that tells a stranger what is wrong, ``{service}`` the service concerned. `keys` are those of
    the contract by which a manager's description says that something of the sort is meant.
    """

    name: str
    criterion: int
    check: Check
    severity: Severity
    advice: Advice
    says: str = ""
    keys: tuple[str, ...] = ()
    traits: frozenset[Trait] = frozenset()
