"""What was done: whether the steps that make a known bug stand in those of a sequence."""

from collections.abc import Iterable
from itertools import permutations
from typing import Self

from attrs import frozen

from churn.lifecycle.operations import Create, Operation, Step, Wait


@frozen
class Done:
    """Operations that were done, waits apart, and the services of their sequence."""

    names: tuple[str, ...]
    operations: tuple[Operation, ...]

    @classmethod
    def of(cls, names: tuple[str, ...], steps: Iterable[Step]) -> Self:
        """What these steps do: time passes in any sequence, and a pace asks for nothing."""
        return cls(names, tuple(step.operation for step in steps if not isinstance(step.operation, Wait)))

    def stands_in(self, other: "Done") -> bool:
        """Whether all of it was done there in this order, on services called as they may be; which fault it was is not asked.

        In which order services are created, and between what, makes no difference.
        """
        used = tuple(dict.fromkeys(one.service for one in self.operations if one.service is not None))
        created, rest = _parted(other.operations)
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


def _parted(operations: Iterable[Operation]) -> tuple[list[_Act], list[_Act]]:
    """Those that create, and the others, each as its kind and its service."""
    created: list[_Act] = []
    rest: list[_Act] = []
    for one in operations:
        (created if isinstance(one, Create) else rest).append((one.kind, one.service))
    return created, rest
