"""Fixed sequences."""

from churn.lifecycle.operations import Create, Length, Pace, Start, Step, Stop, Wait
from churn.lifecycle.sequence import Naming, Sequence


def cycles(
    count: int, service: str = "a", *, pace: Pace = Pace.CALM, naming: Naming = Naming.PLAIN, waiting: bool = True
) -> Sequence:
    """The acceptance scenario: create a service, start and stop it `count` times in a row, then wait long.

    With five cycles it is *five-cycle*. `pace` is that of the stops: hurried, each next start follows at once.
    Not `waiting`: without the wait.
    """
    cycle = (Step(Start(service)), Step(Stop(service), pace))
    wait = (Step(Wait(Length.LONG)),) if waiting else ()
    return Sequence((Step(Create(service)), *(cycle * count), *wait), naming)
