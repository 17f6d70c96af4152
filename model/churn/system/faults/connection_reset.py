"""A connection that is reset."""

from attrs import define

from churn.system.faults.gate import Call, Lost, ReplyFault


@define
class ConnectionReset(ReplyFault):
    """The connection is reset before the call has any effect.

    What may follow: any end of the manager's operation; a refused one leaves the service as after an operation that was cut off.
    """

    name = "connection-reset"

    def before(self, call: Call) -> Lost:
        """What becomes of it."""
        return Lost.RESET
