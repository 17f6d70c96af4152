"""What is new yet: of each mark that steps have, how much is left."""

from collections.abc import Iterable, Mapping

from attrs import define, field

from churn.lifecycle.planning.worth import Mark

FADING = 0.2
"""A mark that was met counts that much of what it did, each time: a manager that did right once mostly does again."""
Marks = tuple[tuple[int, float], ...]
"""Marks by their numbers, each with what it is worth as long as it was not met."""


@define(eq=False)
class Novelty:
    """How much of each mark is new yet. Marks have numbers here, because they are asked for at each step of each way."""

    left: list[float] = field(init=False, factory=list)
    """By the mark's number: 1 as long as it was not met."""
    _numbers: dict[Mark, int] = field(init=False, factory=dict)

    def numbered(self, marks: Iterable[tuple[Mark, float]]) -> Marks:
        """The marks by their numbers."""
        return tuple([(self._number(mark), value) for mark, value in marks])

    def _number(self, mark: Mark) -> int:
        number = self._numbers.setdefault(mark, len(self.left))
        if number == len(self.left):
            self.left.append(1.0)
        return number

    def met(self, marks: Marks) -> None:
        """These were met once more."""
        for number, _ in marks:
            self.left[number] *= FADING

    def left_of(self, marks: Marks, faded: Mapping[int, float]) -> float:
        """What is left of these, where some are `faded` besides."""
        left, total = self.left, 0.0
        for number, value in marks:
            total += value * left[number] * faded.get(number, 1.0)
        return total
