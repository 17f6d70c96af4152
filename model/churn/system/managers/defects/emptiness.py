"""What goes wrong while there is no service at all, or none of the name that was given."""

from churn.system.managers.reference.manager import ReferenceManager, ServiceError
from churn.system.managers.reference.store import Record


class EmptyListFails(ReferenceManager):
    """The list fails while there is no service.

    Stands for: generic, the largest of no rows.
    """

    def list(self) -> list[tuple[str, str, int]]:
        rows = super().list()
        if not rows:
            raise ServiceError("max() of an empty sequence")
        return rows


class EmptyStopSucceeds(ReferenceManager):
    """While there is no service, a stop of any name reports success.

    Stands for: generic, a check of all that came back, of which there is nothing.
    """

    def stop(self, name: str) -> Record:
        services = self.store.all()
        return super().stop(name) if services else Record(name, 0, "", "stopped", None)


class StartRegisters(ReferenceManager):
    """A start of a name that is not known is refused, but from then on there is a service of that name.

    It is so while there is no other service.
    Stands for: generic, a record that is written before it is checked.
    """

    def start(self, name: str) -> Record:
        if not self.store.all():
            self.store.add(Record(name, self.choose_port(), "", "failed", None))
            raise ServiceError(f"service {name} has no configuration")
        return super().start(name)


DEFECTS: dict[str, type[ReferenceManager]] = {
    "empty-list-fails": EmptyListFails,
    "empty-stop-succeeds": EmptyStopSucceeds,
    "start-registers": StartRegisters,
}
