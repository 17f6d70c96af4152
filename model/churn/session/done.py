"""What was done: whether the steps that make a known bug stand in those of a sequence."""

from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import Self

from attrs import frozen

from churn.lifecycle.operations import Create, Operation, Pace, Step, Wait
from churn.lifecycle.sequence import Naming


@frozen
class Done:
    """Operations that were done, waits apart, and the services of their sequence.

    `unasked`: the last was looked at without a word to the manager, whose answer may put right what is there. `naming` is how
    the services were called.
    """

    names: tuple[str, ...]
    operations: tuple[Operation, ...]
    unasked: bool = False
    naming: Naming = Naming.PLAIN

    @classmethod
    def of(cls, names: tuple[str, ...], steps: Sequence[Step], naming: Naming = Naming.PLAIN) -> Self:
        """What these steps do: time passes in any sequence, and a pace asks for nothing."""
        unasked = bool(steps) and steps[-1].pace is Pace.ENGINE_ONLY
        operations = tuple([one.operation for one in steps if not isinstance(one.operation, Wait)])
        return cls(names, operations, unasked, naming)

    @property
    def special(self) -> bool:
        """Whether there is something else to it than what is done."""
        return self.unasked or self.naming is not Naming.PLAIN

    def passes(self, other: "Done") -> bool:
        """Whether what this makes does not come in the other: there the manager was asked, or services are plainly called."""
        plainly = self.naming is not Naming.PLAIN and other.naming is Naming.PLAIN
        return plainly or (self.unasked and not other.unasked)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps that do it."""
        last = Pace.ENGINE_ONLY if self.unasked else Pace.CALM
        paces = [Pace.CALM] * (len(self.operations) - 1) + [last]
        return tuple(Step(operation, pace) for operation, pace in zip(self.operations, paces, strict=False))

    def stands_in(self, other: "Done") -> bool:
        """Whether all of it was done there in this order, on services called as they may be; which fault it was is not asked.

        In which order services are created, and between what, makes no difference.
        """
        used = tuple(dict.fromkeys(name for one in self.operations for name in one.services))
        created, rest = _parted(other.operations, whole=False)
        for names in permutations(other.names, len(used)):
            called: dict[str | None, str | None] = {None: None, **dict(zip(used, names, strict=True))}
            first, then = _parted(self.operations)
            ahead = iter(rest)
            if {(kind, called[name]) for kind, name in first} <= set(created) and all(
                (kind, called[name]) in ahead for kind, name in then
            ):
                return True
        return False


_Act = tuple[str, str | None]


def _parted(operations: Iterable[Operation], *, whole: bool = True) -> tuple[list[_Act], list[_Act]]:
    """Those that create, and the others, each as its kind and its service. If not `whole`, with the parts of each beside it."""
    created: list[_Act] = []
    rest: list[_Act] = []
    for one in operations:
        kinds = [one.kind] if whole else dict.fromkeys((*one.parts[:1], one.kind, *one.parts))
        (created if isinstance(one, Create) else rest).extend((kind, one.service) for kind in kinds)
    return created, rest
