"""What a run may spend: operations on the system, and seconds. Looks cost little: they are only counted."""

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define, field

from churn.errors import BudgetSpent
from churn.system.clock import Clock


@define
class Budget:
    """How many operations, and how many seconds of `clock`, may be spent; None: no limit. Resets count as operations."""

    clock: Clock
    operations: int | None = None
    seconds: float | None = None
    spent: int = 0
    looks: int = 0
    _began: float = field(init=False)
    _aside: tuple[int, float] = field(init=False, default=(0, 0.0))
    """Operations and seconds that were not counted so far."""
    _uncounted_from: tuple[int, float] | None = field(init=False, default=None)
    """How many of them were spent when not counting began; None while they count."""

    def __attrs_post_init__(self) -> None:
        self._began = self.clock.now()

    @property
    def elapsed(self) -> float:
        """Seconds since it was made."""
        return self.clock.now() - self._began

    @property
    def left(self) -> int | None:
        """Operations left, None where there is no limit."""
        return None if self.operations is None else max(0, self.operations - self.spent)

    @property
    def seconds_left(self) -> float | None:
        """Seconds left, None where there is no limit."""
        return None if self.seconds is None else max(0.0, self.seconds - self.elapsed)

    def used(self, operations: int | None, seconds: float | None) -> float:
        """Which part, from 0 to 1, of so many operations or seconds is used up; of both limits the one that is nearer counts."""
        spent, elapsed = self._uncounted_from or (self.spent, self.elapsed)
        shares = [0.0]
        if operations:
            shares.append((spent - self._aside[0]) / operations)
        if seconds:
            shares.append((elapsed - self._aside[1]) / seconds)
        return min(1.0, max(shares))

    @contextmanager
    def share(self, part: float) -> Iterator[None]:
        """Within this, only that part (0 to 1) of what is left may be spent."""
        operations, seconds = self.operations, self.seconds
        if operations is not None:
            self.operations = self.spent + int(part * (operations - self.spent))
        if seconds is not None:
            elapsed = self.elapsed
            self.seconds = elapsed + part * max(0.0, seconds - elapsed)
        try:
            yield
        finally:
            self.operations, self.seconds = operations, seconds

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """Within this, nothing is limited. What is spent meanwhile is counted, but does not use up the budget."""
        operations, seconds, spent, elapsed = self.operations, self.seconds, self.spent, self.elapsed
        self.operations = self.seconds = None
        outermost = self._uncounted_from is None
        if outermost:
            self._uncounted_from = spent, elapsed
        try:
            yield
        finally:
            if outermost:
                self._uncounted_from = None
                self._aside = self._aside[0] + self.spent - spent, self._aside[1] + self.elapsed - elapsed
            self.operations = None if operations is None else operations + self.spent - spent
            self.seconds = None if seconds is None else seconds + self.elapsed - elapsed

    def charge(self) -> None:
        """Count one operation about to be done. Raises `BudgetSpent` where there is none left, or no time."""
        if self.operations is not None and self.spent >= self.operations:
            raise BudgetSpent(f"{self.operations} operations are spent")
        if self.seconds is not None and self.elapsed >= self.seconds:
            raise BudgetSpent(f"{self.seconds:g} s are spent")
        self.spent += 1
