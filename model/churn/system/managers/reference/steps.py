"""The steps that the reference manager's operations are made of, and how it goes about them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

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


_AT_ONCE = 60.0
"""Seconds in which whoever chooses a port is surely through: nothing is waited for meanwhile."""


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
    patience: float = 900.0
    """How long an operation waits for another one on the same service; 0: it is refused at once."""


class Steps:
    """What the operations over `engine`, on services kept in `store`, are made of."""

    def __init__(self, store: Store, engine: Engine, host: Host, clock: Clock, settings: Settings) -> None:
        self.store = store
        self.engine = engine
        self.host = host
        self.clock = clock
        self.settings = settings
        self._mine: set[str] = set()
        """The locks that this manager's operation holds."""

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """While this lasts, no other operation changes the service, or the ports of all (`PORTS`).

        Raises `ServiceError` where another one is under way, and the settings' patience is at its end.
        """
        if name in self._mine:
            yield
            return
        deadline = self.clock.now() + (self.settings.patience if name else _AT_ONCE)
        while not self.store.locks.take(name):
            if self.clock.now() >= deadline:
                raise ServiceError(f"service {name} is busy: another operation on it is under way")
            self.clock.sleep(self.settings.retry_interval)
        self._mine.add(name)
        try:
            yield
        finally:
            self._mine.discard(name)
            self.store.locks.free(name)

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
