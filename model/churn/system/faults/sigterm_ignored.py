"""A server that ignores SIGTERM."""

from attrs import define

from churn.system.faults.gate import EngineHooks, Fault


@define
class SigtermIgnored(Fault):
    """The container's server ends by SIGKILL only, until it is healed.

    What may follow: what the model says of such a server (`SetBehaviour`).
    """

    name = "sigterm-ignored"
    upsets = True
    container: str

    def begin(self, hooks: EngineHooks) -> None:
        """Do it."""
        hooks.instruct(self.container, "ignore-sigterm")

    def heal(self, hooks: EngineHooks) -> None:
        """Undo it."""
        hooks.instruct(self.container, "")
