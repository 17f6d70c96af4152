"""An engine that does not answer."""

from attrs import define

from churn.system.faults.gate import Call, Lost, ReplyFault


@define
class Hang(ReplyFault):
    """The call waits, without effect, until the fault is healed or the client gives up.

    What may follow: the manager's operation reports success, and then it must have done what it is for; or it reports an
    error, and then it may have done all of that, a part of it, or nothing.
    """

    name = "hang"
    lasts_from_strike = True

    def before(self, call: Call) -> Lost:
        """What becomes of it."""
        return Lost.HANG
