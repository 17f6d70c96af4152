"""Transition coverage: which pairs of abstract state and operation a trace has been through."""

from attrs import define, field

from churn.lifecycle.condition import ABSENT
from churn.lifecycle.operations import Operation
from churn.lifecycle.paths import Atlas, Pair
from churn.session.trace import Trace


@define
class Coverage:
    """The pairs of an atlas, and how many times each was done; and which were done one right after the other."""

    atlas: Atlas
    done: dict[Pair, int] = field(init=False, factory=dict)
    consecutive: set[tuple[Pair, Operation]] = field(init=False, factory=set)
    """Pairs of which the operation was the next one done after."""
    _all: dict[Pair, None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._all = dict.fromkeys(self.atlas.pairs)

    def count(self, trace: Trace) -> None:
        """Add what the trace did. Sequences with fewer services count as if the others were absent."""
        width = len(self.atlas.names)
        for run in trace.runs:
            if len(run.names) > width:
                continue
            last: Pair | None = None
            for record in run.records:
                pair = (record.before + (ABSENT,) * (width - len(record.before)), record.step.operation)
                self.done[pair] = self.done.get(pair, 0) + 1
                if last is not None and self.atlas.edges.get(last[0], {}).get(last[1]) == pair[0]:
                    self.consecutive.add((last, pair[1]))
                last = pair

    @property
    def covered(self) -> int:
        """How many of the atlas's pairs were done at least once."""
        return sum(pair in self.done for pair in self._all)

    @property
    def total(self) -> int:
        """How many pairs the atlas has."""
        return len(self._all)

    @property
    def successions(self) -> int:
        """How many pairs of consecutive transitions there are, by what the model expects each to lead to."""
        edges = self.atlas.edges
        return sum(len(edges[there]) for here in edges.values() for there in here.values())

    @property
    def missed(self) -> list[Pair]:
        """The pairs never done: out of the system's reach, or of the budget's."""
        return [pair for pair in self._all if pair not in self.done]
