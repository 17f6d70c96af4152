"""Ports that are shared, lost or changed."""

from attrs import evolve

from churn.system.managers.defects import counters
from churn.system.managers.reference.manager import ReferenceManager, ServiceError
from churn.system.managers.reference.store import PORT, Record


class DefaultPort(ReferenceManager):
    """All services get the same port.

    Stands for: AIMA #61.
    """

    def choose_port(self) -> int:
        taken = [record.port for record in self.store.all()]
        return taken[0] if taken else super().choose_port()


class PortNotKept(ReferenceManager):
    """A service's port is another one after a restart, and not the one that is listed.

    The port chosen for a later start is used, but not stored.
    Stands for: AIMA #62.
    """

    def start(self, name: str) -> Record:
        again = super().known(name).status == "stopped"
        counters.keep(self.store, f"{PORT}{name}", self.host.free_port() if again else 0)
        return super().start(name)

    def known(self, name: str) -> Record:
        record = super().known(name)
        used = counters.recall(self.store, f"{PORT}{name}", 0)
        return evolve(record, port=int(used) or record.port)


class PortChanges(ReferenceManager):
    """A service has another port after each restart.

    Stands for: AIMA #62.
    """

    def stop(self, name: str) -> Record:
        record = super().stop(name)
        self.store.db.execute("UPDATE services SET port = ? WHERE name = ?", (self.host.free_port(), name))
        return record


class ThirdPortReused(ReferenceManager):
    """The third service gets the port of the first.

    Stands for: generic, a pool that is handed out by its length.
    """

    def choose_port(self) -> int:
        taken = [record.port for record in self.store.all()]
        return taken[0] if len(taken) == 2 else super().choose_port()


class OverlooksLoopback(ReferenceManager):
    """A start reports success although somebody holds the service's port at 127.0.0.1, so that its container does not run.

    The manager looks whether the port is free at another of the host's addresses, and drops the engine's error where it is.
    Stands for: generic, a check of a port at one address for a container that is published at all of them.
    """

    def start(self, name: str) -> Record:
        record = self.known(name)
        try:
            return super().start(name)
        except ServiceError:
            every, other = (self.host.is_free(record.port, address) for address in (_EVERY, _OTHER))
            if every or not other:
                raise
            self.store.mark(name, "running", None)
            return self.known(name)


_EVERY, _OTHER = "0.0.0.0", "127.0.0.2"  # noqa: S104 -- what stands for every address

DEFECTS: dict[str, type[ReferenceManager]] = {
    "default-port": DefaultPort,
    "port-not-kept": PortNotKept,
    "port-changes": PortChanges,
    "third-port-reused": ThirdPortReused,
    "overlooks-loopback": OverlooksLoopback,
}
