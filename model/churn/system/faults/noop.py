"""The fault that is none."""

from attrs import define

from churn.system.faults.gate import Fault


@define
class Noop(Fault):
    """Nothing happens.

    What may follow: what may follow without a fault.
    """

    name = "noop"
