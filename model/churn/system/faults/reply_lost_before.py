"""A call that does not reach the engine."""

from attrs import define

from churn.system.faults.gate import Call, Lost, ReplyFault


@define
class ReplyLostBefore(ReplyFault):
    """The connection ends before the call has any effect.

    What may follow: any end of the manager's operation; a refused one leaves the service as after an operation that was cut off.
    """

    name = "reply-lost-before"

    def before(self, call: Call) -> Lost:
        """What becomes of it."""
        return Lost.CLOSED
