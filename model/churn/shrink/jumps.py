"""Candidates that leave the way of the failing run: shorter ways to where it failed, and cycles that only count."""

from collections.abc import Iterator
from functools import partial

from attrs import evolve

from churn.lifecycle.condition import ABSENT, Abstract
from churn.lifecycle.operations import Create, SetBehaviour, Start, Step, Stop
from churn.lifecycle.sequence import Sequence
from churn.session.failing import Failing, Steps
from churn.shrink.planner import Candidate, Planner, behaviours, behaving, is_plain, plainly_done

_CYCLES = 5
"""As many as the five-cycle scenario has: what counts shows by then."""
_COUNTED = 2
"""Starts, or stops, of a service from which on it may be their number that counts."""


def short_jumps(failing: Failing, planner: Planner) -> Iterator[Candidate]:
    """The shortest jumps: that service alone, then with the others as they were; each plainly first.

    What was hurried past just before the end was looked at there, too: it belongs to the end.
    """
    ending = _unseen(failing.steps)
    sizes = sorted({1, ending, ending + 1} if failing.steps[-1].operation.service else {ending, ending + 1})
    for jump in [*_alone(failing, planner, sizes[0]), *(jump for size in sizes for jump in _jumps(failing, planner, size))]:
        given = evolve(failing.sequence, steps=jump)
        if not planner.plain_passes:
            yield failing.names, plainly_done(jump)
        if planner.plain_passes or not is_plain(given):
            yield failing.names, given


def long_jumps(failing: Failing, planner: Planner) -> Iterator[Candidate]:
    """The further ones, with the last 4, 8, … steps."""
    size = 4
    while size < len(failing.steps):
        for jump in _jumps(failing, planner, size):
            yield failing.names, evolve(failing.sequence, steps=jump)
        size *= 2


def _unseen(steps: Steps) -> int:
    """How many steps at the end were looked at only there."""
    count = 1
    while count < len(steps) and steps[-count - 1].hurried:
        count += 1
    return count


def _alone(failing: Failing, planner: Planner, size: int) -> Iterator[Steps]:
    """The last steps on the service that failed, which is brought where it was then, with no other there."""
    name, place = failing.steps[-1].operation.service, len(failing.steps) - size
    if name in failing.names and place > 0 and failing.befores:
        number = failing.names.index(name)
        goal = tuple(now if one == number else ABSENT for one, now in enumerate(failing.befores[place]))
        last = tuple(step for step in failing.steps[place:] if step.operation.service in (name, None))
        yield from _ways(failing, planner, goal, place, last)


def _jumps(failing: Failing, planner: Planner, size: int) -> Iterator[Steps]:
    """The cheapest way to where the failing run was `size` steps before its end, then these steps."""
    place = len(failing.steps) - size
    if place > 0 and failing.befores:
        yield from _ways(failing, planner, failing.befores[place], place, failing.steps[place:])


def _ways(failing: Failing, planner: Planner, goal: Abstract, place: int, last: Steps) -> Iterator[Steps]:
    """The cheapest way to the goal, then the last steps.

    Servers that cannot live behave as they did in the failing run. Where others behaved oddly, too, that is put in after.
    """
    atlas = planner.atlas(failing.names)
    way = atlas.nearest(atlas.start, partial(_is, goal))
    if way is None:
        return
    steps, wanted = tuple(map(Step, way)), behaviours(planner.states(failing.steps)[place])
    alike = behaving(steps, wanted)
    if planner.views(failing.names, alike)[-1] == goal:
        steps = alike
    has = behaviours(planner.states(steps)[-1])
    odd = tuple(Step(SetBehaviour(name, how)) for name, how in wanted.items() if name in has and has[name] is not how)
    for way_there in (steps, (*steps, *odd)) if odd else (steps,):
        if len(way_there) + len(last) < len(failing.steps):
            yield (*way_there, *last)


def _is(goal: Abstract, here: Abstract) -> bool:
    return goal == here


def cycles(failing: Failing, _: Planner) -> Iterator[Candidate]:
    """The five cycles of the service that failed, cut shorter than the failing run: it may be that only their number counts."""
    name = failing.steps[-1].operation.service or _most_cycled(failing)
    done = [step.operation for step in failing.steps]
    if name is None or max(done.count(Start(name)), done.count(Stop(name))) < _COUNTED:
        return
    cycle = (Step(Start(name)), Step(Stop(name)))
    yield failing.names, Sequence((Step(Create(name)), *cycle * _CYCLES)[: len(done) - 1])


def _most_cycled(failing: Failing) -> str | None:
    stopped = [step.operation.name for step in failing.steps if isinstance(step.operation, Stop)]
    return max(dict.fromkeys(stopped), key=stopped.count, default=None)
