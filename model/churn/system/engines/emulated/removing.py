"""How a container of an emulated engine is removed: it is gone some milliseconds later, its name last."""

from attrs import define, field

from churn.system.engines.emulated.agenda import Agenda
from churn.system.engines.emulated.container import EmulatedContainer, Timing
from churn.system.engines.emulated.journal import Journal
from churn.system.engines.emulated.register import Register
from churn.system.engines.emulated.resources import Resources

GONE, FREE_NAME = "gone", "free name"
"""What is due of a container that is being removed."""


@define(eq=False, kw_only=True)
class Remover:
    """Removes containers that have ended."""

    timing: Timing
    agenda: Agenda
    journal: Journal
    register: Register
    resources: Resources
    unremovable: set[str] = field(factory=set)
    """Ids whose removal fails half-way and leaves them `dead`."""

    def begin(self, container: EmulatedContainer, due: float) -> None:
        """Begin its removal."""
        container.removing, container.takes_volumes = True, container.takes_volumes or container.auto_remove
        container.become("removing")
        container.life += 1
        self.agenda.plan(self.timing.remove, GONE, container, due)

    def go(self, container: EmulatedContainer, due: float) -> None:
        """Let it be gone, and its nameless volumes, as far as they go with it."""
        if container.id in self.unremovable:
            container.removing = False
            container.become("dead")
            return
        del self.register.containers[container.id]
        for mount in container.mounted if container.takes_volumes else ():
            if mount.nameless:
                self.resources.discard_volume(mount.source)
        self.journal.tell(container, "destroy")
        self.agenda.plan(self.timing.free_name, FREE_NAME, container, due)
