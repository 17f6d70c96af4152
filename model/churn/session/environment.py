"""The environment of a run: whether the engine is still the one that it was."""

from churn.errors import EngineError
from churn.session.system import System


class Environment:
    """Remembers which engine a system has. `renew` has to be called when it is meant to be another one from now on."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.identity = system.identity()

    def renew(self) -> None:
        """Take the engine as it is now. Raises `EngineUnreachable`."""
        self.identity = self._system.identity()

    def changed(self) -> str:
        """Why the environment, and not the manager, is to blame for what looks wrong; empty if it is not."""
        try:
            identity = self._system.identity()
        except EngineError as error:
            return f"the engine does not answer: {error}"
        return "" if identity == self.identity else f"the engine was {self.identity}, and is now {identity}"
