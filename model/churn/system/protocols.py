"""What the system plane is made of: the protocols `Engine`, `Host` and `Manager`, and the values that they exchange.

Engines and managers know each other through `Engine` alone. Neither knows the model's state or invariants.
"""

from collections.abc import Collection, Mapping
from typing import Protocol, runtime_checkable

from attrs import Factory, frozen

from churn.lifecycle.contract import Contract
from churn.lifecycle.form import Form, Setting
from churn.lifecycle.observation import Event, Port, Resource
from churn.lifecycle.outcome import Outcome


@frozen
class Mount:
    """What is shown to a container at `target`: a folder of the host, whose `source` begins with a slash, or a volume.

    `source` is the volume's name; empty: the engine makes a new volume for the container, and gives it a name.
    """

    source: str
    target: str
    read_only: bool = True


@frozen(kw_only=True)
class Spec:
    """What a container is created from. `ports` are TCP ports, published under the same number on all interfaces."""

    image: str
    name: str
    command: tuple[str, ...] = ()
    labels: Mapping[str, str] = Factory(dict)
    ports: tuple[int, ...] = ()
    mounts: tuple[Mount, ...] = ()
    restart_policy: str = "no"
    gpu: bool = False
    environment: Mapping[str, str] = Factory(dict)
    memory: int = 0
    """Bytes that it may use; 0: as many as there are."""


@frozen(eq=False, kw_only=True)
class ListedContainer:
    """A container as the engine's list shows it. `state` is one of the Docker Engine API's words."""

    id: str
    name: str
    state: str
    image: str
    labels: Mapping[str, str]
    ports: tuple[int, ...]
    """Host ports that are published now; of a container that does not run, those it asks for are told by `inspect`."""


@frozen
class MountedVolume:
    """A volume that is mounted in a container at `target`. `nameless`: the engine made it for that container alone."""

    name: str
    target: str
    nameless: bool = False
    read_only: bool = False


@frozen(eq=False, kw_only=True)
class Inspected:
    """What the engine tells of one container.

    `error` is the engine's text where its last start failed. `form` is what it was made from.
    """

    id: str
    name: str
    state: str
    exit_code: int
    restart_policy: str
    restart_count: int
    labels: Mapping[str, str]
    ports: tuple[int, ...]
    error: str = ""
    form: Form = Factory(dict)
    volumes: tuple[MountedVolume, ...] = ()

    @property
    def running(self) -> bool:
        """Whether its main process lives."""
        return self.state in ("running", "paused")


