"""What one call of the shrinker may spend: runs, seconds of the system's clock, and what is left of the session's budget."""

from attrs import frozen

from churn.lifecycle.sequence import Sequence
from churn.session.session import Session
from churn.shrink.foresight import Foresight


@frozen(kw_only=True)
class Purse:
    """Ends in runs (as the shrinker counts them) and in seconds (None: as long as it takes)."""

    session: Session
    foresight: Foresight
    runs: int
    seconds: float | None = None
    most_kept: float | None = None
    """What is kept back for another run at most: what is dearer is made cheaper first."""

    @property
    def left(self) -> float | None:
        """Seconds of the system's clock that are left, None where there is no end to them."""
        clock, budget = self.session.system.clock, self.session.budget
        ends = [self.seconds - clock.now()] if self.seconds is not None else []
        if budget.seconds is not None and type(budget.clock) is type(clock):
            ends.append(budget.seconds - budget.elapsed)
        return min(ends, default=None)

    def pays(self, sequence: Sequence, *, keeping: Sequence | None = None) -> bool:
        """Whether a run of it can be paid, and then still one of `keeping`.

        Nothing is kept where that is too dear: what fails instead is cheaper to run again.
        """
        if not self._pays_operations(sequence, keeping):
            return False
        if self.left is None:
            return True
        cost = self.foresight.seconds(sequence)
        kept = self.foresight.seconds(keeping) if keeping is not None else 0.0
        dear = kept > (self.left if self.most_kept is None else min(self.left, self.most_kept))
        return self.left > 0 and cost + (0.0 if dear else kept) <= self.left

    def _pays_operations(self, sequence: Sequence, keeping: Sequence | None) -> bool:
        left = self.session.budget.left
        kept = _operations(keeping) if keeping is not None else 0
        return left is None or _operations(sequence) + (kept if kept <= left else 0) <= left


def _operations(sequence: Sequence) -> int:
    return len(sequence.steps) + 1  # the reset
