"""The search for an order that explains operations which overlapped: held against all orders, tried one by one."""

from collections.abc import Iterator
from itertools import permutations
from random import Random

import pytest

from churn.lifecycle.orders import Span, earlier, orders

Op = tuple[str, int]
"""A register's operation, and the value that it wrote or read."""


def register(ops: list[Op]):
    """What may follow an operation on a register."""

    def follow(state: int, place: int) -> Iterator[int]:
        kind, value = ops[place]
        if kind == "write":
            yield value
        elif state == value:
            yield state

    return follow


def drawn(random: Random) -> tuple[list[Op], list[Span]]:
    """A history of up to six operations of three clients: writes, and reads that may have seen anything."""
    ops: list[Op] = []
    spans: list[Span] = []
    for client in range(3):
        now = random.random()
        for _ in range(random.randint(0, 2)):
            ended = now + random.random()
            ops.append((random.choice(("read", "write")), random.randint(0, 2)))
            spans.append(Span(now, ended, client))
            now = ended + random.choice((0.0, random.random()))
    return ops, spans


def ends_by_force(ops: list[Op], spans: list[Span]) -> set[int]:
    """The states in which an order of all operations ends that is one; by trying them all."""
    before, found = earlier(spans), set()
    for order in permutations(range(len(ops))):
        if any(before[one] >> other & 1 for place, one in enumerate(order) for other in order[place + 1 :]):
            continue
        state: int | None = 0
        for place in order:
            state = next(register(ops)(state, place), None) if state is not None else None
        if state is not None:
            found.add(state)
    return found


def test_ten_thousand_histories_have_the_ends_that_all_orders_together_have() -> None:
    random = Random(20)  # noqa: S311 -- the same histories each time
    explained = 0
    for _ in range(10_000):
        ops, spans = drawn(random)
        found = orders(spans, (0,), register(ops), lambda state: state)
        assert found.complete
        assert set(found.ends) == ends_by_force(ops, spans), (ops, spans)
        explained += bool(found.ends)
    assert 1_000 < explained < 9_000, "both kinds of history have to be drawn"


def test_the_longest_order_is_told_where_none_explains_all() -> None:
    ops = [("write", 1), ("read", 2), ("read", 1)]
    found = orders([Span(0, 9, 0), Span(0, 9, 1), Span(0, 9, 2)], (0,), register(ops), lambda state: state)
    assert found.ends == ()
    assert sorted(found.longest) == [0, 2]


def test_operations_that_touch_in_time_may_have_come_in_either_order() -> None:
    assert earlier([Span(0, 1, 0), Span(1, 2, 1)]) == (0, 0)
    assert earlier([Span(0, 1, 0), Span(1.5, 2, 1)]) == (0, 1)
    assert earlier([Span(0, 1, 0), Span(1, 2, 0)]) == (0, 1), "one client asks for one after the other"


@pytest.mark.parametrize("first", [True, False])
def test_the_search_ends_at_its_limit_and_says_so(first: bool) -> None:
    ops = [("write", number) for number in range(7)]
    spans = [Span(0, 1, client) for client in range(7)]
    assert not orders(spans, (0,), register(ops), lambda state: state, most_nodes=50).complete
    assert orders(spans, (0,), register(ops), lambda state: state, first=first).complete
