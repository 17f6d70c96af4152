"""The memo: which sequences were run, and what came of them, so that none is run again except to confirm a failure."""

from attrs import define, field

from churn.lifecycle.operations import Step
from churn.lifecycle.sequence import Naming, Sequence
from churn.session.failing import Result

Key = tuple[tuple[str, ...], Naming, tuple[Step, ...]]


@define
class Memo:
    """What came of each sequence, without observations, ids, ports and times.

    It holds for a system that does the same each time. When a sequence came out differently, all has to be forgotten (`clear`).
    """

    _known: dict[Key, Result] = field(init=False, factory=dict)
    _passing: set[Key] = field(init=False, factory=set)

    def recall(self, names: tuple[str, ...], sequence: Sequence) -> Result | None:
        """What is known of a sequence.

        It is known to pass if it is the beginning of one that got further. It is known to fail if its own beginning fails,
        and the last step of that beginning is looked at.
        """
        key = (names, sequence.naming, sequence.steps)
        if key in self._known:
            return self._known[key]
        for size in range(1, len(sequence.steps)):
            beginning = self._known.get((names, sequence.naming, sequence.steps[:size]))
            if beginning is not None and beginning.failed and not sequence.steps[size - 1].hurried:
                return beginning
        return Result(sequence.steps) if key in self._passing else None

    def contradicts(self, names: tuple[str, ...], sequence: Sequence, result: Result) -> bool:
        """Whether a run's result shows, with what is known, that the system does not do the same each time."""
        known = self._known.get((names, sequence.naming, sequence.steps))
        if known is not None and known.signature != result.signature:
            return True
        beginnings = (
            self._known.get((names, sequence.naming, result.steps[:size])) for size in range(len(result.steps))
        )
        if any(beginning is not None and beginning.failed for beginning in beginnings):
            return True
        return result.failed and (names, sequence.naming, result.steps) in self._passing

    def keep(self, names: tuple[str, ...], sequence: Sequence, result: Result) -> None:
        """Note a run's result."""
        self._known[names, sequence.naming, sequence.steps] = result
        if result.failed:  # the steps that were not reached do not matter
            self._known[names, sequence.naming, result.steps] = result
        looked = len(result.steps) - 1 if result.failed else len(result.steps)
        for length in range(1, looked + 1):
            if not result.steps[length - 1].hurried:  # only what was looked at is known to pass
                self._passing.add((names, sequence.naming, result.steps[:length]))

    def copy(self) -> "Memo":
        """What is known by now, to be kept."""
        twin = Memo()
        twin._known.update(self._known)
        twin._passing.update(self._passing)
        return twin

    def clear(self) -> None:
        """Forget all, because the system does not do the same each time."""
        self._known.clear()
        self._passing.clear()
