"""A server that ends in error."""

from attrs import define

from churn.system.faults.gate import EngineHooks, Fault


@define
class ServerExits(Fault):
    """The container's server ends by itself, now and after each start, until the fault is healed.

    What may follow: what may follow the operation `set-behaviour` with `crash`.
    """

    name = "server-exits"
    upsets = True
    container: str
    """The container, by its name or id."""
    code: int = 1
    """The exit code."""

    def begin(self, hooks: EngineHooks) -> None:
        """Do it."""
        hooks.instruct(self.container, f"exit={self.code}")

    def heal(self, hooks: EngineHooks) -> None:
        """Undo it."""
        hooks.instruct(self.container, "")
