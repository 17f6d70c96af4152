"""Somebody else's container."""

from attrs import define, field

from churn.system.faults.gate import EngineHooks, Fault


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

    def begin(self, hooks: EngineHooks) -> None:
        """Make it."""
        self.made = hooks.occupy(self.container, self.port)

    def heal(self, hooks: EngineHooks) -> None:
        """Remove it."""
        hooks.vacate(self.made)
