"""Fixed sequences."""

from churn.lifecycle.operations import Create, Length, Operation, Pace, Start, Step, Stop, Wait
from churn.lifecycle.sequence import Naming, Sequence


def cycles(count: int, service: str = "a", *, pace: Pace = Pace.CALM, naming: Naming = Naming.PLAIN) -> Sequence:
    """The acceptance scenario: create a service, start and stop it `count` times in a row, then wait long.

    With five cycles it is *five-cycle*. Hurried, the starts and stops are not looked at until the wait that ends it.
    """
    operations: list[Operation] = [operation for _ in range(count) for operation in (Start(service), Stop(service))]
    steps = (Step(Create(service)), *(Step(operation, pace) for operation in operations), Step(Wait(Length.LONG)))
    return Sequence(steps, naming)
