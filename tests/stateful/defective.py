"""For each invariant a manager with one planted defect, which it has to object to: from the catalogue, or made here."""

from churn.system.engines.emulated import Core
from churn.system.managers.defects import DEFECTS
from churn.system.managers.reference import Record, ReferenceManager


class Dawdles(ReferenceManager):
    """A stop returns only minutes after it is done."""

    def stop(self, name: str) -> Record:
        record = super().stop(name)
        self.clock.sleep(200.0)
        return record


class Impatient(ReferenceManager):
    """A start succeeds before the server has become healthy."""

    def await_health(self, record: Record, container: str) -> None:
        """Nothing is awaited."""


class KeepsPort(ReferenceManager):
    """After a stop a process of the manager still holds the service's port."""

    @property
    def core(self) -> Core:
        """Where other processes of the machine are."""
        return self.host.core  # type: ignore[attr-defined,no-any-return]  # the emulated one's

    def stop(self, name: str) -> Record:
        record = super().stop(name)
        self.core.neighbours.processes["4712 proxy"] = record.port
        return record

    def launch(self, record: Record) -> str:
        self.core.neighbours.processes.pop("4712 proxy", None)
        return super().launch(record)


PLANTED: dict[str, type[ReferenceManager]] = {
    "accepted": DEFECTS["replaces-running"].manager,
    "in-some-order": DEFECTS["unlocked"].manager,
    "in-time": Dawdles,
    "fresh-container": DEFECTS["reuses-container"].manager,
    "status": DEFECTS["list-omits"].manager,
    "serving": Impatient,
    "undisturbed": DEFECTS["stops-by-label"].manager,
    "quiet": DEFECTS["revived-later"].manager,
    "no-orphans": DEFECTS["leaves-container"].manager,
    "no-restart-policy": DEFECTS["restart-policy"].manager,
    "no-leaks": DEFECTS["leaks-volume"].manager,
    "no-processes": DEFECTS["leaves-process"].manager,
    "stable-port": DEFECTS["port-changes"].manager,
    "port-released": KeepsPort,
    "graceful-stop": DEFECTS["stop-kills"].manager,
    "same-as-fresh": DEFECTS["environment-lost"].manager,
    "data-kept": DEFECTS["data-lost"].manager,
    "readable": DEFECTS["warns-in-list"].manager,
    "slow": DEFECTS["slow-idle-stop"].manager,
}
"""By the invariant's name."""
