"""A GPU driver that is gone."""

from attrs import define

from churn.system.faults.gate import Call, Fault, Refused


@define
class MissingGpuDriver(Fault):
    """A start is refused (500): the device driver is not there.

    What may follow: any end of the manager's operation; a refused one leaves the service as after an operation that was cut off.
    """

    name = "missing-gpu-driver"

    def concerns(self, call: Call) -> bool:
        """Whether it is for that call."""
        return call.verb == "start"

    def before(self, call: Call) -> Refused:
        """The engine's refusal."""
        return Refused(500, 'could not select device driver "" with capabilities: [[gpu]]')
