"""What a manager does wrong after the engine did not answer it."""

from collections.abc import Callable

from churn.errors import EngineError, EngineUnreachable
from churn.system.managers.defects import counters
from churn.system.managers.reference.manager import ReferenceManager, ServiceError
from churn.system.managers.reference.store import Record


class LostReplyWedges(ReferenceManager):
    """After an engine's reply was lost, each further start and stop of the service is refused: another one is under way.

    Each of them locks the service, and unlocks it for any error but that of a connection.
    Stands for: generic, a lock that one kind of error does not release.
    """

    upset_by_engine = True

    def start(self, name: str) -> Record:
        return self._locked(name, super().start)

    def stop(self, name: str) -> Record:
        return self._locked(name, super().stop)

    def restart(self, name: str) -> Record:
        self.stop(name)
        return self.start(name)

    def remove(self, name: str) -> None:
        super().remove(name)
        counters.keep(self.store, f"lock of {name}", 0.0)

    def _locked(self, name: str, act: Callable[[str], Record]) -> Record:
        lock = f"lock of {name}"
        if counters.recall(self.store, lock, 0.0):
            raise ServiceError("another operation is in progress")
        counters.keep(self.store, lock, 1.0)
        try:
            done = act(name)
        except (ServiceError, EngineError) as error:
            if not isinstance(error.__cause__ or error, EngineUnreachable):
                counters.keep(self.store, lock, 0.0)
            raise
        counters.keep(self.store, lock, 0.0)
        return done


DEFECTS: dict[str, type[ReferenceManager]] = {"lost-reply-wedges": LostReplyWedges}
