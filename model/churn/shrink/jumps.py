"""Candidates that leave the way of the failing run: shorter ways to where it failed, and cycles that only count."""

from collections.abc import Iterator
from functools import partial

from attrs import evolve

from churn.lifecycle.condition import ABSENT, UNSETTLED, Abstract, Behaviour
from churn.lifecycle.invariants import Trait
from churn.lifecycle.operations import Create, Family, SetBehaviour, Start, Step, Stop
from churn.lifecycle.sequence import Sequence
from churn.session.failing import Failing, Steps
from churn.shrink.foresight import Candidate, Foresight, behaving, behaviours, is_plain, plainly_done, with_short_waits

_CYCLES = 5
"""As many as the five-cycle scenario has: what counts shows by then."""
_LAST = 2
"""Operations after an interrupt with which alone it is tried first."""
_COUNTED = 2
"""Starts, or stops, of a service from which on it may be their number that counts."""


def short_jumps(failing: Failing, foresight: Foresight) -> Iterator[Candidate]:
    """The shortest jumps: the service that failed alone, then with the others as they were; each plainly first.

    What was hurried past just before the end was looked at there, too: it belongs to the end.
    """
    ending = _unseen(failing.steps)
    first = 1 if failing.steps[-1].operation.service else ending
    among_others = failing.fingerprint.has(Trait.OTHERS) and failing.fingerprint.has(Trait.MOVING)
    since = _since_interrupt(failing)
    if since > first:
        if not among_others:
            yield from _either_way(failing, foresight, _ended_midway(failing, foresight, since))
        yield from _either_way(failing, foresight, _jumps(failing, foresight, since))
    if not among_others:
        yield from _either_way(failing, foresight, _alone(failing, foresight, first))
    yield from _either_way(failing, foresight, _jumps(failing, foresight, first))
    if not among_others:
        yield from _plainly(failing, foresight, _alone(failing, foresight, first, oddly=True))
    if ending > first:
        yield from _either_way(failing, foresight, _jumps(failing, foresight, ending))
    yield from _plainly(failing, foresight, _jumps(failing, foresight, ending + 1))


def _plainly(failing: Failing, foresight: Foresight, jumps: Iterator[Steps]) -> Iterator[Candidate]:
    """Plainly, or if that is known to pass as it is."""
    for jump in jumps:
        given = evolve(failing.sequence, steps=with_short_waits(jump))
        yield failing.names, given if foresight.plain_passes else plainly_done(jump)


def _either_way(failing: Failing, foresight: Foresight, jumps: Iterator[Steps]) -> Iterator[Candidate]:
    """Plainly first."""
    for jump in jumps:
        yield from _plainly(failing, foresight, iter((jump,)))
        given = evolve(failing.sequence, steps=with_short_waits(jump))
        if not is_plain(given) and not foresight.plain_passes:
            yield failing.names, given


def long_jumps(failing: Failing, foresight: Foresight) -> Iterator[Candidate]:
    """The further ones, with the last 4, 8, … steps."""
    size = 4
    while size < len(failing.steps):
        for jump in _jumps(failing, foresight, size):
            yield failing.names, evolve(failing.sequence, steps=jump)
        size *= 2


def _unseen(steps: Steps) -> int:
    """How many steps at the end were looked at only there."""
    count = 1
    while count < len(steps) and steps[-count - 1].hurried:
        count += 1
    return count


def _since_interrupt(failing: Failing) -> int:
    """How many steps there are since the last interrupt that may have left a service unsettled; 0 where there is none.

    No way on the map leads to an unsettled service: it has to be interrupted again.
    """
    found = [
        place
        for place, (step, before) in enumerate(zip(failing.steps, failing.befores, strict=False))
        if step.operation.family is Family.INTERRUPT and UNSETTLED not in before
    ]
    return len(failing.steps) - found[-1] if found else 0


def _ended_midway(failing: Failing, foresight: Foresight, size: int) -> Iterator[Steps]:
    """The service that failed alone: interrupted as it was, `size` steps before the end, and then only its last steps."""
    place, name = len(failing.steps) - size, failing.steps[-1].operation.service
    way = _way_alone(failing, foresight, place)
    if way is None:
        return
    asked = (step for step in failing.steps[place + 1 :] if step.operation.service == name and step.operation.manager)
    later = tuple(asked)
    for last in range(1, min(_LAST, len(later) - 1) + 1):
        yield (*way, failing.steps[place], later[0], *later[-last:])


def _alone(failing: Failing, foresight: Foresight, size: int, *, oddly: bool = False) -> Iterator[Steps]:
    """The last steps on the service that failed, which is brought where it was then, with no other there.

    `oddly`: its server behaves as it did, where that was odd.
    """
    name, place = failing.steps[-1].operation.service, len(failing.steps) - size
    way = _way_alone(failing, foresight, place)
    if name is None or way is None:
        return
    wanted = _behaviours(failing, foresight, place)
    last = tuple(step for step in failing.steps[place:] if step.operation.service in (name, None))
    if oddly:
        has = behaviours(foresight.states(way)[-1])
        odd = name in has and wanted[name] not in (has[name], Behaviour.SLOW)  # one that is slow only takes longer
        if not odd:
            return
        way = (*way, Step(SetBehaviour(name, wanted[name])))
    if len(way) + len(last) < len(failing.steps):
        yield (*way, *last)


def _way_alone(failing: Failing, foresight: Foresight, place: int) -> Steps | None:
    """The cheapest way to where the service that failed was before the step at `place`, with no other there."""
    name = failing.steps[-1].operation.service
    if name not in failing.names or place <= 0 or not failing.befores:
        return None
    number = failing.names.index(name)
    goal = tuple(now if one == number else ABSENT for one, now in enumerate(failing.befores[place]))
    return _way(failing, foresight, goal, place)


def _jumps(failing: Failing, foresight: Foresight, size: int) -> Iterator[Steps]:
    """The cheapest way to where the failing run was `size` steps before its end, then these steps."""
    place = len(failing.steps) - size
    if place <= 0 or not failing.befores:
        return
    way = _way(failing, foresight, failing.befores[place], place)
    if way is not None and len(way) < place:
        yield (*way, *failing.steps[place:])


def _behaviours(failing: Failing, foresight: Foresight, place: int) -> dict[str, Behaviour]:
    return behaviours(foresight.states(failing.steps)[place])


def _way(failing: Failing, foresight: Foresight, goal: Abstract, place: int) -> Steps | None:
    """The cheapest way there; servers that cannot live behave as they did in the failing run."""
    atlas = foresight.atlas(failing.names)
    way = atlas.nearest(atlas.start, partial(_is, goal))
    if way is None:
        return None
    steps = tuple(map(Step, way))
    alike = behaving(steps, _behaviours(failing, foresight, place))
    return alike if foresight.views(failing.names, alike)[-1] == goal else steps


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


def cycles_of_what_piles_up(failing: Failing, foresight: Foresight) -> Iterator[Candidate]:
    """The same, where the objection is to what piles up."""
    if failing.fingerprint.has(Trait.PILING) and not failing.fingerprint.has(Trait.REVIVING):
        yield from cycles(failing, foresight)


def _most_cycled(failing: Failing) -> str | None:
    stopped = [step.operation.name for step in failing.steps if isinstance(step.operation, Stop)]
    return max(dict.fromkeys(stopped), key=stopped.count, default=None)
