"""Smaller sequences that may fail as well, in the model plane: they cost nothing until one is run.

A candidate is repaired, never rejected: what is not enabled where it now stands is left out.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from attrs import evolve

from churn.lifecycle.condition import Abstract
from churn.lifecycle.contract import Contract
from churn.lifecycle.operations import Create, Length, Operation, Pace, Step, Wait
from churn.lifecycle.outcome import Ok
from churn.lifecycle.paths import Atlas
from churn.lifecycle.sequence import Naming, Sequence
from churn.lifecycle.state import CLEAN, State, abstract, is_enabled
from churn.lifecycle.transitions import follow
from churn.session.costs import Costs
from churn.session.failing import Failing, Steps

_IMAGINED = Ok()


def calmly_done(steps: Steps) -> Steps:
    """The same steps, each looked at in full."""
    return tuple(Step(step.operation) for step in steps)


Candidate = tuple[tuple[str, ...], Sequence]


def candidates(failing: Failing, contract: Contract, costs: Costs | None = None) -> Iterator[Candidate]:
    """Smaller and calmer sequences, those that promise most first; each is valid in the model, and none is `failing`.

    Those that are not meant to change the end end with the operation that failed. Among those that promise alike the ones that
    cost least by `costs` come first.
    """
    last, strays = failing.steps[-1].operation, _strays(failing)
    seen = {(failing.names, failing.sequence.naming, failing.steps)}
    for make in (_by_the_shortest_path, _plainly, _seen_sooner, *_CUTS, _without_pairs, *_MILDER, _waiting_instead):
        for names, sequence in _cheapest_first(make(failing, contract), costs):
            repaired = evolve(sequence, steps=repaired_steps(sequence.steps, contract, strays))
            if not repaired.steps or (make in _SAME_END and repaired.steps[-1].operation != last):
                continue
            used = names if _uses_all(names, repaired) else _used(names, repaired)
            key = (used, repaired.naming, repaired.steps)
            if key not in seen:
                seen.add(key)
                yield used, repaired


def _cheapest_first(found: Iterator[Candidate], costs: Costs | None) -> Iterable[Candidate]:
    return found if costs is None else sorted(found, key=lambda candidate: costs.total(candidate[1]))


def _strays(failing: Failing) -> frozenset[Operation]:
    """What is done, somewhere, to a service that is not there: it may be what fails, so it is kept where it stands so."""
    state: set[str] = set()
    found: set[Operation] = set()
    for step in failing.steps:
        operation = step.operation
        if isinstance(operation, Create):
            state.add(operation.name)
        elif operation.service is not None and operation.service not in state:
            found.add(operation)
    return frozenset(found)


def repaired_steps(steps: Steps, contract: Contract, strays: frozenset[Operation] = frozenset()) -> Steps:
    """`steps` without those that the model does not enable where they stand.

    Nor those on a service that is not there, which would only be refused, but for `strays`.
    """
    kept: list[Step] = []
    state = CLEAN
    for step in steps:
        operation = step.operation
        known = operation.service is None or operation.service in state.services
        if is_enabled(state, operation) and (known or isinstance(operation, Create) or operation in strays):
            kept.append(step)
            state = _after(state, operation, contract)
    return tuple(kept)


def _after(state: State, operation: Operation, contract: Contract) -> State:
    return follow(state, operation, _IMAGINED, contract)[0].state


def _states(failing: Failing, contract: Contract) -> list[Abstract]:
    """The abstract state before each step and after the last, as the model imagines them."""
    state = CLEAN
    found = [abstract(state, failing.names)]
    for step in failing.steps:
        state = _after(state, step.operation, contract)
        found.append(abstract(state, failing.names))
    return found


def _uses_all(names: tuple[str, ...], sequence: Sequence) -> bool:
    return set(names) == {step.operation.service for step in sequence.steps} - {None}


def _used(names: tuple[str, ...], sequence: Sequence) -> tuple[str, ...]:
    """The names up to the last that is used: real names depend on a service's place, so none before it is left out."""
    places = [names.index(step.operation.service) for step in sequence.steps if step.operation.service in names]
    return names[: max(places, default=0) + 1]


def _with(failing: Failing, steps: Steps) -> Candidate:
    return failing.names, evolve(failing.sequence, steps=steps)


def _by_the_shortest_path(failing: Failing, contract: Contract) -> Iterator[Candidate]:
    """The cheapest way to where the failing run was k steps before its end, then the last k steps; k = 1, 2, 4, …"""
    atlas = Atlas(failing.names, contract)
    start = abstract(CLEAN, failing.names)
    k = 1
    while k < len(failing.steps) and failing.befores:
        goal = failing.befores[len(failing.steps) - k]
        way = atlas.nearest(start, partial(_is, goal))
        if way is not None and len(way) + k < len(failing.steps):
            yield _with(failing, (*map(Step, way), *failing.steps[-k:]))
        k *= 2


