"""A removal that does not come to an end."""

from attrs import define

from churn.system.engines.faults.gate import Call, Fault, Refused


@define
class RemovalInProgress(Fault):
    """A removal is refused (409): it is in progress already.

    What may follow: any end of the manager's operation; a refused one leaves the service as after an operation that was cut off.
    """

    name = "removal-in-progress"

    def concerns(self, call: Call) -> bool:
        """Whether it is for that call."""
        return call.verb == "remove"

    def before(self, call: Call) -> Refused:
        """The engine's refusal."""
        return Refused(409, f"removal of container {call.reference} is already in progress")
