"""The direct face of the emulated engine: the `Engine` protocol as plain calls, which wait as a real engine's would."""

from collections.abc import Mapping
from typing import Any

from churn.errors import NotFound
from churn.lifecycle.observation import Event
from churn.system.engines.emulated.core import KILL, Core
from churn.system.engines.refusals import refusal
from churn.system.protocols import Inspected, Listed, Numbers, Spec, carries


class EmulatedEngine:
    """An `Engine` over a `Core`. Several may share one; each has its own place in the events."""

    name = "emulated"
    cli = False

    def __init__(self, core: Core) -> None:
        self.core = core
        self._read = 0

    def snapshot(self) -> tuple[Any, ...]:
        """As `Rewindable.snapshot`, the core with it."""
        return self._read, self.core.snapshot()

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """As `Rewindable.restore`, the core with it."""
        self._read, core = snapshot
        self.core.restore(core)

    def key(self, numbers: Numbers) -> object:
        """As `Keyed.key`, the core with it."""
        unread = tuple([(numbers(identity), action) for identity, action in self.core.events[self._read :]])
        return self.core.key(numbers), unread

    def identity(self) -> str:
        """The core's seed stands for the engine's id."""
        self.core.advance()
        return f"emulated-{self.core.seed}"

    def create(self, spec: Spec) -> str:
        """As `Engine.create`."""
        identity = self.core.create(spec).id
        self.core.clock.sleep(self.core.timing.create)
        return identity

    def start(self, reference: str) -> None:
        """As `Engine.start`; the container runs, and holds its ports, from the end of the call on."""
        if not self.core.find(reference).alive:
            self.core.clock.sleep(self.core.timing.start)
        self.core.start(reference)

    def stop(self, reference: str, grace: float = 10.0) -> None:
        """As `Engine.stop`."""
        container = self.core.find(reference)
        if container.state == "restarting":
            container.stopped_by_hand = True
            container.life += 1
            container.state, container.listed = "exited", None
        if not container.alive:
            return
        self.core.signal(container.id, "TERM")
        if not self.core.await_state(lambda: not container.alive, grace):
            self.core.signal(container.id, "KILL")
            self.core.await_state(lambda: not container.alive)

    def kill(self, reference: str, signal: str = "KILL") -> None:
        """As `Engine.kill`; like the real one it waits for the end of a container that gets SIGKILL."""
        container = self.core.find(reference)
        self.core.signal(reference, signal)
        if signal in KILL:
            self.core.await_state(lambda: not container.alive)

    def remove(self, reference: str, *, force: bool = False) -> None:
        """As `Engine.remove`; returns when the container has left the list and its name is free."""
        container = self.core.find(reference)
        self.core.remove(reference, force=force)
        self.core.await_state(lambda: container.id not in self.core.containers or container.state == "dead")
        if container.state == "dead":
            raise refusal(500, f"container {container.id}: driver failed to remove root filesystem")
        self.core.clock.sleep(self.core.timing.free_name)

    def list(self, labels: Mapping[str, str] | None = None) -> tuple[Listed, ...]:
        """As `Engine.list`."""
        self.core.advance()
        if not labels:
            return tuple([found.listed or found.summary() for found in self.core.containers.values()])
        rows = (found.listed or found.summary() for found in self.core.containers.values())
        return tuple([row for row in rows if carries(row.labels, labels)])

    def inspect(self, reference: str) -> Inspected:
        """As `Engine.inspect`."""
        return self.core.find(reference).detail()

    def changes(self, reference: str) -> tuple[str, ...]:
        """As `Engine.changes`."""
        return self.core.find(reference).layer

    def events(self) -> tuple[Event, ...]:
        """As `Engine.events`."""
        self.core.advance()
        new = self.core.events[self._read :]
        first = self._read + 1
        self._read += len(new)
        return tuple(Event(first + place, *event) for place, event in enumerate(new))

    def mark(self) -> int:
        """The newest event's place: here asking costs nothing."""
        return len(self.core.events)

    def resources(self, labels: Mapping[str, str] | None = None) -> frozenset[str]:
        """As `Engine.resources`; images have no labels here."""
        core, wanted = self.core, labels or {}
        named = [("volume", core.volumes), ("network", core.networks)]
        found = [f"{kind} {name}" for kind, store in named for name, marks in store.items() if carries(marks, wanted)]
        return frozenset(found if wanted else (*found, *(f"image {name}" for name in core.images)))

    def remove_resource(self, resource: str) -> None:
        """As `Engine.remove_resource`."""
        kind, _, name = resource.partition(" ")
        if kind == "image":
            if name not in self.core.images:
                raise refusal(404, f"No such image: {name}")
            self.core.images.remove(name)
            return
        store = {"volume": self.core.volumes, "network": self.core.networks}[kind]
        if store.pop(name, None) is None:
            raise NotFound(404, f"No such {kind}: {name}")

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """As `Engine.create_volume`."""
        self.core.volumes.setdefault(name, labels)

    def create_network(self, name: str, labels: Mapping[str, str]) -> None:
        """As `Engine.create_network`."""
        if name in self.core.networks:
            raise refusal(409, f"network with name {name} already exists")
        self.core.networks[name] = labels
