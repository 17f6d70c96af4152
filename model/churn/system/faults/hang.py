"""An engine that does not answer."""

from attrs import define

from churn.system.faults.gate import Call, Lost, ReplyFault


@define
class Hang(ReplyFault):
    """The call waits, without effect, until the fault is healed or the client gives up.

    What may follow: any end of the manager's operation; a refused one leaves the service as after an operation that was cut off.
    """

    name = "hang"
    lasts_from_strike = True

    def before(self, call: Call) -> Lost:
        """What becomes of it."""
        return Lost.HANG
