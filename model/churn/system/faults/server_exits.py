"""A server that ends in error."""

from attrs import define

from churn.system.faults.gate import EngineHooks, Fault


@define
class ServerExits(Fault):
    """The container's server ends with that exit code, now and after each start, until it is healed.

    What may follow: what the model says of such a server (`SetBehaviour`).
    """

    name = "server-exits"
    upsets = True
    container: str
    code: int = 1

    def begin(self, hooks: EngineHooks) -> None:
        """Do it."""
        hooks.instruct(self.container, f"exit={self.code}")

    def heal(self, hooks: EngineHooks) -> None:
        """Undo it."""
        hooks.instruct(self.container, "")
