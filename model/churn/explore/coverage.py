"""Transition coverage: which pairs of abstract state and operation a trace has been through."""

from attrs import define, field

from churn.lifecycle.paths import Atlas, Pair
from churn.session.trace import Trace

_ABSENT = ("absent",)


@define
class Coverage:
    """The pairs of an atlas, and how many times each was done."""

    atlas: Atlas
    done: dict[Pair, int] = field(init=False, factory=dict)
    _all: dict[Pair, None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._all = dict.fromkeys(self.atlas.pairs)

    def count(self, trace: Trace) -> None:
        """Add what the trace did. Sequences with fewer services count as if the others were absent."""
        width = len(self.atlas.names)
        for chapter, record in trace.records():
            if len(chapter.names) <= width:
                pair = (record.before + _ABSENT * (width - len(record.before)), record.step.operation)
                self.done[pair] = self.done.get(pair, 0) + 1

    @property
    def covered(self) -> int:
        """How many of the atlas's pairs were done at least once."""
        return sum(pair in self.done for pair in self._all)

    @property
    def total(self) -> int:
        """How many pairs the atlas has."""
        return len(self._all)

    @property
    def missed(self) -> list[Pair]:
        """The pairs never done: out of the system's reach, or of the budget's."""
        return [pair for pair in self._all if pair not in self.done]
