"""A call that does not reach the engine."""

from attrs import define

from churn.system.faults.gate import Call, Lost, ReplyFault


@define
class ReplyLostBefore(ReplyFault):
    """The connection ends before the call has any effect.

    What may follow: the manager's operation reports success, and then it must have done what it is for; or it reports an
    error, and then it may have done all of that, a part of it, or nothing.
    """

    name = "reply-lost-before"

    def before(self, call: Call) -> Lost:
        """What becomes of it."""
        return Lost.CLOSED
