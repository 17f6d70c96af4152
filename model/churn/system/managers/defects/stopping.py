"""Stops that do too little, too much, or too late."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from attrs import evolve

from churn.errors import ChurnError, Conflict, EngineError, NameTaken, NotFound, PortTaken
from churn.system.managers.defects import counters
from churn.system.managers.defects.meanwhile import instead, none, nothing
from churn.system.managers.reference.manager import SERVICE, SESSION, ReferenceManager, ServiceError
from churn.system.managers.reference.store import MOMENT, Record
from churn.system.protocols import Spec

_T = TypeVar("_T")


class StopFindsNothing(ReferenceManager):
    """Stop reports success, and the container runs on.

    The service's full id is looked up where a part of it is what containers are labelled with.
    Stands for: AIMA #11.
    """

    def take_down(self, record: Record) -> None:
        full = {SESSION: self.settings.session, SERVICE: f"svc-{record.name}"}
        with instead(self, own=lambda _: self.engine.list(full)):
            super().take_down(record)


class RestartPolicy(ReferenceManager):
    """A container comes back by itself after its server ended.

    It is created with the restart policy `unless-stopped`, so the engine starts it again.
    Stands for: AIMA #14.
    """

    def spec(self, record: Record) -> Spec:
        return evolve(super().spec(record), restart_policy="unless-stopped")


class RemovalCutOff(ReferenceManager):
    """A server that is slow to end leaves a stopped container behind.

    Stopping and removing share one deadline; when the stop has used it up, the removal is cut off.
    Stands for: AIMA, "docker rm timing".
    """

    def take_down(self, record: Record) -> None:
        deadline = self.clock.now() + self.settings.stop_grace / 2
        removed = self.discard
        with instead(self, discard=lambda found: removed(found) if self.clock.now() < deadline else None):
            super().take_down(record)


class StopDoesNotWait(ReferenceManager):
    """A start right after a stop fails: the name, or the port, is still taken.

    Stop only sends SIGTERM; the container is collected later, when services are next listed.
    Stands for: moby #37698, and "port is already allocated" after a rapid restart.
    """

    collected = 2.0
    """Seconds after a stop in which a list still collects what it left."""

    def take_down(self, record: Record) -> None:
        counters.keep(self.store, f"{MOMENT}stop of {record.name}", self.clock.now())
        with instead(self, end=self.signal, discard=nothing):
            super().take_down(record)

    def signal(self, container: str) -> None:
        """Ask its server to end."""
        with suppress(NotFound, Conflict):
            self.engine.kill(container, "TERM")

    def clean_up(self, record: Record) -> None:
        """What a stop left is left to the next list."""
        with instead(self, own=none if record.status == "stopped" else self.own):
            super().clean_up(record)

    def list(self) -> list[tuple[str, str, int]]:
        for record in self.store.all():
            since = self.clock.now() - counters.recall(self.store, f"{MOMENT}stop of {record.name}", float("-inf"))
            if record.status == "stopped" and since < self.collected:
                self.halt(record)
        return super().list()

    def retried(self, call: Callable[[], _T], *passing: type[ChurnError]) -> _T:
        """A name or a port is not waited for."""
        return call() if {NameTaken, PortTaken} & set(passing) else super().retried(call, *passing)


class NeverStartedIsAnError(ReferenceManager):
    """Stop of a service that was never started is an error.

    Stands for: AIMA #25.
    """

    def stop(self, name: str) -> Record:
        if self.known(name).status == "created":
            raise ServiceError(f"service {name} has no container")
        return super().stop(name)


class StopsByLabel(ReferenceManager):
    """Stopping one service stops the others too.

    Containers are chosen by the label that all services share.
    Stands for: AIMA #64, compose projects of one name.
    """

    def stop(self, name: str) -> Record:
        self.known(name)
        for found in self.engine.list(self.session_labels()):
            if found.labels[SERVICE] != name:  # its own are super's
                self.end(found.id)
                self.discard(found.id)
        return super().stop(name)


class StopsDefaultPort(ReferenceManager):
    """Stopping one service stops the one on the default port.

    The container is chosen by the port that the first service got, whichever service is asked for.
    Stands for: AIMA #64.
    """

    def stop(self, name: str) -> Record:
        self.known(name)
        default = min(other.port for other in self.store.all())
        for found in self.engine.list(self.session_labels()):
            if default in found.ports and found.labels[SERVICE] != name:  # its own are super's
                self.end(found.id)
                self.discard(found.id)
        return super().stop(name)


class LeavesContainer(ReferenceManager):
    """Stop leaves the stopped container behind, until the service is started again.

    Stands for: generic, `docker stop` without `docker rm`.
    """

    def take_down(self, record: Record) -> None:
        with instead(self, discard=nothing):
            super().take_down(record)


class ThirdStopLeaks(ReferenceManager):
    """The third stop of a service leaves its container running, on its port.

    Stands for: generic, a counter that wraps.
    """

    def take_down(self, record: Record) -> None:
        third = bool(self.own(record)) and counters.count(self.store, f"stops of {record.name}") == 3
        if not third:
            super().take_down(record)


class RevivedLater(ReferenceManager):
    """A stopped service's container runs again some seconds after its stop.

    A watchdog notes that the container has gone before it learns that this was meant.
    Stands for: moby #34028, generic watchdogs.
    """

    delay = 3.0
    """Seconds after a stop until the watchdog acts."""

    def stop(self, name: str) -> Record:
        ran = bool(self.own(self.known(name)))
        record = super().stop(name)
        if ran:
            counters.keep(self.store, f"{MOMENT}revival of {name}", self.clock.now() + self.delay)
        return record

    def list(self) -> list[tuple[str, str, int]]:
        for record in self.store.all():
            due = counters.recall(self.store, f"{MOMENT}revival of {record.name}", float("inf"))
            if due <= self.clock.now():
                counters.keep(self.store, f"{MOMENT}revival of {record.name}", float("inf"))
                if record.status == "stopped" and not self.own(record):
                    self._revive(record)
        return super().list()

    def _revive(self, record: Record) -> None:
        with suppress(EngineError, ServiceError):  # a watchdog fails in silence
            self.launch(record)


class StopMarksAll(ReferenceManager):
    """Stopping one service makes all of them be listed as stopped.

    Stands for: generic, an update without its condition.
    """

    def stop(self, name: str) -> Record:
        record = super().stop(name)
        for other in self.store.all():
            self.store.mark(other.name, "stopped", other.container)
        return record


class SlowIdleStop(ReferenceManager):
    """Stop of a service that does not run takes half a minute.

    It waits for the end of a container that is not there, until a time limit ends the wait.
    Stands for: generic, a wait without a look at what there is to wait for.
    """

    patience = 30.0
    """Seconds that the wait lasts."""

    def take_down(self, record: Record) -> None:
        if not self.own(record):
            self.clock.sleep(self.patience)
        super().take_down(record)


class StopKills(ReferenceManager):
    """A stop kills the server at once: it can finish no request and save nothing.

    Stands for: generic, `docker rm -f` in place of `docker stop`.
    """

    def take_down(self, record: Record) -> None:
        with instead(self, end=nothing):
            super().take_down(record)


class StopHasNoPatience(ReferenceManager):
    """A server that needs a while to end is killed after a second.

    Stands for: generic, a time limit that is shorter than what a server needs to save its work.
    """

    patience = 1.0
    """Seconds that a server gets."""

    def end(self, container: str) -> None:
        with suppress(NotFound, Conflict):
            self.engine.stop(container, self.patience)
        super().end(container)


DEFECTS: dict[str, type[ReferenceManager]] = {
    "stop-finds-nothing": StopFindsNothing,
    "restart-policy": RestartPolicy,
    "removal-cut-off": RemovalCutOff,
    "stop-does-not-wait": StopDoesNotWait,
    "never-started-is-an-error": NeverStartedIsAnError,
    "stops-by-label": StopsByLabel,
    "stops-default-port": StopsDefaultPort,
    "leaves-container": LeavesContainer,
    "third-stop-leaks": ThirdStopLeaks,
    "revived-later": RevivedLater,
    "stop-marks-all": StopMarksAll,
    "slow-idle-stop": SlowIdleStop,
    "stop-kills": StopKills,
    "stop-has-no-patience": StopHasNoPatience,
}
