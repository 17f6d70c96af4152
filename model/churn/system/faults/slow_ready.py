"""A server that takes long to be ready."""

from attrs import define

from churn.system.faults.gate import Fault, Ground


@define
class SlowReady(Fault):
    """From its next start on the container's server answers only after so many seconds, until it is healed.

    What may follow: what the model says of such a server (`Behave`).
    """

    name = "slow-ready"
    upsets = True
    container: str
    seconds: float = 60.0

    def begin(self, ground: Ground) -> None:
        """Do it."""
        ground.instruct(self.container, f"slow={self.seconds:g}")

    def heal(self, ground: Ground) -> None:
        """Undo it."""
        ground.instruct(self.container, "")
