"""Whether one failure is a case of another: whether the other's steps stand in its own."""

from collections.abc import Sequence as Sequenced
from itertools import permutations

from attrs import frozen

from churn.lifecycle.condition import Abstract
from churn.lifecycle.operations import Create, Operation, Step, Wait, renamed
from churn.session.failing import Failing
from churn.session.verdict import Signature

_IDLE = frozenset({"created", "stopped", "failed", "dead"})
"""States of a service whose server does not run: however it came to that, a step does the same there."""


@frozen
class _Done:
    """An operation, and the state that the service acted on was in; empty where that is not known or does not matter."""

    operation: Operation
    condition: str = ""

    def like(self, wanted: "_Done") -> bool:
        """Whether this is what is wanted, or has it as a part, in whatever state, as a restart has a stop."""
        mine, its = self.operation, wanted.operation
        if its.kind in mine.parts and mine.service == its.service:
            return True
        return mine == its and (not wanted.condition or self.condition in ("", wanted.condition))


def alike(one: Signature, other: Signature) -> bool:
    """Whether two failures may be one bug: the same invariant objected. Operation and state are told by the smallest."""
    return one.invariant == other.invariant


def is_part_of(small: Failing, names: tuple[str, ...], steps: tuple[Step, ...]) -> bool:
    """Whether the small sequence's operations stand in `steps` in their order, its services called as they may be there.

    In which order services are created, and between what, makes no difference.
    """
    return _stand_in([_Done(step.operation) for step in small.steps], names, [_Done(step.operation) for step in steps])


def contains(failing: Failing, small: Failing, *, at_the_end: bool = False) -> bool:
    """Whether the small failure's steps stand in the other's: the waits apart, for time passes there too.

    Its last step must have been done there to a service in the same state; `at_the_end`: as the last that was done, or
    hurried past just before that.
    """
    *others, last = _conditioned(small)
    wanted = [_Done(one.operation) for one in (*others, last) if not isinstance(one.operation, Wait)]
    if not isinstance(last.operation, Wait):
        wanted[-1] = last
    done = _conditioned(failing)
    if not at_the_end:
        return _stand_in(wanted, failing.names, done)
    return any(_stand_in(wanted, failing.names, done[:size], last=True) for size in _ends(failing.steps))


def _ends(steps: Sequenced[Step]) -> range:
    """How many steps there are up to each of those that are looked at together at the end."""
    first = len(steps)
    while first > 1 and steps[first - 2].hurried:
        first -= 1
    return range(first, len(steps) + 1)


def _conditioned(failing: Failing) -> list[_Done]:
    """The operations, each with the state of the service that it acted on, faults apart."""
    befores = failing.befores or ((),) * len(failing.steps)
    pairs = zip(failing.steps, befores, strict=True)
    return [_Done(step.operation, _condition(failing.names, step, before)) for step, before in pairs]


def _condition(names: tuple[str, ...], step: Step, before: Abstract) -> str:
    service = step.operation.service
    if not before or service not in names:
        return ""
    word = before[names.index(service)].word
    return "idle" if word in _IDLE else word


def _stand_in(wanted: list[_Done], names: tuple[str, ...], done: list[_Done], *, last: bool = False) -> bool:
    """Whether all that is wanted was done, in this order, on services called as they may be; `last`: its end at the end."""
    used = tuple(dict.fromkeys(name for one in wanted for name in one.operation.services))
    for others in permutations(names, len(used)):
        called = dict(zip(used, others, strict=True))
        here = [_Done(renamed(one.operation, called), one.condition) for one in wanted]
        if _follow(here, done, last=last):
            return True
    return False


def _follow(wanted: list[_Done], done: list[_Done], *, last: bool) -> bool:
    made = {one.operation for one in done if isinstance(one.operation, Create)}
    rest = [one for one in done if not isinstance(one.operation, Create)]
    then = [one for one in wanted if not isinstance(one.operation, Create)]
    if not {one.operation for one in wanted if isinstance(one.operation, Create)} <= made:
        return False
    if last and then:
        if not rest or not rest[-1].like(then[-1]):
            return False
        rest, then = rest[:-1], then[:-1]
    ahead = iter(rest)
    return all(any(one.like(want) for one in ahead) for want in then)
