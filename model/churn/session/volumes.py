"""Volumes that the manager's containers mount: which of them came with this run, and whether what is put there stays there."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from attrs import define, field

from churn.errors import EngineError, NotFound
from churn.lifecycle.observation import Resource, ResourceKind, is_nameless
from churn.lifecycle.patterns import fits
from churn.system.protocols import Engine, MountedVolume

MARK = ".churn-kept"
"""The file that Churn puts into a volume that has to be kept."""


@define(eq=False)
class Volumes:
    """What is remembered of volumes. `kept` are patterns of the names of those that outlive a stop.

    Only a volume that was not there before the run counts: others are somebody else's, and nothing is put into them. All that
    changes is replaced: a shallow copy is a snapshot.
    """

    _engine: Engine
    _kept: tuple[str, ...]
    mounted: frozenset[str] = frozenset()
    """Those that containers of this sequence mounted."""
    _marks: Mapping[tuple[str, str], bytes] = field(factory=dict)
    """What was put into the volume of a service, by where it mounts it."""
    _others: frozenset[str] | None = None

    def begin(self) -> None:
        """A new sequence begins."""
        if self._others is None:
            volumes = (one for one in self._engine.resources() if one.kind is ResourceKind.VOLUME)
            self._others = frozenset(one.name for one in volumes)
        self.mounted, self._marks = frozenset(), {}

    def forget(self, service: str) -> None:
        """The service is made anew: what was put into its volumes need not be there."""
        self._marks = {key: mark for key, mark in self._marks.items() if key[0] != service}

    def look(self, container: str, service: str | None, volumes: Iterable[MountedVolume]) -> tuple[str, ...]:
        """The container is seen for the first time. Where it mounts volumes from which is gone what was put there."""
        own = [one for one in volumes if one.name not in (self._others or ())]
        if not own:
            return ()
        self.mounted |= {one.name for one in own}
        if service is None:
            return ()
        return tuple([one.target for one in own if self._is_kept(one) and self._is_empty(container, service, one)])

    def _is_kept(self, volume: MountedVolume) -> bool:
        if volume.nameless or volume.read_only:
            return False
        return any(fits(pattern, volume.name) for pattern in self._kept)

    def _is_empty(self, container: str, service: str, volume: MountedVolume) -> bool:
        """Whether what was put there is gone. It is put there again."""
        key, path = (service, volume.target), f"{volume.target.rstrip('/')}/{MARK}"
        before = self._marks.get(key)
        if before is not None and self._engine.get_file(container, path) == before:
            return False
        mark = f"of {service}\n".encode()
        try:
            self._engine.put_file(container, path, mark)
        except NotFound:
            raise
        except EngineError:  # not every volume can be written to
            return before is not None
        self._marks = {**self._marks, key: mark}
        return before is not None

    def remove(self, *, alone: bool) -> None:
        """Remove what is left of this sequence's volumes without a name, unless somebody uses them.

        They were made for containers of the manager's. `alone`: nobody else uses the engine, so this holds of those, too, whose
        container nobody saw.
        """
        found = self._engine.resources() if alone and self._others is not None else ()
        unseen = {one.name for one in found if one.nameless and one.name not in (self._others or ())}
        for name in unseen | {one for one in self.mounted if is_nameless(one)}:
            with suppress(EngineError):
                self._engine.remove_resource(Resource(ResourceKind.VOLUME, name))
