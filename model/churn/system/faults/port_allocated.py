"""A port that is still allocated."""

from attrs import define

from churn.system.faults.gate import Call, Fault, Refused


@define
class PortAllocated(Fault):
    """A start is refused (500): another container has the port.

    What may follow: the manager's operation reports success, and then it must have done what it is for; or it reports an
    error, and then it may have done all of that, a part of it, or nothing.
    """

    name = "port-allocated"

    def concerns(self, call: Call) -> bool:
        """Whether it is for that call."""
        return call.verb == "start"

    def before(self, call: Call) -> Refused:
        """The engine's refusal."""
        return Refused(
            500,
            "driver failed programming external connectivity on endpoint: Bind for 0.0.0.0 failed: port is already allocated",
        )
