"""A server that ignores SIGTERM."""

from attrs import define

from churn.system.faults.gate import EngineHooks, Fault


@define
class SigtermIgnored(Fault):
    """The container's server ignores SIGTERM, so that only SIGKILL ends it, until the fault is healed.

    What may follow: what may follow the operation `set-behaviour` with `ignore-sigterm`.
    """

    name = "sigterm-ignored"
    upsets = True
    container: str
    """The container, by its name or id."""

    def begin(self, hooks: EngineHooks) -> None:
        """Do it."""
        hooks.instruct(self.container, "ignore-sigterm")

    def heal(self, hooks: EngineHooks) -> None:
        """Undo it."""
        hooks.instruct(self.container, "")
