"""A name that seems to be taken."""

from attrs import define

from churn.system.faults.gate import Call, Fault, Refused

_OTHER = "0" * 64


@define
class NameConflict(Fault):
    """A create is refused (409): another container has the name.

    What may follow: the manager's operation reports success, and then it must have done what it is for; or it reports an
    error, and then it may have done all of that, a part of it, or nothing.
    """

    name = "name-conflict"

    def concerns(self, call: Call) -> bool:
        """Whether it is for that call."""
        return call.verb == "create"

    def before(self, call: Call) -> Refused:
        """The engine's refusal."""
        return Refused(
            409, f'Conflict. The container name "/{call.reference}" is already in use by container "{_OTHER}".'
        )
