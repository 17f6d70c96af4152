"""An image that is gone."""

from attrs import define

from churn.system.faults.gate import Call, Fault, Refused


@define
class ImageGone(Fault):
    """A create is refused (404): there is no such image.

    What may follow: the manager's operation reports success, and then it must have done what it is for; or it reports an
    error, and then it may have done all of that, a part of it, or nothing.
    """

    name = "image-gone"

    def concerns(self, call: Call) -> bool:
        """Whether it is for that call."""
        return call.verb == "create"

    def before(self, call: Call) -> Refused:
        """The engine's refusal."""
        return Refused(404, "No such image: gone")