def _is(goal: Abstract, here: Abstract) -> bool:
    return goal == here


def _seen_sooner(failing: Failing, _: Contract) -> Iterator[Candidate]:
    """Without the last step, where the one before it was hurried past: that one is looked at instead, in either way."""
    if len(failing.steps) > 1 and failing.steps[-2].hurried:
        for pace in (Pace.CALM, Pace.ENGINE_ONLY):
            yield _with(failing, (*failing.steps[:-2], Step(failing.steps[-2].operation, pace)))


def _waiting_instead(failing: Failing, _: Contract) -> Iterator[Candidate]:
    """With nothing but a wait in place of the last steps: it may be that only time has to pass."""
    for kept in range(1, len(failing.steps)):
        yield _with(failing, (*failing.steps[:kept], Step(Wait(Length.SHORT))))


def _without_service(failing: Failing, _: Contract) -> Iterator[Candidate]:
    services = dict.fromkeys(step.operation.service for step in failing.steps)
    if len(services) > 1:
        for name in reversed([service for service in services if service is not None]):
            yield _with(failing, tuple(step for step in failing.steps if step.operation.service != name))


def _without_kind(failing: Failing, _: Contract) -> Iterator[Candidate]:
    last = failing.steps[-1].operation.kind
    for kind in dict.fromkeys(step.operation.kind for step in failing.steps):
        if kind not in (last, "create"):
            yield _with(failing, tuple(step for step in failing.steps if step.operation.kind != kind))


def _without_self_loops(failing: Failing, contract: Contract) -> Iterator[Candidate]:
    states = _states(failing, contract)
    last = len(failing.steps) - 1
    kept = tuple(
        step for place, step in enumerate(failing.steps) if states[place] != states[place + 1] or place == last
    )
    yield _with(failing, kept)


def _without_loops(failing: Failing, contract: Contract) -> Iterator[Candidate]:
    """Cut out what leads back to a state that was there before, the longest first."""
    states = _states(failing, contract)[:-1]
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


def _without_blocks(failing: Failing, _: Contract) -> Iterator[Candidate]:
    """Without blocks of halving size, single steps last; from the end, where what matters least for the path stands."""
    size = len(failing.steps) // 2
    while size >= 1:
        for end in range(len(failing.steps) - 1, 0, -size):
            yield _with(failing, failing.steps[: max(0, end - size)] + failing.steps[end:])
        size //= 2


def _without_pairs(failing: Failing, _: Contract) -> Iterator[Candidate]:
    """Without two steps on one service that may belong together: a start and its stop, a fault and its end."""
    steps = failing.steps
    for first in range(len(steps) - 1):
        for second in range(first + 1, len(steps) - 1):
            if second > first + 1 and steps[first].operation.service == steps[second].operation.service is not None:
                yield _with(failing, steps[:first] + steps[first + 1 : second] + steps[second + 1 :])


def _plainly(failing: Failing, _: Contract) -> Iterator[Candidate]:
    """Plain names and calm steps, at once: once it fails so, all that follows is easier to read and cheaper to tell."""
    yield failing.names, Sequence(calmly_done(failing.steps))


def _plainly_named(failing: Failing, _: Contract) -> Iterator[Candidate]:
    if failing.sequence.naming is not Naming.PLAIN:
        yield failing.names, evolve(failing.sequence, naming=Naming.PLAIN)


def _calmer(failing: Failing, _: Contract) -> Iterator[Candidate]:
    steps = failing.steps
    yield _with(failing, calmly_done(steps))
    for place, step in enumerate(steps):
        if step.pace is not Pace.CALM:
            yield _with(failing, (*steps[:place], Step(step.operation), *steps[place + 1 :]))


def _milder(failing: Failing, _: Contract) -> Iterator[Candidate]:
    """With the simplest fault of its sort in place of others."""
    for place, step in enumerate(failing.steps):
        for mild in step.operation.milder:
            yield _with(failing, (*failing.steps[:place], Step(mild, step.pace), *failing.steps[place + 1 :]))


_Make = Callable[[Failing, Contract], Iterator[Candidate]]
_CUTS: tuple[_Make, ...] = (_without_service, _without_self_loops, _without_kind, _without_loops, _without_blocks)
_SAME_END = (_by_the_shortest_path, _plainly, *_CUTS, _without_pairs)
_MILDER: tuple[_Make, ...] = (_plainly_named, _calmer, _milder)
