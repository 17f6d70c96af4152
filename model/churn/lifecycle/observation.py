"""Observations: what is seen of a system at one moment. Values only; `churn.session.system` takes them."""

from collections.abc import Mapping
from enum import Enum

from attrs import field, frozen


class Status(Enum):
    """What a manager can say of a service, in the model's words; a contract maps the manager's own words to these."""

    CREATED = "created"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"


@frozen(eq=False)
class Listed:
    """A service as the manager lists it.

    `service` is the model's name, or the manager's own id for a service the model does not know. `word` is the manager's
    word; `status` what the contract makes of it, None where it knows no such word. `port` is the endpoint's, None where
    none is told.
    """

    service: str
    word: str
    status: Status | None
    port: int | None


@frozen(eq=False, kw_only=True)
class Container:
    """A container of the manager's, as the engine lists it.

    `alias` is its name in reports (``a#2``: the second container seen of service a), `service` the service it belongs to
    as far as label, port or name tell. `born` is the place of its creation in the engine's event order (0: before this run),
    `starts` how often it was started, `changes` the paths changed in its layer when it was first seen.
    """

    id: str
    alias: str
    name: str
    state: str
    service: str | None = None
    ports: tuple[int, ...] = ()
    restart_policy: str = ""
    restart_count: int = 0
    born: int = 0
    starts: int = 0
    changes: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Whether it runs, in any way that keeps its port."""
        return self.state in ("running", "paused", "restarting")


class Holder(Enum):
    """Who keeps a port from being bound."""

    MANAGER = "the manager"
    STRANGER = "a stranger"


@frozen
class Port:
    """A host port. `health` is the HTTP status of the health path (0: something else, or nothing, answered; None: not asked).

    `bindable` is None where no probe was possible; `holder` is who holds a port that cannot be bound.
    """

    health: int | None = None
    bindable: bool | None = None
    holder: Holder | None = None
    detail: str = ""

    @property
    def healthy(self) -> bool:
        """Whether the health path answered with a 2xx status."""
        return self.health is not None and 200 <= self.health < 300


@frozen
class Event:
    """Something that happened to a container, in the engine's order: its place, the container's id and the action."""

    mark: int
    container: str
    action: str


class ResourceKind(Enum):
    """What an engine keeps beside containers."""

    VOLUME = "volume"
    NETWORK = "network"
    IMAGE = "image"


@frozen(order=True)
class Resource:
    """A network, volume or image of an engine. They are ordered as they are written: ``volume x``."""

    kind: ResourceKind = field(order=lambda kind: kind.value)
    name: str

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}"


@frozen(eq=False, kw_only=True)
class Observation:
    """What is seen at one moment.

    A field is None where that was not asked: `listed` and `told` on a look at the engine only, `resources` and `processes` where
    the engine or host cannot tell.
    """

    containers: Mapping[str, Container]
    ports: Mapping[int, Port] = field(factory=dict)
    listed: tuple[Listed, ...] | None = None
    told: tuple[Listed, ...] | None = None
    resources: frozenset[Resource] | None = None
    processes: tuple[str, ...] | None = None
    events: tuple[Event, ...] = ()
    mark: int = 0
    list_command: str = ""
    strangers: tuple[str, ...] = ()

    def with_ports(self, ports: Mapping[int, Port]) -> "Observation":
        """The same, and these ports. It is made at each look, which `evolve` would cost ten times as much."""
        return Observation(
            containers=self.containers,
            ports=ports,
            listed=self.listed,
            told=self.told,
            resources=self.resources,
            processes=self.processes,
            events=self.events,
            mark=self.mark,
            list_command=self.list_command,
            strangers=self.strangers,
        )

    def container(self, identity: str | None) -> Container | None:
        """The container of that id, or None where it is not there."""
        return None if identity is None else self.containers.get(identity)
