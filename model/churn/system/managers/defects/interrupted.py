"""What a manager does wrong after it was ended midway, as by a kill, a crash or a power cut."""

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import evolve

from churn.errors import EngineError
from churn.lifecycle.form import Setting
from churn.system.managers.defects import counters
from churn.system.managers.defects.meanwhile import instead
from churn.system.managers.reference.manager import ReferenceManager, ServiceError
from churn.system.managers.reference.store import Record, Store
from churn.system.protocols import ListedContainer, Spec


@contextmanager
def _noted(store: Store, note: str) -> Iterator[None]:
    """The note stands in the store while this lasts. Who is ended meanwhile cannot take it away."""
    counters.keep(store, note, 1.0)
    try:
        yield
    except (ServiceError, EngineError):
        counters.keep(store, note, 0.0)
        raise
    counters.keep(store, note, 0.0)


class KillWedges(ReferenceManager):
    """After a start that was killed, each further start and stop of the service is refused: it is being started.

    Nothing but the end of that start takes away the note that one is under way.
    Stands for: generic, a state "starting" that only the start itself may leave.
    """

    upset_by_interrupt = True

    def start(self, name: str) -> Record:
        self._expect_idle(name)
        with _noted(self.store, f"starting {name}"):
            return super().start(name)

    def stop(self, name: str) -> Record:
        self._expect_idle(name)
        return super().stop(name)

    def remove(self, name: str) -> None:
        super().remove(name)
        counters.keep(self.store, f"starting {name}", 0.0)

    def _expect_idle(self, name: str) -> None:
        if counters.recall(self.store, f"starting {name}", 0.0):
            raise ServiceError(f"service {name} is being started")


class KillLeavesLock(ReferenceManager):
    """After a stop that was killed, no service can be started any more until one is stopped: another stop is under way.

    A stop holds a lock that keeps starts out, and the lock has no owner whose end would end it.
    Stands for: generic, a lock file that outlives its process.
    """

    upset_by_interrupt = True

    def start(self, name: str) -> Record:
        if counters.recall(self.store, "lock", 0.0):
            raise ServiceError("another stop is under way")
        return super().start(name)

    def stop(self, name: str) -> Record:
        with _noted(self.store, "lock"):
            return super().stop(name)


class KillForgets(ReferenceManager):
    """A service whose start was killed is not known any more.

    A start takes the service's entry out, and puts the new one in when the container runs.
    Stands for: generic, a file that is written anew in place, not aside and renamed.
    """

    upset_by_interrupt = True

    def launch(self, record: Record) -> str:
        spec, changed = self.spec(record), self.store.settings(record.name)
        self.store.drop(record.name)
        entry = evolve(record, status="failed", container=None)
        try:
            with instead(self, spec=lambda _: spec):
                container = super().launch(record)
        except (ServiceError, EngineError):
            self._put_in(entry, changed)
            raise
        self._put_in(entry, changed)
        return container

    def _put_in(self, entry: Record, changed: dict[Setting, str]) -> None:
        """The entry and what was changed of it go in together, whoever is ended meanwhile."""
        try:
            self.store.add(entry)
        finally:
            if Store.get(self.store, entry.name) is not None:
                for setting, value in changed.items():
                    Store.change(self.store, entry.name, setting, value)


class KillDoubles(ReferenceManager):
    """After a start that was killed, the next one makes a container beside that start's.

    What earlier starts made is known by the note that a start makes when it is through.
    Stands for: generic, containers that are found by a memory of one's own, not by label.
    """

    upset_by_interrupt = True

    def own(self, record: Record) -> tuple[ListedContainer, ...]:
        return tuple(found for found in super().own(record) if found.id == record.container)

    def withdraw(self, record: Record) -> None:
        with instead(self, own=super().own):
            super().withdraw(record)

    def spec(self, record: Record) -> Spec:
        plain = super().spec(record)
        return evolve(plain, name=f"{plain.name}-{counters.count(self.store, 'containers')}")


class KillStaysCreating(ReferenceManager):
    """A service whose start was killed is listed as creating until somebody starts or stops it.

    Stands for: AIMA #24; a word of passage that nobody takes back.
    """

    upset_by_interrupt = True

    def launch(self, record: Record) -> str:
        self.store.mark(record.name, "creating", None)
        return super().launch(record)


DEFECTS: dict[str, type[ReferenceManager]] = {
    "kill-wedges": KillWedges,
    "kill-leaves-lock": KillLeavesLock,
    "kill-forgets": KillForgets,
    "kill-doubles": KillDoubles,
    "kill-stays-creating": KillStaysCreating,
}
