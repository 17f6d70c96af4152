"""What is known of a manager's command that was cut off by Churn, or ended by a signal: nothing."""

from churn.lifecycle.outcome import Evidence, Unknown
from churn.system.process import Finished


def cut_short(
    finished: Finished,
    evidence: Evidence,
    times: tuple[float, float],
    limit: float,
    aftermath: float,
    *,
    stated: bool = True,
) -> Unknown | None:
    """The outcome of a command that could not tell how it ended; None of one that ended by itself.

    `times` are when it began and ended. `limit`: the seconds it had, `stated` where it should have kept to them by itself. For
    `aftermath` seconds after its end something of it may still come, since the engine may be at it.
    """
    began, ended = times
    until = ended + aftermath
    if finished.cut_off:
        return Unknown(began, ended, 0, evidence, f"it was cut off after {limit:g} s", overran=stated, until=until)
    if finished.killed_by:
        return Unknown(began, ended, 0, evidence, f"it was ended by {finished.killed_by}", until=until)
    return None
