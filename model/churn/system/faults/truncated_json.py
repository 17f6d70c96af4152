"""A reply that breaks off."""

from attrs import define

from churn.system.faults.gate import Call, Lost, ReplyFault


@define
class TruncatedJson(ReplyFault):
    """The call has its effect, and its reply ends in the middle.

    What may follow: any end of the manager's operation; a refused one leaves the service as after an operation that was cut off.
    """

    name = "truncated-json"

    def after(self, call: Call) -> Lost:
        """What becomes of it."""
        return Lost.TRUNCATED
