"""A container that runs out of memory."""

from attrs import define

from churn.system.faults.gate import EngineHooks, Fault


@define
class OomKill(Fault):
    """The kernel kills the container's process (137), and the engine says why.

    What may follow: what the model says of a server that crashed (`Crash`).
    """

    name = "oom-kill"
    upsets = True
    container: str

    def begin(self, hooks: EngineHooks) -> None:
        """Do it."""
        hooks.end(self.container, 137, oom=True)
