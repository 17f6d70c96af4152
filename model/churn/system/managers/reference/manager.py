"""The reference manager itself: what start and stop have to do to be right, also when interrupted or when the engine fails.

What it relies on: its containers carry labels of their own (session and service), so that what an interrupted operation
left is found by label, never by a name, a port or a memory of its own; the status in the store is only what the last
operation left, and the list holds it against the engine.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from attrs import Factory, frozen

from churn.errors import ChurnError, Conflict, EngineError, NameTaken, NotFound, PortTaken, RemovalInProgress
from churn.lifecycle.form import Setting
from churn.system.clock import Clock
from churn.system.managers.reference.store import Record, Store
from churn.system.protocols import Engine, Host, ListedContainer, Mount, Spec

SESSION, SERVICE = "churn.session", "churn.service"
MOUNT = "/behaviour"
NAME = "SERVICE_NAME"
"""The environment variable by which a server knows whose it is."""

_T = TypeVar("_T")


class ServiceError(ChurnError):
    """An operation that the manager refuses, or that failed; the services are as the message says."""


@frozen(kw_only=True)
class Settings:
    """How the reference manager goes about it. Times are seconds."""

    session: str
    """Marks its containers: two managers with different sessions never touch each other's."""
    image: str = "churn/stand-in:1"
    labels: Mapping[str, str] = Factory(dict)
    """Further labels for each container (who owns it)."""
    health_path: str = "/health"
    start_timeout: float = 60.0
    health_interval: float = 0.25
    stop_grace: float = 10.0
    retries: int = 20
    retry_interval: float = 0.1
    """A name or port that is still being freed is asked for again that often, at that interval."""


