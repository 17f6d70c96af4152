"""A removal that does not come to an end."""

from attrs import define

from churn.system.faults.gate import Call, Fault, Refused


@define
class RemovalInProgress(Fault):
    """A removal is refused (409), as if one were in progress already; none is.

    What may follow: any end of the manager's operation, a success too, for it may take the container for gone: the service is
    as after an operation that was cut off.
    """

    name = "removal-in-progress"
    misleads = True

    def concerns(self, call: Call) -> bool:
        """Whether it is for that call."""
        return call.verb == "remove"

    def before(self, call: Call) -> Refused:
        """The engine's refusal."""
        return Refused(409, f"removal of container {call.reference} is already in progress")
