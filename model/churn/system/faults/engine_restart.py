"""An engine that is restarted."""

from attrs import define

from churn.system.faults.gate import EngineHooks, Fault


@define
class EngineRestart(Fault):
    """The engine is restarted: for some time it does not answer.

    Its containers end meanwhile, and those with a restart policy are started again. With `live` they all run on.

    What may follow: the manager's operations meanwhile may report an error, and then they may have done all that they are for, a
    part of it, or nothing. What may follow for a service whose container ended is what may follow the operation `crash`.
    """

    name = "engine-restart"
    upsets = True
    milliseconds: float = 1000.0
    """How long the engine does not answer."""
    live: bool = False
    """Whether containers run on meanwhile."""

    def begin(self, hooks: EngineHooks) -> None:
        """Do it."""
        hooks.restart(live=self.live, seconds=self.milliseconds / 1000)
