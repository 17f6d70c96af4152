"""An engine that fails."""

from attrs import define

from churn.system.faults.gate import Call, Refused, ReplyFault


@define
class ServerError(ReplyFault):
    """A call is answered with 500, and has no effect.

    What may follow: the manager's operation reports success, and then it must have done what it is for; or it reports an
    error, and then it may have done all of that, a part of it, or nothing.
    """

    name = "server-error"

    def before(self, call: Call) -> Refused:
        """The engine's answer."""
        return Refused(500, f"{call.verb}: the engine failed, as told")
