"""An engine whose replies come late."""

from attrs import define

from churn.system.faults.gate import MILLI, Call, Late, ReplyFault


@define
class Latency(ReplyFault):
    """The call has its effect, and its reply comes later.

    What may follow: what may follow without a fault, only later. If replies come later by the contract's `grace` or more, the
    manager may have given up waiting; then what may follow is what may follow `reply-lost-after`.
    """

    name = "latency"
    lasts_from_strike = True
    only_delays = True
    milliseconds: float = 1000.0
    """How much later the reply comes."""
    container: str = ""
    """The only container whose calls it strikes, as the call names it: by name or id; empty: every container."""

    def concerns(self, call: Call) -> bool:
        """Whether it is for that call."""
        return self.container in ("", call.reference) and super().concerns(call)

    def after(self, call: Call) -> Late:
        """What becomes of its reply."""
        return Late(self.milliseconds / MILLI)
