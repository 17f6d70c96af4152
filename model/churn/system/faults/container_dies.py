"""A container that ends by itself."""

from attrs import define

from churn.system.faults.gate import EngineHooks, Fault


@define
class ContainerDies(Fault):
    """The container's process ends once, by itself. If the container has a restart policy, the engine follows it.

    What may follow: what may follow the operation `crash`.
    """

    name = "container-dies"
    upsets = True
    container: str
    """The container, by its name or id."""
    code: int = 1
    """The exit code."""

    def begin(self, hooks: EngineHooks) -> None:
        """Do it."""
        hooks.end(self.container, self.code)
