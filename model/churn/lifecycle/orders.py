"""Is there an order that explains what came of operations that overlapped? The search, whatever the states and operations are.

Operations that overlap have taken effect one after the other, each at some moment between its beginning and its end, in an
order that nobody saw. Such an order exists for what a correct system does (linearizability, Herlihy and Wing 1990). The
search goes depth first; where the same operations have led to the same state, it does not go on twice (Wing and Gong 1993, with
the memo of Lowe 2017).
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from attrs import frozen

S = TypeVar("S")
MOST_NODES = 50_000
"""Pairs of a state and the operations that led to it, after which the search gives up."""


@frozen
class Span:
    """When an operation was under way, in seconds of one clock, and who asked for it: a client asks for one after the other."""

    began: float
    ended: float
    client: int

    def overlaps(self, other: "Span") -> bool:
        """Whether there was a moment at which both were under way."""
        return self.client != other.client and self.began <= other.ended and other.began <= self.ended


@frozen
class Orders(Generic[S]):
    """What the search found.

    `ends` are the states in which orders of all operations end, each once. `longest` is the longest order that goes, as the
    places of its operations; a whole one where there is one. If it is not `complete`, the search gave up: there may be more.
    """

    ends: tuple[S, ...]
    longest: tuple[int, ...]
    complete: bool
    nodes: int


def earlier(spans: Sequence[Span]) -> tuple[int, ...]:
    """For each operation those that surely took effect before it, as a number whose bits are their places."""
    return tuple(
        sum(
            1 << place
            for place, before in enumerate(spans)
            if before.ended < after.began or (before.client == after.client and place < number)
        )
        for number, after in enumerate(spans)
    )


def orders(
    spans: Sequence[Span],
    starts: Iterable[S],
    follow: Callable[[S, int], Iterable[S]],
    key: Callable[[S], Hashable],
    *,
    first: bool = False,
    most_nodes: int = MOST_NODES,
) -> Orders[S]:
    """All states in which an order of the operations may end that begins in one of `starts`.

    The operations of one client stand in `spans` in the order in which it asked. `follow` gives the states that an operation,
    by its place, may lead to from a state, with what came of it; none where it cannot have had that effect there. States are
    alike where their `key` is. With `first`, the search ends with the first order.
    """
    before, whole = earlier(spans), (1 << len(spans)) - 1
    ends: dict[Hashable, S] = {}
    seen, nodes = set[tuple[int, Hashable]](), 0
    longest: tuple[int, ...] = ()
    stack: list[tuple[int, S, tuple[int, ...]]] = [(0, state, longest) for state in starts][::-1]
    while stack:
        done, state, order = stack.pop()
        nodes += 1
        longest = order if len(order) > len(longest) else longest
        if done == whole:
            ends.setdefault(key(state), state)
            if first:
                break
            continue
        if done & (done - 1):  # one operation alone is done in one way only
            if (mark := (done, key(state))) in seen:
                continue
            seen.add(mark)
        if nodes > most_nodes:
            return Orders(tuple(ends.values()), longest, complete=False, nodes=nodes)
        for place in _next(done, before):
            further = [(done | 1 << place, after, (*order, place)) for after in follow(state, place)]
            stack.extend(reversed(further))
    return Orders(tuple(ends.values()), longest, complete=True, nodes=nodes)


def _next(done: int, before: Sequence[int]) -> Iterator[int]:
    """The operations that may come next, last first."""
    for place in range(len(before) - 1, -1, -1):
        if not done >> place & 1 and not before[place] & ~done:
            yield place
