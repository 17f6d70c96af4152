"""A removal that does not come to an end."""

from attrs import define

from churn.system.faults.gate import Call, Fault, Refused


@define
class RemovalInProgress(Fault):
    """A removal is refused (409), as if one were in progress already; none is.

    What may follow: the manager's operation reports success or an error, and either way it may have done all that it is for,
    a part of it, or nothing: the manager may have taken the container for gone.
    """

    name = "removal-in-progress"
    misleads = True

    def concerns(self, call: Call) -> bool:
        """Whether it is for that call."""
        return call.verb == "remove"

    def before(self, call: Call) -> Refused:
        """The engine's refusal."""
        return Refused(409, f"removal of container {call.reference} is already in progress")
