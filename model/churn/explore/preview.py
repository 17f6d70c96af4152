"""What the planner would do in a given time, if everything went as the model expects: no system is needed."""

from collections.abc import Iterator

from attrs import frozen

from churn.lifecycle.operations import Step
from churn.lifecycle.planning import At, Planner
from churn.lifecycle.sequence import Naming
from churn.lifecycle.state import CLEAN, State


@frozen(kw_only=True)
class Previewed:
    """One sequence: when it would begin (seconds from now on), with names of which sort, its steps and its promise a second."""

    begins: float
    naming: Naming
    steps: tuple[Step, ...]
    rate: float


def preview(planner: Planner, seconds: float) -> Iterator[Previewed]:
    """The sequences that would be done in so many seconds, one after the other. What they do is noted with the planner."""
    now, route = 0.0, planner.route(None, seconds)
    while route is not None:
        begins, rate, naming, steps, state = now, route.rate, route.naming, list[Step](), CLEAN
        while route is not None and not (route.reset and steps):
            state = _followed(planner, state, naming, steps, route.steps)
            now += route.seconds
            route = planner.route(At(state, naming, steps[-1], len(steps)), seconds - now)
        yield Previewed(begins=begins, naming=naming, steps=tuple(steps), rate=rate)


def _followed(planner: Planner, state: State, naming: Naming, done: list[Step], ahead: tuple[Step, ...]) -> State:
    places = planner.places
    here = places.of(state)
    for step in ahead:
        planner.note(here, step, done[-1] if done else None, naming)
        here = places.after(here, step.operation)
        done.append(step)
    return places.state(here)
