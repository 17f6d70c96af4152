"""Smaller sequences that may fail as well, in the model plane: they cost nothing until one is run.

A candidate is repaired, never rejected: what is not enabled where it now stands is left out.
"""

from collections.abc import Callable, Iterator

from attrs import evolve

from churn.lifecycle.contract import Contract
from churn.lifecycle.costs import Costs
from churn.lifecycle.invariants import Trait
from churn.lifecycle.operations import Create, Length, Operation, Pace, Restart, Start, Step, Stop, Wait
from churn.lifecycle.sequence import fitting
from churn.session.failing import Failing, Steps
from churn.shrink.foresight import Candidate, Foresight, calmly_done, plainly_done, strays_of, used_names
from churn.shrink.jumps import cycles, cycles_of_what_piles_up, long_jumps, short_jumps

__all__ = ["STAGES", "Candidate", "calmly_done", "candidates", "planned", "repaired_steps"]


def candidates(failing: Failing, contract: Contract, costs: Costs | None = None) -> Iterator[Candidate]:
    """Smaller and calmer sequences, each once, those that promise most first."""
    foresight, seen = Foresight(contract, costs), {(failing.names, failing.sequence)}
    for stage in range(STAGES):
        for candidate in planned(failing, foresight, stage):
            if candidate not in seen:
                seen.add(candidate)
                yield candidate


def planned(failing: Failing, foresight: Foresight, stage: int) -> Iterator[Candidate]:
    """The candidates of one stage; each is valid in the model, and none is `failing`.

    Those that are not meant to change the end end with the operation that failed. Those that cost least come first.
    """
    make = _ORDER[stage]
    last, strays = _ending(failing.steps), strays_of(failing.steps)
    found = dict.fromkeys(_repaired(failing, candidate, foresight, strays) for candidate in make(failing, foresight))
    fitting = [
        (names, sequence)
        for names, sequence in found
        if (names, sequence) != (failing.names, failing.sequence)
        and any(step.operation.manager for step in sequence.steps)
        and (make in _OTHER_END or _ending(sequence.steps) == last)
    ]
    yield from fitting if make in _AS_THEY_COME else sorted(fitting, key=lambda one: foresight.seconds(one[1]))


def _repaired(failing: Failing, given: Candidate, foresight: Foresight, strays: frozenset[Operation]) -> Candidate:
    sequence = evolve(given[1], steps=foresight.repaired(given[1].steps, strays))
    return (given[0] if _uses_all(given[0], sequence.steps) else used_names(failing, sequence)), sequence


def _ending(steps: Steps) -> Operation:
    """The last operation; of waits one is like another."""
    last = steps[-1].operation
    return Wait(Length.SHORT) if isinstance(last, Wait) else last


def repaired_steps(steps: Steps, contract: Contract, strays: frozenset[Operation] = frozenset()) -> Steps:
    """As `Foresight.repaired`."""
    return Foresight(contract).repaired(steps, strays)


def _uses_all(names: tuple[str, ...], steps: Steps) -> bool:
    return set(names) == {name for step in steps for name in step.operation.services}


def _with(failing: Failing, steps: Steps) -> Candidate:
    return failing.names, evolve(failing.sequence, steps=steps)


# -- cuts ---------------------------------------------------------------------------------------------------------------


def _seen_sooner(failing: Failing, _: Foresight) -> Iterator[Candidate]:
    """Without the last step, where the one before it was hurried past: that one is looked at instead, in either way."""
    if len(failing.steps) > 1 and failing.steps[-2].hurried:
        for pace in (Pace.CALM, Pace.ENGINE_ONLY):
            yield _with(failing, (*failing.steps[:-2], Step(failing.steps[-2].operation, pace)))


def _without_service(failing: Failing, _: Foresight) -> Iterator[Candidate]:
    services = dict.fromkeys(name for step in failing.steps for name in step.operation.services)
    if len(services) > 1:
        for name in reversed(services):
            yield _with(failing, tuple(step for step in failing.steps if name not in step.operation.services))


