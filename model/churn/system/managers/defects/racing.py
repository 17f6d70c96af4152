"""What a manager does wrong only where two clients ask it at once."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from churn.errors import EngineError, NotFound
from churn.system.managers.reference.locks import PORTS
from churn.system.managers.reference.manager import ReferenceManager, ServiceError
from churn.system.managers.reference.store import Record, StoreBroken


class Unlocked(ReferenceManager):
    """Two operations on one service do not know of each other.

    Two starts at once both make a container, and each clears away what it takes for the remains of an earlier one.
    Stands for: docker/compose #10754; no lock at all.
    """

    upset_by_clients = True

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:  # noqa: ARG002 -- as in the manager that does it right
        yield


class CreatesTwice(ReferenceManager):
    """Two creates of one service at once both succeed.

    Each looks whether there is such a service, and adds it later; that it is there by then is no error.
    Stands for: podman #18662; look first, and act later.
    """

    upset_by_clients = True

    def create(self, name: str, folder: str = "") -> Record:
        if self.store.get(name) is not None:
            raise ServiceError(f"service {name} exists already")
        with suppress(StoreBroken):
            self.store.add(Record(name, self.choose_port(), folder, "created", None))
        return self.known(name)


class LoserCleansUp(ReferenceManager):
    """Of two starts at once, the one that is refused removes the container of the one that succeeded.

    Its container's name is taken. It tidies up after itself by label, and the other's container has the same.
    Stands for: docker/compose #4688; a clean-up that goes by name or label.
    """

    upset_by_clients = True

    def start(self, name: str) -> Record:
        record = self.known(name)
        for found in self.own(record):
            if found.state in ("created", "running"):
                raise ServiceError(f"service {name} has a container already")
            self.discard(found.id)
        record = self.renewed(record)
        try:
            container = self.engine.create(self.spec(record))
            self.engine.start(container)
            self.await_health(record, container)
        except (ServiceError, EngineError) as error:
            self.give_up(record)
            raise ServiceError(f"service {name} did not start: {error}") from error
        self.store.mark(name, "running", container)
        return self.known(name)


class StopForgetsStart(ReferenceManager):
    """A stop beside a start leaves the service running, and listed as stopped.

    It looks for containers, finds none yet, and says so when the start has made one.
    Stands for: docker/compose #5240; the last one to write the status wins.
    """

    upset_by_clients = True

    def stop(self, name: str) -> Record:
        record = self.known(name)
        self.take_down(record)
        self.store.mark(name, "stopped", None)
        return self.known(name)


class ListDiesMidway(ReferenceManager):
    """A list fails where a service is stopped at that moment.

    It asks for one container after the other, and one that is gone by then is an error.
    Stands for: docker/compose #1680; a list that is not of one moment.
    """

    upset_by_clients = True

    def list(self) -> list[tuple[str, str, int]]:
        there = {found.id for found in self.engine.list(self.session_labels())}
        return [
            (
                record.name,
                "failed" if record.status == "running" and not self._runs(record, there) else record.status,
                record.port,
            )
            for record in self.store.all()
        ]

    def _runs(self, record: Record, there: set[str]) -> bool:
        if record.container not in there:
            return False
        try:
            return self.engine.inspect(record.container).running
        except NotFound as gone:
            raise ServiceError(f"cannot tell of service {record.name}: {gone}") from gone


class LosesUpdates(ReferenceManager):
    """Of two services that are started at once, one may be listed as it was before.

    Each start reads all services, and writes all of them back when it is through.
    Stands for: generic, a state file that is read, changed and written without a lock.
    """

    upset_by_clients = True

    def start(self, name: str) -> Record:
        before = [record for record in self.store.all() if record.name != name]
        started = super().start(name)
        for record in before:
            self.store.mark(record.name, record.status, record.container)
        return started


class GivesPortTwice(ReferenceManager):
    """Two services that are created at once get the same port.

    The next port is one more than the highest that is given out, and nothing keeps it until it is written.
    Stands for: generic, a counter that is read and written without a lock.
    """

    upset_by_clients = True

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        if name == PORTS:
            yield
            return
        with super().alone(name):
            yield

    def choose_port(self) -> int:
        taken = self.taken_ports()
        return max(taken) + 1 if taken else super().choose_port()


DEFECTS: dict[str, type[ReferenceManager]] = {
    "unlocked": Unlocked,
    "creates-twice": CreatesTwice,
    "loser-cleans-up": LoserCleansUp,
    "stop-forgets-start": StopForgetsStart,
    "list-dies-midway": ListDiesMidway,
    "loses-updates": LosesUpdates,
    "gives-port-twice": GivesPortTwice,
}
