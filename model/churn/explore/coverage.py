"""Transition coverage: which pairs of abstract state and operation a trace has been through."""

from attrs import define, field

from churn.lifecycle.condition import ABSENT
from churn.lifecycle.operations import Operation
from churn.lifecycle.paths import Atlas, Pair
from churn.session.run import Record
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
        """Add what the trace did. Services that a sequence lacks count as absent; so do further ones, while they are."""
        for run in trace.runs:
            last: Pair | None = None
            for record in run.records:
                pair = self.pair(record)
                if pair is not None:
                    self.done[pair] = self.done.get(pair, 0) + 1
                    if last is not None and self.atlas.edges.get(last[0], {}).get(last[1]) == pair[0]:
                        self.consecutive.add((last, pair[1]))
                last = pair

    def pair(self, record: Record) -> Pair | None:
        """The atlas's pair that a step was; None where a further service is there, or is acted on."""
        width, before, operation = len(self.atlas.names), record.before, record.step.operation
        if any(one != ABSENT for one in before[width:]) or operation.service not in (None, *self.atlas.names):
            return None
        return before[:width] + (ABSENT,) * (width - len(before)), operation

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
