"""A port that is still allocated."""

from attrs import define

from churn.system.faults.gate import Call, Fault, Refused


@define
class PortAllocated(Fault):
    """A start is refused (500): another container has the port.

    What may follow: any end of the manager's operation; a refused one leaves the service as after an operation that was cut off.
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
