"""What a manager does wrong when its daemon is started again."""

from contextlib import suppress

from attrs import evolve

from churn.errors import EngineError
from churn.system.managers.reference.manager import ReferenceManager


class WakingForgets(ReferenceManager):
    """When the manager's daemon was restarted, services that do not run are not known any more.

    It asks the engine what there is, and keeps what it finds containers of.
    Stands for: generic, a memory that is rebuilt from what runs.
    """

    def wake(self) -> None:
        super().wake()
        for record in self.store.all():
            if not self.own(record):
                self.store.drop(record.name)


class WakingDoubles(ReferenceManager):
    """When the manager's daemon was restarted, each running service has a second container, which does not run.

    It starts what ran before, without a look at whether it runs still; the new container cannot have the port.
    Stands for: generic, a restore that takes every restart for a reboot.
    """

    def wake(self) -> None:
        super().wake()
        for record in self.store.all():
            if self.runs(record):
                spec = self.spec(record)
                with suppress(EngineError):
                    self.engine.start(self.engine.create(evolve(spec, name=f"{spec.name}-again")))


DEFECTS: dict[str, type[ReferenceManager]] = {
    "waking-forgets": WakingForgets,
    "waking-doubles": WakingDoubles,
}
