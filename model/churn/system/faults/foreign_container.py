"""Somebody else's container."""

from attrs import define, field

from churn.system.faults.gate import Fault, Ground


@define
class ForeignContainer(Fault):
    """A container that is nobody's here takes a name, or a port, until it is healed.

    What may follow: a start that needs the name or port is refused (`HoldPort`).
    """

    name = "foreign-container"
    upsets = True
    container: str = ""
    """The name that it takes; empty: one that nobody wants."""
    port: int = 0
    made: str = field(default="", init=False)

    def begin(self, ground: Ground) -> None:
        """Make it."""
        self.made = ground.occupy(self.container, self.port)

    def heal(self, ground: Ground) -> None:
        """Remove it."""
        ground.vacate(self.made)
