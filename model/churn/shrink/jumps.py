"""Candidates that leave the way of the failing run: shorter ways to where it failed, and cycles that only count."""

from collections.abc import Iterator
from functools import partial

from attrs import evolve

from churn.lifecycle.condition import Abstract
from churn.lifecycle.operations import Create, SetBehaviour, Start, Step, Stop
from churn.lifecycle.sequence import Sequence
from churn.session.failing import Failing, Steps
from churn.shrink.foresight import Candidate, Foresight, behaving, behaviours, is_plain, plainly_done

_CYCLES = 5
"""As many as the five-cycle scenario has: what counts shows by then."""
_COUNTED = 2
"""Starts, or stops, of a service from which on it may be their number that counts."""


def short_jumps(failing: Failing, foresight: Foresight) -> Iterator[Candidate]:
    """The two shortest jumps, each plainly first."""
    jumps = [jump for size in (1, 2) for jump in _jumps(failing, foresight, size)]
    for jump in jumps:
        yield failing.names, plainly_done(jump)
    for jump in jumps:
        sequence = evolve(failing.sequence, steps=jump)
        if not is_plain(sequence):
            yield failing.names, sequence


def long_jumps(failing: Failing, foresight: Foresight) -> Iterator[Candidate]:
    """The further ones, with the last 4, 8, … steps."""
    size = 4
    while size < len(failing.steps):
        for jump in _jumps(failing, foresight, size):
            yield failing.names, evolve(failing.sequence, steps=jump)
        size *= 2


def _jumps(failing: Failing, foresight: Foresight, size: int) -> Iterator[Steps]:
    """The cheapest way to where the failing run was `size` steps before its end, then these steps.

    Servers that cannot live behave as they did in the failing run. Where others behaved oddly, too, that is put in after.
    """
    place = len(failing.steps) - size
    if place <= 0 or not failing.befores:
        return
    goal = failing.befores[place]
    atlas = foresight.atlas(failing.names)
    way = atlas.nearest(atlas.start, partial(_is, goal))
    if way is None:
        return
    steps, wanted = tuple(map(Step, way)), behaviours(foresight.states(failing.steps)[place])
    alike = behaving(steps, wanted)
    if foresight.views(failing.names, alike)[-1] == goal:
        steps = alike
    has = behaviours(foresight.states(steps)[-1])
    odd = tuple(Step(SetBehaviour(name, how)) for name, how in wanted.items() if has.get(name, how) is not how)
    for way_there in (steps, (*steps, *odd)) if odd else (steps,):
        if len(way_there) + size < len(failing.steps):
            yield (*way_there, *failing.steps[-size:])


def _is(goal: Abstract, here: Abstract) -> bool:
    return goal == here


def cycles(failing: Failing, _: Foresight) -> Iterator[Candidate]:
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
