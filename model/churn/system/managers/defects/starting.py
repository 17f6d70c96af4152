"""Starts that leave things behind, harm others, or say more than is true."""

from attrs import evolve

from churn.system.managers.defects import counters
from churn.system.managers.defects.meanwhile import instead, none, nothing
from churn.system.managers.reference.manager import SERVICE, ReferenceManager, ServiceError
from churn.system.managers.reference.store import Record
from churn.system.protocols import Spec


class NameStaysTaken(ReferenceManager):
    """A second start fails: the name of the container is taken.

    Stop leaves the container to the next start, which does not remove it before it creates its own.
    Stands for: AIMA, "container name conflicts"; moby #23371.
    """

    def take_down(self, record: Record) -> None:
        with instead(self, discard=nothing):
            super().take_down(record)

    def clean_up(self, record: Record) -> None:
        """What a stop left is forgotten."""
        with instead(self, own=none if record.status == "stopped" else self.own):
            super().clean_up(record)


class FailedStartLeaves(ReferenceManager):
    """A start that fails leaves a container that was created, and each retry one more.

    Stands for: AIMA #30.
    """

    def withdraw(self, record: Record) -> None:
        with instead(self, discard=nothing):
            super().withdraw(record)

    def clean_up(self, record: Record) -> None:
        """What a failed start left is left to the user."""
        with instead(self, own=none if record.status == "failed" else self.own):
            super().clean_up(record)

    def spec(self, record: Record) -> Spec:
        plain = super().spec(record)
        return evolve(plain, name=f"{plain.name}-{counters.count(self.store, 'containers')}")


class StuckInCreating(ReferenceManager):
    """After a failed start the service is still listed as created.

    Stands for: AIMA #24.
    """

    def give_up(self, record: Record) -> None:
        super().give_up(record)
        self.store.mark(record.name, "created", None)


class TimeoutLeavesRunning(ReferenceManager):
    """A start that runs out of time leaves its container running.

    Stands for: AIMA #27.
    """

    def withdraw(self, record: Record) -> None:
        if not any(found.state == "running" for found in self.own(record)):
            super().withdraw(record)


class RemovesOthers(ReferenceManager):
    """Starting one service removes another's container.

    The clean-up before a start takes every container that carries the manager's label.
    Stands for: AIMA #63.
    """

    def clean_up(self, record: Record) -> None:
        for found in self.engine.list(self.session_labels()):
            if found.labels[SERVICE] != record.name:  # its own are super's
                self.discard(found.id)
        super().clean_up(record)


class ReplacesRunning(ReferenceManager):
    """A start of a running service silently replaces its container.

    Stands for: generic, a start that does not look first.
    """

    def runs(self, record: Record) -> bool:  # noqa: ARG002 -- that it is not looked at is the defect
        return False

    def status(self, name: str) -> tuple[str, str, int]:
        record = self.known(name)
        alive = super().runs(record) or record.status != "running"
        return record.name, record.status if alive else "failed", record.port


class ReusesContainer(ReferenceManager):
    """A restart runs in the old container, with all that is in it.

    Stop only stops the container, and the next list removes it; a start before that starts it again.
    Stands for: generic, `docker start` instead of `docker run`.
    """

    def take_down(self, record: Record) -> None:
        with instead(self, discard=nothing):
            super().take_down(record)

    def clean_up(self, record: Record) -> None:
        """What a stop left is used again."""
        with instead(self, own=none if record.status == "stopped" else self.own):
            super().clean_up(record)

    def launch(self, record: Record) -> str:
        for found in self.own(record) if record.status == "stopped" else ():
            self.engine.start(found.id)
            return found.id
        return super().launch(record)

    def list(self) -> list[tuple[str, str, int]]:
        for record in self.store.all():
            for found in self.own(record) if record.status == "stopped" else ():
                if found.state == "exited":
                    self.discard(found.id)
        return super().list()


class FifthStartFails(ReferenceManager):
    """The fifth start of a service fails, and each one after it.

    Something is used up a little with each start that succeeds.
    Stands for: generic, a leaked file or address per cycle.
    """

    def launch(self, record: Record) -> str:
        if counters.recall(self.store, f"starts of {record.name}", 0.0) == 4:
            raise ServiceError("no address left")
        return super().launch(record)

    def await_health(self, record: Record, container: str) -> None:
        super().await_health(record, container)
        counters.count(self.store, f"starts of {record.name}")


class SucceedsUnhealthy(ReferenceManager):
    """Start reports success for a server that never became healthy.

    Stands for: AIMA, a health check whose time-out is taken for its success.
    """

    def await_health(self, record: Record, container: str) -> None:
        try:
            super().await_health(record, container)
        except ServiceError:
            if not self.engine.inspect(container).running:
                raise


class TimeoutCutShort(ReferenceManager):
    """A start gives up on a server that needs more than half of the time that the manager was told to give it.

    Stands for: generic, a timeout that is not handed on to what waits for the server.
    """

    def await_health(self, record: Record, container: str) -> None:
        told = self.settings
        self.settings = evolve(told, start_timeout=told.start_timeout / 2)
        try:
            super().await_health(record, container)
        finally:
            self.settings = told


DEFECTS: dict[str, type[ReferenceManager]] = {
    "name-conflict": NameStaysTaken,
    "failed-start-leaves": FailedStartLeaves,
    "stuck-in-creating": StuckInCreating,
    "timeout-leaves-running": TimeoutLeavesRunning,
    "removes-others": RemovesOthers,
    "replaces-running": ReplacesRunning,
    "reuses-container": ReusesContainer,
    "fifth-start-fails": FifthStartFails,
    "succeeds-unhealthy": SucceedsUnhealthy,
    "timeout-cut-short": TimeoutCutShort,
}
