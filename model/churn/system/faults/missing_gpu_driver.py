"""A GPU driver that is gone."""

from attrs import define

from churn.system.faults.gate import Call, Fault, Refused


@define
class MissingGpuDriver(Fault):
    """A start is refused (500): the device driver is not there.

    What may follow: the manager's operation reports success, and then it must have done what it is for; or it reports an
    error, and then it may have done all of that, a part of it, or nothing.
    """

    name = "missing-gpu-driver"

    def concerns(self, call: Call) -> bool:
        """Whether it is for that call."""
        return call.verb == "start"

    def before(self, call: Call) -> Refused:
        """The engine's refusal."""
        return Refused(500, 'could not select device driver "" with capabilities: [[gpu]]')
