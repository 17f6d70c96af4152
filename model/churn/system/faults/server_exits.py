"""A server that ends in error."""

from attrs import define

from churn.system.faults.gate import Fault, Ground


@define
class ServerExits(Fault):
    """The container's server ends with that exit code, now and after each start, until it is healed.

    What may follow: what the model says of such a server (`Behave`).
    """

    name = "server-exits"
    upsets = True
    container: str
    code: int = 1

    def begin(self, ground: Ground) -> None:
        """Do it."""
        ground.instruct(self.container, f"exit={self.code}")

    def heal(self, ground: Ground) -> None:
        """Undo it."""
        ground.instruct(self.container, "")
