"""A server that takes long to be ready."""

from attrs import define

from churn.system.faults.gate import EngineHooks, Fault


@define
class SlowReady(Fault):
    """From its next start on the container's server answers only after so many seconds, until it is healed.

    What may follow: what the model says of such a server (`SetBehaviour`).
    """

    name = "slow-ready"
    upsets = True
    container: str
    seconds: float = 60.0

    def begin(self, hooks: EngineHooks) -> None:
        """Do it."""
        hooks.instruct(self.container, f"slow={self.seconds:g}")

    def heal(self, hooks: EngineHooks) -> None:
        """Undo it."""
        hooks.instruct(self.container, "")
