"""How long operations take here and elsewhere: what is told to be slow, and what is not."""

import pytest
from builders import dead, idle, ill, running, state, unsettled

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.durations import Durations, Slow
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import Length, Operation, Start, Stop, Wait
from churn.lifecycle.outcome import Ok, Outcome, Rejected, Unknown
from churn.lifecycle.state import Service, State

RUNS, STOPPED, NEW = state(a=running()), state(a=idle()), state(a=idle(Status.CREATED))
START, STOP = Start("a"), Stop("a")


def noted(durations: Durations, *done: tuple[Operation, State, float]) -> list[Slow | None]:
    """What was said of each."""
    return [durations.compare(operation, before, Ok(0.0, seconds)) for operation, before, seconds in done]


def stops(times: int = 3) -> Durations:
    """A manager whose stops take a second."""
    durations = Durations()
    noted(durations, *[(STOP, RUNS, 1.0)] * times)
    return durations


def test_what_is_long_again_and_again_in_one_situation_is_slow() -> None:
    assert noted(stops(), *[(STOP, STOPPED, 16.0)] * 4) == [None, None, Slow(16.0, 1.0), Slow(16.0, 1.0)]


def test_once_it_was_found_one_time_is_enough_in_another_situation() -> None:
    durations = stops()
    noted(durations, *[(STOP, STOPPED, 16.0)] * 3)
    assert noted(durations, (STOP, NEW, 16.0)) == [Slow(16.0, 1.0)]


def test_a_few_long_times_among_short_ones_are_not_slow() -> None:
    assert noted(stops(), *[(STOP, STOPPED, seconds) for seconds in (0.1, 16.0, 0.1, 0.1, 16.0)])[-1] is None


def test_once_is_not_again_and_again_and_too_little_is_known_elsewhere() -> None:
    assert noted(stops(times=2), *[(STOP, STOPPED, 16.0)] * 5) == [None] * 5


@pytest.mark.parametrize(("usual", "seconds"), [(1.0, 5.9), (4.0, 19.0), (0.1, 4.9)])
def test_it_takes_five_times_as_long_and_five_seconds_more(usual: float, seconds: float) -> None:
    durations = Durations()
    noted(durations, *[(STOP, RUNS, usual)] * 3)
    assert noted(durations, *[(STOP, STOPPED, seconds)] * 3) == [None] * 3


@pytest.mark.parametrize(
    ("operation", "quick", "long"),
    [
        (STOP, STOPPED, RUNS),  # a server has to end
        (START, RUNS, STOPPED),  # a container has to be made
        (START, STOPPED, NEW),  # and what later starts find there, too
        (START, state(a=dead()), STOPPED),  # a manager need not notice that a server has died
        (STOP, STOPPED, state(a=dead())),  # a container has to be cleared away
    ],
)
def test_what_has_more_to_do_may_take_longer(operation: Operation, quick: State, long: State) -> None:
    durations = Durations()
    noted(durations, *[(operation, quick, 0.1)] * 3)
    assert noted(durations, *[(operation, long, 60.0)] * 4) == [None] * 4


def test_a_start_beside_a_running_service_is_compared_with_one_alone() -> None:
    durations, beside = Durations(), state(a=idle(), b=running("b1"))
    noted(durations, *[(START, STOPPED, 1.0)] * 3)
    assert noted(durations, *[(START, beside, 60.0)] * 3)[-1] == Slow(60.0, 1.0)


@pytest.mark.parametrize(
    "service",
    [
        idle(behaviour=Behaviour.SLOW),
        idle(behaviour=Behaviour.IGNORE_SIGTERM),
        idle(held=True),
        ill(),
        unsettled(idle()),
    ],
)
def test_nothing_is_said_of_what_churn_itself_made_long(service: Service) -> None:
    assert noted(stops(), *[(STOP, state(a=service), 60.0)] * 4) == [None] * 4
    assert noted(stops(), *[(STOP, state(a=idle(), b=service), 60.0)] * 4) == [None] * 4


@pytest.mark.parametrize("outcome", [Rejected(0.0, 60.0), Unknown(0.0, 60.0), Ok(0.0, 60.0, held=2.0)])
def test_only_an_undelayed_success_counts(outcome: Outcome) -> None:
    durations = stops()
    assert [durations.compare(STOP, STOPPED, outcome) for _ in range(4)] == [None] * 4


def test_waits_are_not_compared() -> None:
    assert (
        noted(Durations(), *[(Wait(Length.SHORT), STOPPED, 0.1)] * 3, *[(Wait(Length.LONG), RUNS, 60.0)] * 3)
        == [None] * 6
    )


def test_what_a_file_says_is_usual_is_enough() -> None:
    durations = Durations()
    durations.assume("stop", "stopped", 0.9)
    assert noted(durations, (STOP, STOPPED, 16.1), (STOP, RUNS, 16.1), (STOP, STOPPED, 1.0)) == [
        Slow(16.1, 0.9),
        None,
        None,
    ]