def _without_kind(failing: Failing, _: Foresight) -> Iterator[Candidate]:
    last = failing.steps[-1].operation.kind
    for kind in dict.fromkeys(step.operation.kind for step in failing.steps):
        if kind not in (last, "create"):
            yield _with(failing, tuple(step for step in failing.steps if step.operation.kind != kind))


def _with_restarts(failing: Failing, foresight: Foresight) -> Iterator[Candidate]:
    """With a restart in place of each start, and of the stop or the death just before it: it may be their number that counts."""
    if Restart.kind not in foresight.contract.offers:
        return
    steps: list[Step] = []
    for step in failing.steps:
        if isinstance(step.operation, Start) and steps and _ends(steps[-1].operation, step.operation.name):
            steps[-1] = Step(Restart(step.operation.name), step.pace)
        else:
            steps.append(step)
    if len(steps) < len(failing.steps):
        yield _with(failing, tuple(steps))
    if len(steps) + 1 < len(failing.steps):
        yield _with(failing, (*steps[:-1], *failing.steps[-2:]))


def _ends(operation: Operation, name: str) -> bool:
    return operation.service == name and (isinstance(operation, Stop) or operation.ends_servers)


def _without_self_loops(failing: Failing, foresight: Foresight) -> Iterator[Candidate]:
    states = foresight.views(failing.names, failing.steps)
    last = len(failing.steps) - 1
    kept = tuple(
        step for place, step in enumerate(failing.steps) if states[place] != states[place + 1] or place == last
    )
    yield _with(failing, kept)


def _without_loops(failing: Failing, foresight: Foresight) -> Iterator[Candidate]:
    """Cut out what leads back to a state that was there before, the longest first."""
    states = foresight.views(failing.names, failing.steps)[:-1]
    spans = [
        (later - sooner, sooner, later)
        for sooner in range(len(states))
        for later in range(sooner + 2, len(states))
        if states[sooner] == states[later]
    ]
    for _, sooner, later in sorted(spans, key=lambda span: (-span[0], span[1]))[:_MOST_LOOPS]:
        yield _with(failing, failing.steps[:sooner] + failing.steps[later:])


_MOST_LOOPS = 6
"""Loops that are tried at one time: after each success they are looked for again."""


def _without_blocks(failing: Failing, _: Foresight) -> Iterator[Candidate]:
    """Without blocks of halving size, while it is long; from the end, where what matters least for the path stands."""
    size = len(failing.steps) // 2
    while size > 1 and len(failing.steps) > _SHORT:
        yield from _blocks(failing, size)
        size //= 2


_SHORT = 10
"""Steps up to which loops, pairs and single steps are all that is left to cut."""


def _without_one(failing: Failing, _: Foresight) -> Iterator[Candidate]:
    yield from _blocks(failing, 1)


def _blocks(failing: Failing, size: int) -> Iterator[Candidate]:
    for end in range(len(failing.steps) - 1, 0, -size):
        yield _with(failing, failing.steps[: max(0, end - size)] + failing.steps[end:])


def _without_pairs(failing: Failing, foresight: Foresight) -> Iterator[Candidate]:
    """Without two steps that belong together, as a fault and its end: the model ends where it did, but not without one."""
    steps = failing.steps
    goal = foresight.views(failing.names, steps)[-2]

    def belongs(*places: int) -> bool:
        kept = [step for place, step in enumerate(steps) if place not in places]
        return foresight.views(failing.names, tuple(kept))[-2] != goal

    needed = [place for place in range(len(steps) - 1) if belongs(place)]
    for place, first in enumerate(needed):
        for second in needed[place + 1 :]:
            alike = steps[first].operation.service == steps[second].operation.service is not None
            if second > first + 1 and alike and not belongs(first, second):
                yield _with(failing, steps[:first] + steps[first + 1 : second] + steps[second + 1 :])


