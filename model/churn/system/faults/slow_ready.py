"""A server that takes long to be ready."""

from attrs import define

from churn.system.faults.gate import EngineHooks, Fault


@define
class SlowReady(Fault):
    """From its next start on, the container's server takes long until it answers, until the fault is healed.

    What may follow: what may follow the operation `set-behaviour` with `slow`.
    """

    name = "slow-ready"
    upsets = True
    container: str
    """The container, by its name or id."""
    seconds: float = 60.0
    """How long the server takes."""

    def begin(self, hooks: EngineHooks) -> None:
        """Do it."""
        hooks.instruct(self.container, f"slow={self.seconds:g}")

    def heal(self, hooks: EngineHooks) -> None:
        """Undo it."""
        hooks.instruct(self.container, "")
