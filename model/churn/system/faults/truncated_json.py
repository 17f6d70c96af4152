"""A reply that breaks off."""

from attrs import define

from churn.system.faults.gate import Call, Lost, ReplyFault


@define
class TruncatedJson(ReplyFault):
    """The call has its effect, and its reply ends in the middle.

    What may follow: the manager's operation reports success, and then it must have done what it is for; or it reports an
    error, and then it may have done all of that, a part of it, or nothing.
    """

    name = "truncated-json"

    def after(self, call: Call) -> Lost:
        """What becomes of it."""
        return Lost.TRUNCATED
