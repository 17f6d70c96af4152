"""A reply that does not reach the client."""

from attrs import define

from churn.system.faults.gate import Call, Lost, ReplyFault


@define
class ReplyLostAfter(ReplyFault):
    """The call has its effect, then the connection ends.

    What may follow: the manager's operation reports success, and then it must have done what it is for; or it reports an
    error, and then it may have done all of that, a part of it, or nothing.
    """

    name = "reply-lost-after"

    def after(self, call: Call) -> Lost:
        """What becomes of it."""
        return Lost.CLOSED
