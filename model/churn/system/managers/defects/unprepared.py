"""Managers that are not prepared for what befalls a service between two operations, or for being asked twice."""

from churn.errors import PortTaken
from churn.system.managers.defects import counters
from churn.system.managers.defects.meanwhile import instead, none
from churn.system.managers.reference.manager import ReferenceManager, ServiceError
from churn.system.managers.reference.store import MOMENT, Record

Rows = list[tuple[str, str, int]]


class DeadCannotStart(ReferenceManager):
    """A service whose server died cannot be started again: it is running already, the manager says.

    Stands for: generic, a status that is stored instead of seen.
    """

    def runs(self, record: Record) -> bool:
        return record.status == "running" or super().runs(record)

    def status(self, name: str) -> tuple[str, str, int]:
        record = self.known(name)
        alive = record.status != "running" or super().runs(record)
        return record.name, record.status if alive else "failed", record.port


class RemovedCannotStop(ReferenceManager):
    """A service whose container somebody removed cannot be stopped: there is no such container, the manager says.

    Stands for: generic, a missing container that is taken for an error.
    """

    def take_down(self, record: Record) -> None:
        if record.status == "running" and not self.own(record):
            raise ServiceError(f"service {record.name} has no container to stop")
        super().take_down(record)


class FailureMovesPort(ReferenceManager):
    """After a start that failed the service has another port.

    Stands for: generic, a port that is given back when a start fails, and chosen anew.
    """

    def give_up(self, record: Record) -> None:
        super().give_up(record)
        self.store.db.execute("UPDATE services SET port = ? WHERE name = ?", (self.host.free_port(), record.name))


class SecondCreateResets(ReferenceManager):
    """A create of a service that is there is refused, but the service is listed as created from then on.

    Stands for: generic, an insert-or-replace before the check.
    """

    def create(self, name: str, folder: str = "") -> Record:
        if (there := self.store.get(name)) is not None:
            self.store.mark(name, "created", there.container)
        return super().create(name, folder)


class IllIsLeft(ReferenceManager):
    """A stop of a service whose server does not answer leaves its container running.

    The manager asks the server whether there is anything to stop.
    Stands for: generic, a health check that is taken for a check of being there.
    """

    def take_down(self, record: Record) -> None:
        answers = self.host.health(record.port, self.settings.health_path) == 200
        with instead(self, own=self.own if answers or record.status != "running" else none):
            super().take_down(record)


class LongRunForgotten(ReferenceManager):
    """A service that has run for a while is listed as stopped.

    What the manager remembers of it ends after a minute and a half.
    Stands for: generic, a lease that nobody renews.
    """

    remembered = 90.0
    """Seconds after a start for which the manager remembers it."""

    def start(self, name: str) -> Record:
        record = super().start(name)
        counters.keep(self.store, f"{MOMENT}start of {name}", self.clock.now())
        return record

    def list(self) -> Rows:
        return [
            (name, "stopped" if status == "running" and self._forgotten(name) else status, port)
            for name, status, port in super().list()
        ]

    def _forgotten(self, name: str) -> bool:
        began = counters.recall(self.store, f"{MOMENT}start of {name}", self.clock.now())
        return self.clock.now() - began > self.remembered


class EvadesHeldPort(ReferenceManager):
    """A service whose port somebody else holds starts on another port, and has that from then on.

    Stands for: generic, a port that is chosen anew whenever it is not free.
    """

    def launch(self, record: Record) -> str:
        try:
            return super().launch(record)
        except PortTaken:
            self.clean_up(record)
            port = self.choose_port()
            self.store.db.execute("UPDATE services SET port = ? WHERE name = ?", (port, record.name))
            return super().launch(self.known(record.name))

    def await_health(self, record: Record, container: str) -> None:
        super().await_health(self.known(record.name), container)


class ThirdRunIsStale(ReferenceManager):
    """A service that was restarted twice is listed as running after its server died.

    Stands for: generic, a watcher that ends after some restarts.
    """

    def await_health(self, record: Record, container: str) -> None:
        super().await_health(record, container)
        counters.count(self.store, f"starts of {record.name}")

    def list(self) -> Rows:
        left = {name: status for name, _, _, status, _ in self.store.rows()}
        return [
            (name, left[name] if counters.recall(self.store, f"starts of {name}", 0.0) > 2 else status, port)
            for name, status, port in super().list()
        ]


DEFECTS: dict[str, type[ReferenceManager]] = {
    "dead-cannot-start": DeadCannotStart,
    "removed-cannot-stop": RemovedCannotStop,
    "failure-moves-port": FailureMovesPort,
    "second-create-resets": SecondCreateResets,
    "ill-is-left": IllIsLeft,
    "long-run-forgotten": LongRunForgotten,
    "evades-held-port": EvadesHeldPort,
    "third-run-is-stale": ThirdRunIsStale,
}
