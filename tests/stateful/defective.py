"""Managers with one planted defect each, to prove that every invariant is alive."""

from attrs import evolve

from churn.system.engines.emulated import Core
from churn.system.managers.reference import Record, ReferenceManager, ServiceError
from churn.system.protocols import Spec


class Refuses(ReferenceManager):
    """The second start of a service is an error."""

    def start(self, name: str) -> Record:
        if self.known(name).status == "stopped":
            raise ServiceError(f"service {name} was started before")
        return super().start(name)


class Dawdles(ReferenceManager):
    """A stop returns only minutes after it is done."""

    def stop(self, name: str) -> Record:
        record = super().stop(name)
        self.clock.sleep(200.0)
        return record


class ReusesContainer(ReferenceManager):
    """A stop leaves the container to be removed by the next list; a start before that starts it again."""

    def list(self) -> list[tuple[str, str, int]]:
        for record in self.store.all():
            if record.status == "stopped":
                super().clean_up(record)
        return super().list()

    def halt(self, record: Record) -> None:
        for found in self.own(record):
            self.end(found.id)

    def clean_up(self, record: Record) -> None:
        """Nothing is cleaned up."""

    def launch(self, record: Record) -> str:
        for found in self.own(record):
            self.engine.start(found.id)
            return found.id
        return super().launch(record)


class Lies(ReferenceManager):
    """The list says of stopped services that they run."""

    def list(self) -> list[tuple[str, str, int]]:
        return [(name, "running" if word == "stopped" else word, port) for name, word, port in super().list()]


class Impatient(ReferenceManager):
    """A start succeeds whether or not the server gets healthy."""

    def await_health(self, record: Record, container: str) -> None:
        """Nothing is awaited."""


class StopsAll(ReferenceManager):
    """A stop ends every container of the manager."""

    def halt(self, record: Record) -> None:  # noqa: ARG002 -- that is the defect
        for found in self.engine.list(self.session_labels()):
            self.end(found.id)
            self.remove(found.id)


class Revives(ReferenceManager):
    """Containers run again some seconds after they were stopped."""

    def halt(self, record: Record) -> None:
        super().halt(record)
        self.later = self.clock.now() + 3.0

    def list(self) -> list[tuple[str, str, int]]:
        if self.clock.now() >= getattr(self, "later", float("inf")):
            self.later = float("inf")
            for record in self.store.all():
                if record.status == "stopped":
                    self.launch(record)
        return super().list()


class LeavesContainer(ReferenceManager):
    """A stop ends the server but leaves its container until the next start."""

    def halt(self, record: Record) -> None:
        for found in self.own(record):
            self.end(found.id)


class WithPolicy(ReferenceManager):
    """Containers are to be revived by the engine."""

    def spec(self, record: Record) -> Spec:
        return evolve(super().spec(record), restart_policy="unless-stopped")


class LeaksVolume(ReferenceManager):
    """Each start makes a volume that nobody removes."""

    def launch(self, record: Record) -> str:
        self.made = getattr(self, "made", 0) + 1
        self.engine.create_volume(f"data-{self.made}", self.settings.labels)
        return super().launch(record)


class LeavesProcess(ReferenceManager):
    """A start leaves a helper process running."""

    core: Core

    def launch(self, record: Record) -> str:
        self.core.processes["4711 helper"] = 0
        return super().launch(record)


class WandersPort(ReferenceManager):
    """A service gets a new port at each start."""

    def start(self, name: str) -> Record:
        self.store.db.execute("UPDATE services SET port = ? WHERE name = ?", (self.host.free_port(), name))
        return super().start(name)


class KeepsPort(ReferenceManager):
    """After a stop a process of the manager still holds the service's port."""

    core: Core

    def stop(self, name: str) -> Record:
        record = super().stop(name)
        self.core.processes["4712 proxy"] = record.port
        return record

    def launch(self, record: Record) -> str:
        self.core.processes.pop("4712 proxy", None)
        return super().launch(record)


PLANTED: dict[str, type[ReferenceManager]] = {
    "accepted": Refuses,
    "in-time": Dawdles,
    "fresh-container": ReusesContainer,
    "status": Lies,
    "serving": Impatient,
    "undisturbed": StopsAll,
    "quiet": Revives,
    "no-orphans": LeavesContainer,
    "no-restart-policy": WithPolicy,
    "no-leaks": LeaksVolume,
    "no-processes": LeavesProcess,
    "stable-port": WandersPort,
    "port-released": KeepsPort,
}
"""For each invariant a manager that it has to object to."""
