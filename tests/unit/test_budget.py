"""What a run may spend: operations, and seconds of its clock."""

import pytest

from churn.errors import BudgetSpent
from churn.session.budget import Budget
from churn.system.clock import VirtualClock


def charged(budget: Budget, most: int = 1000) -> int:
    """How many operations the budget still lets through."""
    for count in range(most):
        try:
            budget.charge()
        except BudgetSpent:
            return count
    return most


def test_without_limits_as_much_as_it_takes_may_be_spent() -> None:
    clock = VirtualClock()
    budget = Budget(clock)
    clock.sleep(1e9)
    assert charged(budget) == 1000
    assert budget.spent == 1000
    assert budget.left is None


def test_so_many_operations_and_no_more() -> None:
    budget = Budget(VirtualClock(), operations=3)
    assert budget.left == 3
    assert charged(budget) == 3
    assert (budget.spent, budget.left) == (3, 0)
    with pytest.raises(BudgetSpent, match="3 operations are spent"):
        budget.charge()
    assert budget.spent == 3


def test_so_many_seconds_and_no_more() -> None:
    clock = VirtualClock(100.0)
    budget = Budget(clock, seconds=5.0)
    clock.sleep(4.9)
    budget.charge()
    clock.sleep(0.1)
    with pytest.raises(BudgetSpent, match="5 s are spent"):
        budget.charge()
    assert budget.elapsed == pytest.approx(5.0)


def test_nothing_can_be_done_with_nothing() -> None:
    assert charged(Budget(VirtualClock(), operations=0)) == 0
    assert charged(Budget(VirtualClock(), seconds=0.0)) == 0


@pytest.mark.parametrize(("part", "expected"), [(0.0, 0), (0.25, 2), (0.5, 4), (1.0, 8)])
def test_a_share_is_of_what_is_left(part: float, expected: int) -> None:
    budget = Budget(VirtualClock(), operations=10)
    budget.charge()
    budget.charge()
    with budget.share(part):
        assert charged(budget) == expected
    assert budget.left == 8 - expected
    assert charged(budget) == 8 - expected


def test_a_share_is_of_the_seconds_that_are_left_too() -> None:
    clock = VirtualClock()
    budget = Budget(clock, seconds=10.0)
    clock.sleep(2.0)
    with budget.share(0.5):
        clock.sleep(3.9)
        budget.charge()
        clock.sleep(0.2)
        assert charged(budget) == 0
    budget.charge()
    clock.sleep(4.0)
    assert charged(budget) == 0


def test_a_share_of_no_limit_is_no_limit() -> None:
    budget = Budget(VirtualClock())
    with budget.share(0.1):
        assert charged(budget) == 1000


def test_a_share_within_a_share_is_of_that_share() -> None:
    budget = Budget(VirtualClock(), operations=100)
    with budget.share(0.5), budget.share(0.5):
        assert charged(budget) == 25
    assert budget.left == 75


def test_a_share_ends_also_when_it_ends_badly() -> None:
    budget = Budget(VirtualClock(), operations=10)
    with pytest.raises(KeyError), budget.share(0.1):
        raise KeyError
    assert budget.left == 10
    budget.charge()
    assert budget.left == 9


def test_what_is_not_counted_is_not_limited_and_takes_nothing_from_the_rest() -> None:
    clock = VirtualClock()
    budget = Budget(clock, operations=10, seconds=100.0)
    budget.charge()
    with budget.uncounted():
        assert charged(budget, 50) == 50
        clock.sleep(1000.0)
        assert charged(budget, 1) == 1
    assert budget.spent == 52
    assert budget.left == 9
    clock.sleep(99.0)
    assert charged(budget, 8) == 8
    clock.sleep(1.0)
    assert charged(budget) == 0


def test_what_is_not_counted_ends_also_when_it_ends_badly() -> None:
    budget = Budget(VirtualClock(), operations=1)
    with pytest.raises(KeyError), budget.uncounted():
        raise KeyError
    assert charged(budget) == 1
