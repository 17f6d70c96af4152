"""An image that is gone."""

from attrs import define

from churn.system.faults.gate import Call, Fault, Refused


@define
class ImageGone(Fault):
    """A create is refused (404): there is no such image.

    What may follow: any end of the manager's operation; a refused one leaves the service as after an operation that was cut off.
    """

    name = "image-gone"

    def concerns(self, call: Call) -> bool:
        """Whether it is for that call."""
        return call.verb == "create"

    def before(self, call: Call) -> Refused:
        """The engine's refusal."""
        return Refused(404, "No such image: gone")
