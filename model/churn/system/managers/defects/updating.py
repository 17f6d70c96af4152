"""Updates that are forgotten, or come too soon."""

from attrs import evolve

from churn.lifecycle.form import Setting
from churn.system.managers.reference.manager import ReferenceManager
from churn.system.managers.reference.store import Record
from churn.system.protocols import Spec


class UpdateKeepsImage(ReferenceManager):
    """After an update of its image a service that was stopped is started from the old image.

    Only the first start looks for the image again; later ones take what was found then.
    Stands for: generic, `docker compose start` in place of `docker compose up` after a pull.
    """

    def spec(self, record: Record) -> Spec:
        made = super().spec(record)
        return evolve(made, image=self.settings.image) if record.status == "stopped" else made


class UpdateAtOnce(ReferenceManager):
    """An update of a running service replaces its container at once, though it is promised for the next start.

    Stands for: generic, `docker service update` and `kubectl set image`, which users take for a note.
    """

    def update(self, name: str, setting: Setting, value: str) -> None:
        super().update(name, setting, value)
        if self.runs(self.known(name)):
            self.restart(name)


DEFECTS: dict[str, type[ReferenceManager]] = {
    "update-keeps-image": UpdateKeepsImage,
    "update-at-once": UpdateAtOnce,
}
