"""How a command of a described manager ended, as an outcome."""

from collections.abc import Callable
from contextlib import suppress

from attrs import define

from churn.errors import EnvironmentFault
from churn.lifecycle.observation import Listed
from churn.lifecycle.outcome import Evidence, Ok, Outcome, Rejected, Unknown
from churn.system.managers.answers import printed_by, unreadable
from churn.system.managers.command.description import CommandCall
from churn.system.managers.command.reading import Unreadable
from churn.system.managers.cut_short import cut_short
from churn.system.process import Finished
from churn.visible import both_ends


def ending(
    command: str,
    finished: Finished,
    times: tuple[float, float],
    call: CommandCall,
    grace: float,
    read: Callable[[str], tuple[Listed, ...] | None],
) -> Outcome:
    """Ok where its exit code was 0 and `read` understood its output. `times` are when it began and ended, in seconds.

    What one did that was cut short may go on for `grace` seconds.
    """
    began, ended = times
    evidence = Evidence(command, f"{finished.stdout}{finished.stderr}".strip())
    if unknown := cut_short(finished, evidence, times, call.timeout, grace, stated=call.promised):
        return unknown
    if finished.code != 0:
        return Rejected(began, ended, 0, evidence, _reason(finished))
    try:
        return Ok(began, ended, 0, evidence, read(finished.stdout))
    except Unreadable as error:
        return unreadable(printed_by(command, finished), began, ended, error.garbled, str(error))


@define
class OwnReset:
    """A manager's own reset, if it has one (`offered`); `run` runs it."""

    offered: bool
    name: str
    run: Callable[[], Outcome]
    done: bool = False

    def attempt(self) -> None:
        """Run it; whether that worked is kept for `ensure`."""
        if self.offered:
            with suppress(EnvironmentFault):
                self.done = isinstance(self.run(), Ok)

    def ensure(self) -> None:
        """Run it, unless the last attempt has succeeded. Raises `EnvironmentFault` where it does not succeed."""
        if self.offered and not self.done:
            _expect_ok(self.run(), self.name)
        self.done = False


def _expect_ok(outcome: Outcome, name: str) -> None:
    if isinstance(outcome, Ok):
        return
    reason = outcome.reason if isinstance(outcome, Rejected | Unknown) else ""
    raise EnvironmentFault(
        f"expected {outcome.evidence.command!r} to reset {name}, but: {reason}; it printed: "
        f"{outcome.evidence.output or 'nothing'}"
    )


def _reason(finished: Finished) -> str:
    """Why the manager refused: the last line that speaks of an error, else the last one."""
    lines = finished.stderr.strip().splitlines() or [f"exit code {finished.code}"]
    errors = [line for line in lines if "error" in line.lower()]
    return both_ends((errors or lines)[-1].removeprefix("Error: "), _LONGEST_REASON)


_LONGEST_REASON = 500
"""Characters of a reason; all that was printed is in the evidence."""
