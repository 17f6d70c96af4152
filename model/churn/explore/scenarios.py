"""Fixed sequences."""

from churn.lifecycle.operations import Create, Length, Pace, Start, Step, Stop, Wait
from churn.lifecycle.sequence import Naming, Sequence


def cycles(
    count: int, service: str = "a", *, pace: Pace = Pace.CALM, naming: Naming = Naming.PLAIN, waiting: bool = True
) -> Sequence:
    """The acceptance scenario: create a service, start and stop it `count` times in a row.

    With five cycles it is *five-cycle*. `pace` is that of the stops: hurried, each next start follows at once. `waiting`: a long
    wait while the service runs for the last time, and one when it has stopped, since either may end by itself.
    """
    start, stop = Step(Start(service)), Step(Stop(service), pace)
    wait = (Step(Wait(Length.LONG)),) if waiting else ()
    last = (start, *wait, stop, *wait) if count else wait
    return Sequence((Step(Create(service)), *((start, stop) * (count - 1)), *last), naming)


def side_by_side(names: tuple[str, ...]) -> Sequence:
    """Services that share a system: all are started in their order, twice; they are stopped last first, then first first.

    What they share (a network, a volume) may be left by the one order of ends, and not by the other.
    """
    creates, starts = ([Step(kind(name)) for name in names] for kind in (Create, Start))
    stops = [Step(Stop(name)) for name in names]
    return Sequence((*creates, *starts, *reversed(stops), *starts, *stops))
