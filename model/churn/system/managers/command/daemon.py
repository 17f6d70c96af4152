"""The daemon of a manager that a file describes: started before the first command of a sequence, ended with the sequence."""

from collections.abc import Callable

from attrs import define

from churn.errors import EnvironmentFault
from churn.lifecycle.outcome import Ok, Outcome, Rejected, Unknown
from churn.system.managers.command.description import CommandCall


@define
class Daemon:
    """Starts and stops it by the two calls of its description. `run` runs one of them, and tells how it ended."""

    starting: CommandCall
    stopping: CommandCall
    run: Callable[[CommandCall], Outcome]
    up: bool = False

    def ensure(self) -> None:
        """Start it where it is not up. Raises `EnvironmentFault` where it cannot be: without it there is nothing to test."""
        if self.up:
            return
        outcome = self.run(self.starting)
        if not isinstance(outcome, Ok):
            raise EnvironmentFault(
                f"expected {outcome.evidence.command!r} to start the manager's daemon, but: {_why(outcome)}"
            )
        self.up = True

    def restart(self) -> Outcome:
        """Stop it, and start it again. A daemon that cannot be stopped is not started."""
        self.ensure()
        stopped = self.run(self.stopping)
        if not isinstance(stopped, Ok):
            return stopped
        return self.run(self.starting)

    def end(self) -> None:
        """Stop it, if it is up; whether that worked is seen by what is left of it."""
        if self.up:
            self.up = False
            self.run(self.stopping)


def _why(outcome: Outcome) -> str:
    return outcome.reason if isinstance(outcome, Rejected | Unknown) else ""
