"""Lists that are not true, or that do more than list."""

from churn.system.managers.defects.meanwhile import instead, nothing
from churn.system.managers.reference.manager import ReferenceManager
from churn.system.managers.reference.store import Record

Rows = list[tuple[str, str, int]]


class Omits(ReferenceManager):
    """The list leaves out the newest of several services.

    Stands for: generic, a page that ends one row early.
    """

    def list(self) -> Rows:
        rows = super().list()
        return rows[:-1] if len(rows) > 1 else rows


class Duplicates(ReferenceManager):
    """A service that was restarted is listed twice.

    Stands for: generic, a join that multiplies rows.
    """

    def list(self) -> Rows:
        rows = super().list()
        return [row for row in rows for _ in range(2 if self._restarted(row[0]) else 1)]

    def _restarted(self, name: str) -> bool:
        record = self.store.get(name)
        return record is not None and record.status == "stopped"


class Stale(ReferenceManager):
    """A service whose container died is still listed as running.

    The list tells what the last operation left, and does not ask the engine.
    Stands for: generic, a status that is stored instead of seen.
    """

    def list(self) -> Rows:
        left = {name: status for name, _, _, status, _ in self.store.rows()}
        return [(name, left[name], port) for name, _, port in super().list()]


class Repairs(ReferenceManager):
    """A stop leaves the container, and whoever lists the services to see it makes it go away.

    Stands for: generic, a list that reconciles.
    """

    def take_down(self, record: Record) -> None:
        with instead(self, discard=nothing):
            super().take_down(record)

    def list(self) -> Rows:
        for record in self.store.all():
            for found in self.own(record) if record.status == "stopped" else ():
                if found.state == "exited":
                    self.discard(found.id)
        return super().list()


class Prunes(ReferenceManager):
    """A list removes a service whose server has died, with its container, where it should report it as failed.

    Stands for: generic, a list that clears away what does not run.
    """

    def list(self) -> Rows:
        for record in self.store.all():
            if record.status == "running" and not self.runs(record):
                self.halt(record)
                self.store.drop(record.name)
        return super().list()


class StatusOfFirst(ReferenceManager):
    """Asked for the status of one service, the manager tells of the one that was created first.

    Stands for: generic, a query without its condition.
    """

    def status(self, name: str) -> tuple[str, str, int]:
        self.known(name)
        return super().status(self.store.all()[0].name)


DEFECTS: dict[str, type[ReferenceManager]] = {
    "list-omits": Omits,
    "list-duplicates": Duplicates,
    "list-is-stale": Stale,
    "list-repairs": Repairs,
    "list-prunes": Prunes,
    "status-of-first": StatusOfFirst,
}
