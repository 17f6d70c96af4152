"""Removes that leave something, and restarts that do."""

from attrs import evolve

from churn.system.managers.defects import counters
from churn.system.managers.defects.meanwhile import instead, nothing
from churn.system.managers.reference.manager import ReferenceManager, ServiceError
from churn.system.managers.reference.store import PORT, Record
from churn.system.protocols import Spec


class RemoveKeepsPort(ReferenceManager):
    """A service that was removed cannot be created again: its port is taken, the manager says.

    Ports are kept in a list of their own, and remove does not take the service's port off it.
    Stands for: generic, a reservation that outlives what it was made for.
    """

    def create(self, name: str, folder: str = "") -> Record:
        reserved = f"{PORT}reserved {name}"
        if self.store.get(name) is None and (port := counters.recall(self.store, reserved, 0)):
            raise ServiceError(f"service {name} cannot have port {port:.0f}: it is taken")
        record = super().create(name, folder)
        counters.keep(self.store, reserved, record.port)
        return record


class RemoveLeavesVolume(ReferenceManager):
    """A service that was removed leaves the volume that its first start made.

    Stands for: generic, `docker rm` without `-v`, `compose down` without `--volumes`.
    """

    def launch(self, record: Record) -> str:
        self.engine.create_volume(f"{self.settings.session}-data-of-{record.name}", self.settings.labels)
        return super().launch(record)


class RestartLeavesContainer(ReferenceManager):
    """A restart leaves the container that it has stopped, beside the new one.

    The old container is to be there in case that the new one does not start; nobody removes it when it does.
    Stands for: generic, a replacement that keeps the old one to go back to.
    """

    def restart(self, name: str) -> Record:
        with instead(self, discard=nothing):
            self.stop(name)
        with instead(self, clean_up=nothing):
            return self.start(name)

    def spec(self, record: Record) -> Spec:
        made = super().spec(record)
        return evolve(made, name=f"{made.name}-{counters.count(self.store, f'containers of {record.name}')}")


DEFECTS: dict[str, type[ReferenceManager]] = {
    "remove-keeps-port": RemoveKeepsPort,
    "remove-leaves-volume": RemoveLeavesVolume,
    "restart-leaves-container": RestartLeavesContainer,
}
