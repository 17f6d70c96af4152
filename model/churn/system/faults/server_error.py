"""An engine that fails."""

from attrs import define

from churn.system.faults.gate import Call, Refused, ReplyFault


@define
class ServerError(ReplyFault):
    """A call is answered with 500, and has no effect.

    What may follow: any end of the manager's operation; a refused one leaves the service as after an operation that was cut off.
    """

    name = "server-error"

    def before(self, call: Call) -> Refused:
        """The engine's answer."""
        return Refused(500, f"{call.verb}: the engine failed, as told")
