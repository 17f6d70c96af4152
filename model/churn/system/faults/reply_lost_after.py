"""A reply that does not reach the client."""

from attrs import define

from churn.system.faults.gate import Call, Lost, ReplyFault


@define
class ReplyLostAfter(ReplyFault):
    """The call has its effect, then the connection ends.

    What may follow: any end of the manager's operation; a refused one leaves the service as after an operation that was cut off.
    """

    name = "reply-lost-after"

    def after(self, call: Call) -> Lost:
        """What becomes of it."""
        return Lost.CLOSED
