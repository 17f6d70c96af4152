"""Managers whose services have volumes, and that lose or leave them."""

from contextlib import suppress

from attrs import evolve

from churn.errors import NotFound
from churn.lifecycle.observation import Resource, ResourceKind
from churn.system.managers.reference.contract import kept_volume
from churn.system.managers.reference.manager import ReferenceManager
from churn.system.managers.reference.store import Record
from churn.system.protocols import Mount, Spec

_DATA, _CACHE = "/models", "/model"


class KeepsData(ReferenceManager):
    """Each service has a volume that outlives its containers. This alone is no defect."""

    def spec(self, record: Record) -> Spec:
        plain = super().spec(record)
        return evolve(plain, mounts=(*plain.mounts, Mount(self.volume(record), _DATA, read_only=False)))

    def volume(self, record: Record) -> str:
        """The name of the service's volume."""
        return kept_volume(self.settings, record.name)

    def launch(self, record: Record) -> str:
        self.engine.create_volume(self.volume(record), self.settings.labels)
        return super().launch(record)


class DataLost(KeepsData):
    """What a service has written is gone after a stop.

    Its volume is removed together with its container.
    Stands for: generic, `docker compose down -v` in place of `docker compose down`.
    """

    def take_down(self, record: Record) -> None:
        super().take_down(record)
        with suppress(NotFound):
            self.engine.remove_resource(Resource(ResourceKind.VOLUME, self.volume(record)))


class LeaksNamelessVolume(ReferenceManager):
    """Each start that fails leaves one more volume without a name.

    Stands for: generic, `docker rm` without `-v` of an image that declares a volume.
    """

    def spec(self, record: Record) -> Spec:
        plain = super().spec(record)
        return evolve(plain, mounts=(*plain.mounts, Mount("", _CACHE, read_only=False)))

    def withdraw(self, record: Record) -> None:
        for found in self.own(record):
            self.end(found.id)
            with suppress(NotFound):
                self.engine.remove(found.id, force=True)
        super().withdraw(record)


DEFECTS: dict[str, type[ReferenceManager]] = {
    "data-lost": DataLost,
    "leaks-nameless-volume": LeaksNamelessVolume,
}
