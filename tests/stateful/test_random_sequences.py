"""Random sequences of the machine, with the seed, profile and budget that the options say."""

from collections import Counter

import pytest

from churn.errors import BudgetSpent
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import PROFILES
from churn.explore.tour import Tour, walk
from churn.lifecycle.paths import Atlas
from churn.lifecycle.sequence import service_names
from churn.pytest_plugin import Choice
from churn.session.session import Session


def test_random_sequences_leave_nothing_to_object_to(churn_session: Session, churn_choice: Choice) -> None:
    explorer = Explorer(session=churn_session, services=churn_choice.services + 1, faults=churn_choice.faults)
    try:
        violation = explore(explorer, PROFILES[churn_choice.profile], churn_choice.seed)
    except BudgetSpent:
        violation = None
    if violation is not None:
        raise violation
    assert churn_session.trace.steps > 0


def test_a_fixed_seed_leaves_nothing_to_object_to(churn_session: Session, churn_choice: Choice) -> None:
    violation = explore(
        Explorer(session=churn_session, services=2, faults=churn_choice.faults), PROFILES["fixed"], 20260222
    )
    if violation is not None:
        raise violation
    assert churn_session.trace.steps > PROFILES["fixed"].steps


def test_the_tour_leaves_nothing_to_object_to(churn_session: Session, churn_choice: Choice) -> None:
    tour = Tour(Atlas(service_names(1), churn_session.contract, faults=churn_choice.faults))
    try:
        walk(churn_session, tour, "tour")
        assert tour.left == []
    except BudgetSpent:
        assert tour.covered > 0


def test_ten_thousand_steps_of_the_healthy_reference_leave_nothing_to_object_to(churn_session: Session) -> None:
    """Under the strictest contract there is: no settling time at all, faults and hurried steps included."""
    if churn_session.system.engine.name != "emulated":
        pytest.skip("ten thousand steps take hours where time is real")
    assert churn_session.contract.bounds.settling == 0
    churn_session.budget.operations = 10_000
    for seed in range(100):
        try:
            violation = explore(Explorer(session=churn_session, services=3), PROFILES["explore"], seed)
        except BudgetSpent:
            break
        assert violation is None
    assert churn_session.trace.steps > 9_000
    paces = Counter(record.step.pace for _, record in churn_session.trace.records())
    assert min(paces.values()) > 1_000
