"""What piles up with each cycle."""

from churn.lifecycle.observation import Resource, ResourceKind
from churn.system.managers.defects import counters
from churn.system.managers.reference.manager import ReferenceManager
from churn.system.managers.reference.store import Record


class LeaksVolume(ReferenceManager):
    """Each start leaves one more volume.

    Stands for: generic, `docker rm` without `-v`.
    """

    def launch(self, record: Record) -> str:
        name = f"{self.settings.session}-data-{counters.count(self.store, 'volumes')}"
        self.engine.create_volume(name, self.settings.labels)
        return super().launch(record)


class LeaksNetwork(ReferenceManager):
    """Each start leaves one more network.

    Stands for: compose, networks of projects that are gone.
    """

    def launch(self, record: Record) -> str:
        name = f"{self.settings.session}-net-{counters.count(self.store, 'networks')}"
        self.engine.create_network(name, self.settings.labels)
        return super().launch(record)


class SharedNetworkLeft(ReferenceManager):
    """The network that services share is left when they are stopped in the order in which they were started.

    The stop of the service whose start made the network removes it, but not while others use it; theirs do not.
    Stands for: compose, a network that is in use when the project that made it goes down.
    """

    def launch(self, record: Record) -> str:
        if not counters.recall(self.store, self._shared, 0.0):
            self.engine.create_network(self._shared, self.settings.labels)
            counters.keep(self.store, self._shared, 1.0)
            counters.keep(self.store, f"maker {record.name}", 1.0)
        return super().launch(record)

    def halt(self, record: Record) -> None:
        super().halt(record)
        maker, used = f"maker {record.name}", self.engine.list(self.session_labels())
        if counters.recall(self.store, maker, 0.0) and not used:
            self.engine.remove_resource(Resource(ResourceKind.NETWORK, self._shared))
            counters.keep(self.store, self._shared, 0.0)
        counters.keep(self.store, maker, 0.0)

    @property
    def _shared(self) -> str:
        return f"{self.settings.session}-shared"


class LeavesProcess(ReferenceManager):
    """A failed start falls back to a native process, and leaves it running.

    Stands for: AIMA, the native fall-back of an engine that has no image.
    """

    def give_up(self, record: Record) -> None:
        super().give_up(record)
        self.host.spawn("native-server")


DEFECTS: dict[str, type[ReferenceManager]] = {
    "leaks-volume": LeaksVolume,
    "leaks-network": LeaksNetwork,
    "shared-network-left": SharedNetworkLeft,
    "leaves-process": LeavesProcess,
}