class ReferenceManager:
    """Services over `engine`, kept in `store`."""

    promises: ClassVar[Mapping[str, Any]] = {}
    """What a manager made from this one promises otherwise: fields of the contract, with their values."""
    upset_by_engine: ClassVar[bool] = False
    """Of a defect: whether it shows only where the engine makes trouble."""
    upset_by_interrupt: ClassVar[bool] = False
    """Of a defect: whether it shows only where the manager is ended midway."""

    def __init__(self, store: Store, engine: Engine, host: Host, clock: Clock, settings: Settings) -> None:
        self.store = store
        self.engine = engine
        self.host = host
        self.clock = clock
        self.settings = settings

    # -- what a user asks for -----------------------------------------------------------------------------------------

    def wake(self) -> None:
        """What its daemon does first when it is started. Nothing: all that is known stands in the store."""

    def create(self, name: str, folder: str = "") -> Record:
        """A new service with a port of its own; no container yet. Raises `ServiceError` where the name is taken."""
        if self.store.get(name) is not None:
            raise ServiceError(f"service {name} exists already")
        record = Record(name, self.choose_port(), folder, "created", None)
        self.store.add(record)
        return record

    def start(self, name: str) -> Record:
        """Run the service in a new container and wait until it is healthy.

        Raises `ServiceError` where it is not known, runs already, or its server did not get healthy in time: then no
        container is left and its status is ``failed``.
        """
        record = self.known(name)
        if self.runs(record):
            raise ServiceError(f"service {name} is running already")
        record = self.renewed(record)
        self.clean_up(record)
        # Failed until proven otherwise: whatever interrupts the start from here on, the status is right.
        self.store.mark(name, "failed", None)
        try:
            container = self.launch(record)
            self.await_health(record, container)
        except (ServiceError, EngineError) as error:
            self.give_up(record)
            raise ServiceError(f"service {name} did not start: {error}") from error
        self.store.mark(name, "running", container)
        return self.known(name)

    def stop(self, name: str) -> Record:
        """Stop the service and remove its container; returns when it is gone. Nothing to stop is no error."""
        record = self.known(name)
        self.take_down(record)
        self.store.mark(name, "stopped", None)
        return self.known(name)

    def restart(self, name: str) -> Record:
        """Stop the service, if it runs, and start it in a new container. Raises as `start` does."""
        self.stop(name)
        return self.start(name)

    def update(self, name: str, setting: Setting, value: str) -> None:
        """Change a setting: an image, a variable as ``NAME=value``, or a port. Its next start has it.

        Raises `ServiceError` where the service is not known, or the port is another one's.
        """
        record = self.known(name)
        if setting is Setting.PORT and int(value) in self.taken_ports() - {record.port}:
            raise ServiceError(f"port {value} is another service's")
        self.store.change(name, setting, value)

    def remove(self, name: str) -> None:
        """Stop the service, if it runs, and forget it: its name and port are free again.

        Raises `ServiceError` where it is not known.
        """
        self.take_down(self.known(name))
        self.store.drop(name)

    def list(self) -> list[tuple[str, str, int]]:
        """Every service as name, status and port, oldest first. Nothing is repaired on the way."""
        alive = {found.id for found in self.engine.list(self.session_labels()) if found.state == "running"}
        return [
            (name, "failed" if status == "running" and container not in alive else status, port)
            for name, port, _, status, container in self.store.rows()
        ]

    def status(self, name: str) -> tuple[str, str, int]:
        """One service, as in `list`."""
        record = self.known(name)
        alive = record.status != "running" or self.runs(record)
        return record.name, record.status if alive else "failed", record.port

    # -- the steps that these are made of -----------------------------------------------------------------------------

    def known(self, name: str) -> Record:
        """The service's record. Raises `ServiceError` where there is none."""
        record = self.store.get(name)
        if record is None:
            raise ServiceError(f"service {name} is not known")
        return record

    def choose_port(self) -> int:
        """A free port that no other service has."""
        taken = self.taken_ports()
        while (port := self.host.free_port()) in taken:
            pass
        return port

    def taken_ports(self) -> set[int]:
        """The ports that services have, or get with their next start."""
        names = [record.name for record in self.store.all()]
        asked = {int(port) for name in names if (port := self.store.settings(name).get(Setting.PORT))}
        return {record.port for record in self.store.all()} | asked

    def renewed(self, record: Record) -> Record:
        """The service on the port that an update asked for, if one did."""
        port = self.store.settings(record.name).get(Setting.PORT)
        if port is None or int(port) == record.port:
            return record
        self.store.move(record.name, int(port))
        return self.known(record.name)

    def session_labels(self) -> dict[str, str]:
        """The labels that all containers of this manager carry."""
        return {SESSION: self.settings.session}

    def service_labels(self, record: Record) -> dict[str, str]:
        """The labels that only this service's containers carry."""
        return {SESSION: self.settings.session, SERVICE: record.name}

    def own(self, record: Record) -> tuple[ListedContainer, ...]:
        """The service's containers, in any state."""
        return self.engine.list(self.service_labels(record))

    def runs(self, record: Record) -> bool:
        """Whether the container that its last start left runs."""
        if record.status != "running":
            return False
        return any(found.id == record.container and found.state == "running" for found in self.own(record))

    def clean_up(self, record: Record) -> None:
        """Remove what earlier starts and stops of the service left, in whatever state."""
        for found in self.own(record):
            self.discard(found.id)

    def spec(self, record: Record) -> Spec:
        """What the service's container is made from."""
        changed = self.store.settings(record.name)
        variable = changed.get(Setting.ENVIRONMENT, "").partition("=")
        return Spec(
            image=changed.get(Setting.IMAGE, self.settings.image),
            name=f"{self.settings.session}-{record.name}",
            command=("serve", "--port", str(record.port)),
            labels={**self.settings.labels, **self.service_labels(record)},
            ports=(record.port,),
            mounts=(Mount(record.folder, MOUNT),) if record.folder else (),
            environment={NAME: record.name, **({variable[0]: variable[2]} if variable[0] else {})},
        )

    def launch(self, record: Record) -> str:
        """Create and start the container; a name or port still being freed is waited for. Returns its id."""
        container = self.retried(lambda: self.engine.create(self.spec(record)), NameTaken, RemovalInProgress)
        self.retried(lambda: self.engine.start(container), PortTaken)
        return container

    def await_health(self, record: Record, container: str) -> None:
        """Return when the server answers its health path. Raises `ServiceError` when it ended, or took too long."""
        deadline = self.clock.now() + self.settings.start_timeout
        while self.host.health(record.port, self.settings.health_path) != 200:
            found = self.engine.inspect(container)
            if not found.running:
                raise ServiceError(f"its server ended with exit code {found.exit_code}")
            if self.clock.now() >= deadline:
                raise ServiceError(f"its server was not healthy within {self.settings.start_timeout:g} s")
            self.clock.sleep(self.settings.health_interval)

    def give_up(self, record: Record) -> None:
        """After a failed start: leave nothing, as far as the engine lets it."""
        try:
            self.withdraw(record)
        except EngineError:
            return  # what is left carries the service's labels: its next start or stop removes it
        self.store.mark(record.name, "failed", None)

    def take_down(self, record: Record) -> None:
        """What a stop does to the service's containers."""
        self.halt(record)

    def withdraw(self, record: Record) -> None:
        """What a start that failed does to the service's containers."""
        self.halt(record)

    def halt(self, record: Record) -> None:
        """End and remove the service's own containers."""
        for found in self.own(record):
            self.end(found.id)
            self.discard(found.id)

    def end(self, container: str) -> None:
        """Let a container's server end: SIGTERM, after the grace SIGKILL. One that is gone, or going, is fine."""
        try:
            self.engine.stop(container, self.settings.stop_grace)
        except (NotFound, Conflict):
            return

    def discard(self, container: str) -> None:
        """Remove a container and wait until it is gone."""
        try:
            self.engine.remove(container, force=True, volumes=True)
        except NotFound:
            return
        except RemovalInProgress:
            pass
        self.retried(lambda: self.expect_gone(container), ServiceError)

    def expect_gone(self, container: str) -> None:
        """Raises `ServiceError` where the container is still there."""
        try:
            state = self.engine.inspect(container).state
        except NotFound:
            return
        raise ServiceError(f"container {container[:12]} is still there: {state}")

    def retried(self, call: Callable[[], _T], *passing: type[ChurnError]) -> _T:
        """The call's result; an error of a kind that passes by itself is waited out, up to the settings' retries."""
        for _ in range(self.settings.retries):
            try:
                return call()
            except passing:
                self.clock.sleep(self.settings.retry_interval)
        return call()
