"""What piles up with each cycle."""

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
    "leaves-process": LeavesProcess,
}
