"""The direct face of the emulated engine: the `Engine` protocol as plain calls, which wait as a real engine's would."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from attrs import evolve

from churn.errors import NotFound
from churn.lifecycle.observation import Event, Resource, ResourceKind
from churn.system.engines.emulated import calls, contents
from churn.system.engines.emulated.calls import settle
from churn.system.engines.emulated.container import EmulatedContainer, places_of
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.files import File
from churn.system.protocols import Inspected, ListedContainer, Spec, carries
from churn.system.refusals import refusal
from churn.system.rewinding import Numbers


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
        unread = tuple(
            [(numbers(one.container), one.action, one.signal) for one in self.core.journal.events[self._read :]]
        )
        return self.core.key(numbers), unread

    def identity(self) -> str:
        """The core's seed stands for the engine's id; that it was restarted shows."""
        self.core.advance()
        return (
            f"emulated-{self.core.identities.seed}{f', restarted {self.core.boots} time(s)' if self.core.boots else ''}"
        )

    def create(self, spec: Spec) -> str:
        """As `Engine.create`."""
        volumes = any(not mount.source.startswith("/") for mount in spec.mounts)
        if volumes and any(mount.read_only and not mount.source for mount in spec.mounts):
            raise refusal(400, f'invalid mount config for type "volume": {contents.NEVER_WRITTEN}')
        return settle(self.core, calls.create(self.core, spec, self._with_volumes if volumes else None)).id

    def _with_volumes(self, container: EmulatedContainer) -> None:
        """Its volumes are made where they are not there; one without a name gets one."""
        core = self.core
        container.mounted = tuple(
            evolve(place, source=core.identities.new(), nameless=True) if not place.source else place
            for place in places_of(container)
        )
        for place in container.mounted:
            if place.kind == "volume":
                core.resources.add_volume(place.source, {})

    def start(self, reference: str) -> None:
        """As `Engine.start`; the container runs, and holds its ports, from the end of the call on."""
        settle(self.core, calls.start(self.core, reference))

    def stop(self, reference: str, grace: float = 10.0) -> None:
        """As `Engine.stop`."""
        settle(self.core, calls.stop(self.core, reference, grace))

    def kill(self, reference: str, signal: str = "KILL") -> None:
        """As `Engine.kill`; like the real one it waits for the end of a container that gets SIGKILL."""
        settle(self.core, calls.kill(self.core, reference, signal))

    def remove(self, reference: str, *, force: bool = False, volumes: bool = False) -> None:
        """As `Engine.remove`; returns when the container has left the list and its name is free."""
        settle(self.core, calls.remove(self.core, reference, force=force, volumes=volumes))

    def list(self, labels: Mapping[str, str] | None = None) -> tuple[ListedContainer, ...]:
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

    def put_file(self, reference: str, path: str, content: bytes) -> None:
        """As `Engine.put_file`."""
        container = self.core.find(reference)
        rest = contents.put(self.core.resources, container, {path: File(content)})
        container.files = {**container.files, **rest} if rest else container.files

    def get_file(self, reference: str, path: str) -> bytes | None:
        """As `Engine.get_file`."""
        container = self.core.find(reference)
        found = {**container.files, **contents.tree_of(self.core.resources, container)}.get(path)
        return None if found is None else found.content

    def events(self) -> tuple[Event, ...]:
        """As `Engine.events`."""
        self.core.advance()
        new = self.core.journal.events[self._read :]
        self._read += len(new)
        return tuple(new)

    def mark(self) -> int:
        """The newest event's place: here asking costs nothing."""
        return len(self.core.journal.events)

    def resources(self, labels: Mapping[str, str] | None = None, volumes: Collection[str] = ()) -> frozenset[Resource]:
        """As `Engine.resources`."""
        core, wanted = self.core, labels or {}
        found = [
            _resource(kind, name)
            for kind, store in (
                (ResourceKind.VOLUME, core.resources.volumes),
                (ResourceKind.NETWORK, core.resources.networks),
                (ResourceKind.IMAGE, core.images),
            )
            for name, thing in store.items()
            if not wanted or carries(thing.labels, wanted) or (kind is ResourceKind.VOLUME and name in volumes)
        ]
        return frozenset(found)

    def remove_resource(self, resource: Resource) -> None:
        """As `Engine.remove_resource`."""
        core, name = self.core, resource.name
        if resource.kind is ResourceKind.IMAGE:
            core.find_image(name)
            core.images.pop(name, None)
            return
        is_volume = resource.kind is ResourceKind.VOLUME
        if is_volume:
            core.resources.contents.pop(name, None)
        store = core.resources.volumes if is_volume else core.resources.networks
        if store.pop(name, None) is None:
            raise NotFound(404, f"No such {resource.kind.value}: {name}")

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """As `Engine.create_volume`."""
        self.core.advance()
        self.core.resources.add_volume(name, labels)

    def create_network(self, name: str, labels: Mapping[str, str]) -> None:
        """As `Engine.create_network`."""
        self.core.advance()
        self.core.resources.add_network(name, labels)


@lru_cache(maxsize=1024)
def _resource(kind: ResourceKind, name: str) -> Resource:
    """One value for each for ever: they are asked for at every look, and most stay as they are."""
    return Resource(kind, name)
