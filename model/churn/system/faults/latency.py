"""An engine whose replies come late."""

from attrs import define

from churn.system.faults.gate import MILLI, Call, Late, ReplyFault


@define
class Latency(ReplyFault):
    """The call has its effect, and its reply comes so many milliseconds later.

    With a `container`, only calls that name it by that name or id. What may follow: what follows without it, only later. A
    delay of the manager's grace or more counts as a lost reply: the manager may have given up on it.
    """

    name = "latency"
    lasts_from_strike = True
    only_delays = True
    milliseconds: float = 1000.0
    container: str = ""

    def concerns(self, call: Call) -> bool:
        """Whether it is for that call."""
        return self.container in ("", call.reference) and super().concerns(call)

    def after(self, call: Call) -> Late:
        """What becomes of its reply."""
        return Late(self.milliseconds / MILLI)
