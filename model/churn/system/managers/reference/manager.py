"""The reference manager itself: what start and stop have to do to be right, also when interrupted or when the engine fails.

What it relies on: its containers carry labels of their own (session and service), so that what an interrupted operation
left is found by label, never by a name, a port or a memory of its own; the status in the store is only what the last
operation left, and the list holds it against the engine. An operation that changes a service has that service for itself: of
two that overlap, one waits for the other, or is refused.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from churn.errors import EngineError
from churn.lifecycle.form import Setting
from churn.system.managers.reference.locks import PORTS
from churn.system.managers.reference.steps import MOUNT, NAME, SERVICE, SESSION, ServiceError, Settings, Steps
from churn.system.managers.reference.store import Record

__all__ = ["MOUNT", "NAME", "SERVICE", "SESSION", "ReferenceManager", "ServiceError", "Settings"]


class ReferenceManager(Steps):
    """Services over `engine`, kept in `store`."""

    promises: ClassVar[Mapping[str, Any]] = {}
    """What a manager made from this one promises otherwise: fields of the contract, with their values."""
    upset_by_engine: ClassVar[bool] = False
    """Of a defect: whether it shows only where the engine makes trouble."""
    upset_by_interrupt: ClassVar[bool] = False
    """Of a defect: whether it shows only where the manager is ended midway."""

    upset_by_clients: ClassVar[bool] = False
    """Of a defect: whether it shows only where several clients ask at once."""

    # -- what a user asks for -----------------------------------------------------------------------------------------

    def wake(self) -> None:
        """What its daemon does first when it is started. Nothing: all that is known stands in the store."""

    def create(self, name: str, folder: str = "") -> Record:
        """A new service with a port of its own; no container yet. Raises `ServiceError` where the name is taken."""
        with self.alone(name):
            if self.store.get(name) is not None:
                raise ServiceError(f"service {name} exists already")
            with self.alone(PORTS):
                record = Record(name, self.choose_port(), folder, "created", None)
                self.store.add(record)
            return record

    def start(self, name: str) -> Record:
        """Run the service in a new container and wait until it is healthy.

        Raises `ServiceError` where it is not known, runs already, or its server did not get healthy in time: then no
        container is left and its status is ``failed``.
        """
        with self.alone(name):
            return self._started(name)

    def _started(self, name: str) -> Record:
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
        with self.alone(name):
            record = self.known(name)
            self.take_down(record)
            self.store.mark(name, "stopped", None)
            return self.known(name)

    def restart(self, name: str) -> Record:
        """Stop the service, if it runs, and start it in a new container. Raises as `start` does."""
        with self.alone(name):
            self.stop(name)
            return self.start(name)

    def update(self, name: str, setting: Setting, value: str) -> None:
        """Change a setting: an image, a variable as ``NAME=value``, or a port. Its next start has it.

        Raises `ServiceError` where the service is not known, or the port is another one's.
        """
        with self.alone(name), self.alone(PORTS):
            record = self.known(name)
            if setting is Setting.PORT and int(value) in self.taken_ports() - {record.port}:
                raise ServiceError(f"port {value} is another service's")
            self.store.change(name, setting, value)

    def remove(self, name: str) -> None:
        """Stop the service, if it runs, and forget it: its name and port are free again.

        Raises `ServiceError` where it is not known.
        """
        with self.alone(name):
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
