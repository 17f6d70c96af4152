"""An engine that is restarted."""

from attrs import define

from churn.system.faults.gate import EngineHooks, Fault


@define
class EngineRestart(Fault):
    """It does not answer for so many milliseconds; without `live` its containers end, and those with a policy come back.

    What may follow: any end of the manager's operations meanwhile; services whose containers ended are as after a crash.
    """

    name = "engine-restart"
    upsets = True
    milliseconds: float = 1000.0
    live: bool = False

    def begin(self, hooks: EngineHooks) -> None:
        """Do it."""
        hooks.restart(live=self.live, seconds=self.milliseconds / 1000)