def carries(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether `labels` has all of `wanted`; an empty wanted value stands for any."""
    if wanted.items() <= labels.items():  # mostly so, and this runs for each container at each step
        return True
    return all(key in labels and value in ("", labels[key]) for key, value in wanted.items())


class Engine(Protocol):
    """A container engine, in the words of the Docker Engine API.

    A `reference` to a container is its id or name. Every call may raise an `EngineError`; those named in a docstring are
    what the call's own purpose makes likely. Calls block until the engine has answered; times are seconds.
    """

    name: str
    cli: bool
    """Whether the `docker` command reaches the same engine, so that commands in evidence can be run."""

    def identity(self) -> str:
        """Which engine this is. Raises `EngineUnreachable`."""

    def create(self, spec: Spec) -> str:
        """A new container's id. Raises `NameTaken`, `NoSuchImage`, `BadParameter`."""

    def start(self, reference: str) -> None:
        """Start it; nothing happens to one that runs. Raises `NotFound`, `Conflict`, `PortTaken`, `NoSuchDevice`."""

    def stop(self, reference: str, grace: float = 10.0) -> None:
        """SIGTERM, after `grace` seconds SIGKILL; returns when it has ended; nothing happens to one that does not run."""

    def kill(self, reference: str, signal: str = "KILL") -> None:
        """Send a signal and return at once. Raises `Conflict` where it does not run."""

    def remove(self, reference: str, *, force: bool = False, volumes: bool = False) -> None:
        """Remove it; `force` kills it first, `volumes` removes those without a name with it.

        Raises `NotFound`, `Conflict`, `RemovalInProgress`.
        """

    def list(self, labels: Mapping[str, str] | None = None) -> tuple[ListedContainer, ...]:
        """All containers, those not running included, that carry all of `labels` (an empty value stands for any)."""

    def inspect(self, reference: str) -> Inspected:
        """One container. Raises `NotFound`."""

    def changes(self, reference: str) -> tuple[str, ...]:
        """Paths added, changed or deleted in its layer, but for those that the engine makes. Raises `NotFound`."""

    def put_file(self, reference: str, path: str, content: bytes) -> None:
        """Write a file in a container; its folder has to be there. Raises `NotFound`."""

    def get_file(self, reference: str, path: str) -> bytes | None:
        """What is in a file of a container; None where there is no such file. Raises `NotFound` where there is no container."""

    def events(self) -> tuple[Event, ...]:
        """Container events since the last call of this, in the engine's order; `mark` counts on from one call to the next."""

    def mark(self) -> int:
        """The place of the newest event read so far, or exactly the newest where asking costs nothing."""

    def resources(self, labels: Mapping[str, str] | None = None, volumes: Collection[str] = ()) -> frozenset[Resource]:
        """Networks but the built-in ones, volumes, and images, that carry all of `labels`; and those `volumes` that are there."""

    def remove_resource(self, resource: Resource) -> None:
        """Remove one of `resources`. Raises `NotFound`, `Conflict`."""

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """A named volume; nothing happens where it is there."""

    def create_network(self, name: str, labels: Mapping[str, str]) -> None:
        """A named bridge network. Raises `Conflict` where it is there."""


class Host(Protocol):
    """Where published ports are: bind probes and HTTP happen there."""

    def free_port(self) -> int:
        """A TCP port that nothing holds at this moment."""

    def free_port_of(self, taken: Collection[int], ports: tuple[int, int]) -> int:
        """One like that and none of `taken`, from the first to the last of `ports`. Raises `EnvironmentFault` for none."""

    def health(self, port: int, path: str, timeout: float = 2.0) -> int:
        """The HTTP status that a GET of `path` on `port` gets within `timeout` seconds; 0 where there is none."""

    def look(self, asks: Mapping[int, str], frees: tuple[int, ...]) -> dict[int, Port]:
        """Several ports at once: the health of those in `asks` (port to path), whether those in `frees` can be bound."""

    def processes(self, marker: str) -> tuple[str, ...] | None:
        """Live processes that carry `marker`, as ``pid name``; None where they cannot be seen."""

    def behave(self, folder: str, word: str) -> None:
        """Write the word that servers with `folder` mounted read as their behaviour."""

    def end_processes(self, marker: str) -> None:
        """Kill the processes that `processes` tells; none for an empty marker where processes are real."""

    def spawn(self, name: str) -> None:
        """Start a process of that name that outlives its parent: what a manager should not leave behind."""

    def hold(self, port: int, address: str) -> bool:
        """Take the port at that address as a stranger's process would, until `release`; False where it cannot be had.

        ``0.0.0.0`` is every address.
        """

    def is_free(self, port: int, address: str) -> bool:
        """Whether the port can be bound at that address, whoever holds it at others."""

    def release(self) -> None:
        """Let go of every port that is held."""

    def folder(self, name: str) -> str:
        """A new folder of that name that containers may mount, for `behave`."""


@runtime_checkable
class Manager(Protocol):
    """A service manager under test, driven by the real names of services.

    Each operation blocks until it ended and gives its outcome; none raises for what the manager does or says, but
    `EnvironmentFault` where what the manager stands on failed it. The adapter turns a name that the manager does not know
    into an id that it cannot know either.
    """

    name: str
    contract: Contract
    marker: str
    """What its processes carry, so that descendants can be told; empty: it has no processes."""

    def create(self, service: str, folder: str) -> Outcome:
        """Make a service known; its server's behaviour file is in `folder`."""

    def start(self, service: str) -> Outcome:
        """Start it and wait until it is up."""

    def stop(self, service: str) -> Outcome:
        """Stop it."""

    def remove(self, service: str) -> Outcome:
        """Forget it, and free what it has."""

    def restart(self, service: str) -> Outcome:
        """Stop it, start it again, and wait until it is up."""

    def update(self, service: str, setting: Setting, value: str) -> Outcome:
        """Change a setting: to an image, to a variable as ``NAME=value``, or to a port."""

    def list(self) -> Outcome:
        """All services: `Ok.listed`, with real names or ids as the manager tells them."""

    def status(self, service: str) -> Outcome:
        """One service: `Ok.listed` with one entry."""

    def restart_daemon(self) -> Outcome:
        """Stop its own daemon and start it again, and return when it is up. Asked only of managers that have one."""

    def service_of(self, container: ListedContainer) -> str | None:
        """The service that a container belongs to, by its labels, name or ports; None where nothing tells.

        Its ports are those that it publishes or, where it publishes none, those that it was created with.
        """

    def reset(self) -> None:
        """Forget all services: a new, empty store. Containers are left to the caller. Raises `EnvironmentFault`."""


@runtime_checkable
class Program(Manager, Protocol):
    """A manager each of whose operations is a program of its own, so that several clients may ask at the same time."""

    def client(self, way: str, share: int) -> Manager:
        """The same manager as one of several clients asks it, which know the same services.

        `way` is where it finds the engine, as in DOCKER_HOST. Its operations may take as long as so many (`share`) would that
        wait for one another.
        """


@runtime_checkable
class Tidy(Protocol):
    """A manager that can clear up after itself."""

    def clear_up(self) -> None:
        """Remove what it has made, by its own means, before `reset`. Whether that worked is not asked."""