# -- plainer, calmer, milder --------------------------------------------------------------------------------------------


def _plainly(failing: Failing, foresight: Foresight) -> Iterator[Candidate]:
    """Plain names, calm steps and short waits at once: what fails so is easier to read and cheaper to shrink on."""
    if not foresight.plain_passes:
        yield failing.names, plainly_done(failing.steps)


def _plainly_named(failing: Failing, foresight: Foresight) -> Iterator[Candidate]:
    """With plain names, or with one oddness in place of several."""
    for naming in fitting(failing.sequence.naming.plainer, failing.names, foresight.contract):
        yield failing.names, evolve(failing.sequence, naming=naming)


def _calmer(failing: Failing, _: Foresight) -> Iterator[Candidate]:
    steps = failing.steps
    yield _with(failing, calmly_done(steps))
    for place, step in enumerate(steps):
        if step.pace is not Pace.CALM:
            yield _with(failing, (*steps[:place], Step(step.operation), *steps[place + 1 :]))


def _milder(failing: Failing, foresight: Foresight) -> Iterator[Candidate]:
    """With the simplest fault of its sort in place of others, unless that takes longer; and with short waits."""
    here = foresight.seconds(failing.sequence)
    for place, step in enumerate(failing.steps):
        for mild in step.operation.milder:
            names, sequence = _with(
                failing, (*failing.steps[:place], Step(mild, step.pace), *failing.steps[place + 1 :])
            )
            if foresight.seconds(sequence) <= here:
                yield names, sequence


# -- another end --------------------------------------------------------------------------------------------------------


def _waiting(failing: Failing, _: Foresight) -> Iterator[Candidate]:
    """With a wait in place of the last step, where it may be that only time has to pass."""
    last = failing.steps[-1].operation
    if not isinstance(last, Wait) and (failing.fingerprint.has(Trait.BY_ITSELF) or _passes_time_elsewhere(failing)):
        yield _with(failing, (*failing.steps[:-1], Step(Wait(Length.SHORT))))


def _idling(failing: Failing, _: Foresight) -> Iterator[Candidate]:
    """Each service that was left running, alone, and then a long wait: all the rest may only have passed the time."""
    if any(step.operation == Wait(Length.LONG) for step in failing.steps) or not _passes_time_elsewhere(failing):
        return
    for name in failing.names:
        started = Start(name) in [step.operation for step in failing.steps]
        if started and name != failing.steps[-1].operation.service:
            yield _with(failing, (Step(Create(name)), Step(Start(name)), Step(Wait(Length.LONG))))


def _passes_time_elsewhere(failing: Failing) -> bool:
    """Whether the last step is done to another service than was started before, and nobody says that it disturbed that one."""
    last = failing.steps[-1].operation
    started = {step.operation.service for step in failing.steps[:-1] if isinstance(step.operation, Start)}
    disturbed = failing.fingerprint.has(Trait.OTHERS)
    return isinstance(last, Start | Stop) and bool(started - {last.service}) and not disturbed


_Make = Callable[[Failing, Foresight], Iterator[Candidate]]
_ORDER: tuple[_Make, ...] = (
    cycles_of_what_piles_up,
    short_jumps,
    cycles,
    _idling,
    _plainly,
    _seen_sooner,
    _without_service,
    _without_self_loops,
    _without_kind,
    _without_loops,
    long_jumps,
    _without_blocks,
    _milder,
    _with_restarts,
    _without_one,
    _without_pairs,
    _plainly_named,
    _calmer,
    _waiting,
)
STAGES = len(_ORDER)
_AS_THEY_COME = (short_jumps,)
"""Those that are in order already."""
_OTHER_END: tuple[_Make, ...] = (
    _with_restarts,
    cycles,
    cycles_of_what_piles_up,
    _seen_sooner,
    _plainly_named,
    _calmer,
    _milder,
    _waiting,
    _idling,
)
"""Those that may end with another operation."""
