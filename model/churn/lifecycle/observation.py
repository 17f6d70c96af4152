"""Observations: what is seen of a system at one moment. Values only; `churn.session.observer` makes them."""

from collections.abc import Mapping
from enum import Enum

from attrs import field, frozen

from churn.lifecycle.form import Difference, Setting


class Status(Enum):
    """What a manager can say of a service, in the model's words; a contract maps the manager's own words to these."""

    CREATED = "created"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"


@frozen(eq=False)
class Listed:
    """A service as the manager lists it.

    `service` is the model's name, or the manager's own id for a service that the model does not know. `word` is the manager's
    word for its status, and `status` what the contract says that this word means: None if it does not know the word. `port` is
    None if the manager tells none. `also` is what the word may mean as well, where the manager has one for several statuses.
    """

    service: str
    word: str
    status: Status | None
    port: int | None
    also: tuple[Status, ...] = ()

    @property
    def meanings(self) -> tuple[Status, ...]:
        """All that its word may mean; nothing where it is not known."""
        return () if self.status is None else (self.status, *self.also)


@frozen(eq=False, kw_only=True)
class Container:
    """A container of the manager's, as the engine lists it.

    `alias` is its name in reports (``a#2``: the second container seen of service a). `service` is the service that it belongs
    to, as far as its labels, port or name tell. `born` says where its creation stands in the order of the engine's events (0:
    before this run). `starts` is how often it was started, `restart_count` how often the engine started it again by itself.
    `changes` are the paths that were changed in its layer when it was first seen. `differences` is how what it was made from
    differs from what the service's first container was made from. `settings` is what it was made with of the settings that an
    update can change, where it can be held against them; a text is None where there is no such part. `lost` are the places
    where volumes are mounted from which is gone what was put into them.
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
    differences: tuple[Difference, ...] = ()
    settings: Mapping[Setting, str | None] = field(factory=dict)
    lost: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Whether it runs, in any way that keeps its port."""
        return self.state in ("running", "paused", "restarting")


class Holder(Enum):
    """Who holds a port, so that nobody else can bind it."""

    MANAGER = "the manager"
    STRANGER = "a stranger"


@frozen
class Port:
    """A port of the host.

    `health` is the HTTP status with which the health path answered (0: there was no such answer; None: nobody asked).
    `bindable` is whether the port can be bound (None: that could not be tried). `holder` is who holds it if not.
    """

    health: int | None = None
    bindable: bool | None = None
    holder: Holder | None = None
    detail: str = ""

    @property
    def healthy(self) -> bool:
        """Whether the health path answered with a 2xx status."""
        return self.health is not None and 200 <= self.health < 300


@frozen(kw_only=True)
class Event:
    """Something that happened to a container. `mark` is its place in the order of the engine's events.

    `signal` is the number of the signal that a ``kill`` sent, `at` when that was, in seconds of the engine's clock. `name` and
    `labels` are the container's. `service` is the one that it belongs to, where several clients asked at once; else it is empty.
    """

    mark: int
    container: str
    action: str
    signal: str = ""
    at: float = field(default=0.0, eq=False)
    name: str = field(default="", eq=False)
    labels: Mapping[str, str] = field(factory=dict, eq=False)
    service: str = field(default="", eq=False)

    def of(self, service: str) -> "Event":
        """The event as one of that service, without its container's name and labels, which are an engine's alone."""
        return Event(
            mark=self.mark,
            container=self.container,
            action=self.action,
            signal=self.signal,
            at=self.at,
            service=service,
        )


@frozen
class Killed:
    """A container whose server got SIGKILL since the last step that was looked at, where nothing but a stop can have sent it.

    `grace` is how many seconds before that it was asked to end, by another signal; None if it was not.
    """

    alias: str
    name: str
    service: str
    grace: float | None = None


class ResourceKind(Enum):
    """What an engine keeps beside the containers of services."""

    VOLUME = "volume"
    NETWORK = "network"
    IMAGE = "image"
    HELPER = "container"
    """A container that stands beside those of services, as the contract's `helpers` says."""


@frozen(order=True, cache_hash=True)
class Resource:
    """A network, volume, image or helper of an engine. They are ordered as they are written: ``volume x``."""

    kind: ResourceKind = field(order=lambda kind: kind.value)
    name: str

    @property
    def nameless(self) -> bool:
        """Whether it is a volume that nobody gave a name: the engine made it for one container."""
        return self.kind is ResourceKind.VOLUME and is_nameless(self.name)

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}"


def is_nameless(volume: str) -> bool:
    """Whether a volume's name is one that an engine gives where nobody else does."""
    return len(volume) == _LONG and set(volume) <= _HEX


_LONG, _HEX = 64, frozenset("0123456789abcdef")


@frozen(eq=False, kw_only=True)
class Observation:
    """What is seen at one moment.

    `listed` is the manager's list, and `told` the answer to a `status`; both are None if the manager was not asked.
    `resources` (networks, volumes and images) and `processes` are None where the engine, or the host, cannot tell. `events`
    are those since the last step that was looked at, `mark` the place of the last one. `killed` are the containers that got
    SIGKILL meanwhile. `strangers` are lines about containers that are not the manager's.
    """

    containers: Mapping[str, Container]
    ports: Mapping[int, Port] = field(factory=dict)
    listed: tuple[Listed, ...] | None = None
    told: tuple[Listed, ...] | None = None
    resources: frozenset[Resource] | None = None
    processes: tuple[str, ...] | None = None
    events: tuple[Event, ...] = ()
    mark: int = 0
    killed: tuple[Killed, ...] = ()
    list_command: str = ""
    strangers: tuple[str, ...] = ()

    def with_ports(self, ports: Mapping[int, Port]) -> "Observation":
        """The same with these ports. Written out, because it is made at each look, and `evolve` takes ten times as long."""
        return Observation(
            containers=self.containers,
            ports=ports,
            listed=self.listed,
            told=self.told,
            resources=self.resources,
            processes=self.processes,
            events=self.events,
            mark=self.mark,
            killed=self.killed,
            list_command=self.list_command,
            strangers=self.strangers,
        )

    def container(self, identity: str | None) -> Container | None:
        """The container of that id, or None where it is not there."""
        return None if identity is None else self.containers.get(identity)
