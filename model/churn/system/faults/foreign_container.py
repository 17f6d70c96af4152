"""Somebody else's container."""

from attrs import define, field

from churn.system.faults.gate import EngineHooks, Fault


@define
class ForeignContainer(Fault):
    """Somebody else's container takes a name, or a port, until the fault is healed.

    What may follow: a start that needs the port is refused, as after the operation `hold-port`; so is one that needs the name.
    """

    name = "foreign-container"
    upsets = True
    container: str = ""
    """The name that it takes; empty: one that nobody wants."""
    port: int = 0
    """The port of the host that it publishes; 0: none."""
    made: str = field(default="", init=False)
    """The id of the container."""

    def begin(self, hooks: EngineHooks) -> None:
        """Make it."""
        self.made = hooks.occupy(self.container, self.port)

    def heal(self, hooks: EngineHooks) -> None:
        """Remove it."""
        hooks.vacate(self.made)
