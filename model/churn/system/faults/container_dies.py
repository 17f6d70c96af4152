"""A container that ends by itself."""

from attrs import define

from churn.system.faults.gate import EngineHooks, Fault


@define
class ContainerDies(Fault):
    """The container's process ends once with that exit code; a restart policy would act.

    What may follow: what the model says of a server that crashed (`Crash`).
    """

    name = "container-dies"
    upsets = True
    container: str
    code: int = 1

    def begin(self, hooks: EngineHooks) -> None:
        """Do it."""
        hooks.end(self.container, self.code)
