"""A container that runs out of memory."""

from attrs import define

from churn.system.faults.gate import EngineHooks, Fault


@define
class OomKill(Fault):
    """The kernel kills the container's process, as if it had used too much memory. The exit code is 137, and the engine says why.

    What may follow: what may follow the operation `crash`.
    """

    name = "oom-kill"
    upsets = True
    container: str
    """The container, by its name or id."""

    def begin(self, hooks: EngineHooks) -> None:
        """Do it."""
        hooks.end(self.container, 137, oom=True)
