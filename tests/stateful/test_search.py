"""The search for slow systems: what it finds in the minutes that it has, on a healthy manager and on broken ones."""

import json
from pathlib import Path

import pytest

from churn.campaign import FIVE_CYCLE, Campaign, Plan
from churn.explore.search import EXPLORATION, SEARCH
from churn.lifecycle.condition import Condition
from churn.report.summary import summarise
from churn.report.values import Mark
from churn.session.trace import Trace
from churn.slow import slow

MINIMA = json.loads((Path(__file__).parents[1] / "benchmarks" / "minima.json").read_text())["minima"]
MINUTES = 8 * 60.0
LONGEST = 70.0
"""Seconds of the longest operation, a start that waits in vain, with the look after it and a reset."""
LAST_LOOK = 2.0
"""Seconds that the look after the cycles' last operation takes at most: they are not counted."""
RUNNING = Condition("running")


def searched(*defects: str, seed: int = 3, seconds: float = MINUTES) -> Campaign:
    """A campaign of so many seconds beyond the five cycles."""
    with slow(*defects, seed=seed) as whole:
        plan = Plan(services=3, seed=seed, seconds=seconds, thrifty=True)
        campaign = Campaign(assembled=whole, plan=plan, trace=Trace({"manager": "slow"}), clock=whole.system.clock)
        campaign.run()
    return campaign


@pytest.fixture(scope="module")
def healthy() -> Campaign:
    """The search of a healthy manager."""
    return searched()


def seconds_after_the_cycles(campaign: Campaign) -> list[tuple[float, object]]:
    """When each later step began, and its record."""
    records = [(run.part, record) for run, record in campaign.trace.records() if record.outcome is not None]
    ends = [record.outcome.ended for part, record in records if part == FIVE_CYCLE and record.outcome]
    return [
        (record.outcome.began - max(ends), record) for part, record in records if part != FIVE_CYCLE and record.outcome
    ]


def test_a_healthy_manager_is_not_accused_and_its_whole_time_is_used(healthy: Campaign) -> None:
    assert not healthy.bugs
    assert not healthy.triage.failures
    assert healthy.session.budget.elapsed >= MINUTES - LONGEST
    last, _ = seconds_after_the_cycles(healthy)[-1]
    assert last < MINUTES + LAST_LOOK, "no operation begins after its end"


def test_two_services_run_together_within_half_a_minute_and_one_is_struck_within_a_minute(healthy: Campaign) -> None:
    steps = seconds_after_the_cycles(healthy)
    together = min(when for when, record in steps if record.before.count(RUNNING) > 1)  # type: ignore[attr-defined]
    struck = min(
        when
        for when, record in steps
        if record.step.operation.fault and record.condition == RUNNING  # type: ignore[attr-defined]
    )
    assert together <= 30.0
    assert struck <= 60.0


def test_random_sequences_have_a_share_of_the_time(healthy: Campaign) -> None:
    parts = {run.part for run in healthy.trace.runs}
    assert {FIVE_CYCLE, SEARCH, EXPLORATION} <= parts
    spent = healthy.search._spent
    assert 0 < spent[EXPLORATION] < 0.3 * sum(spent.values())


def test_the_long_waits_of_the_five_cycles_are_done_at_the_calm_pace_alone(healthy: Campaign) -> None:
    waits = [
        str(r.step) for run, r in healthy.trace.records() if run.part == FIVE_CYCLE and r.step.operation.kind == "wait"
    ]
    assert waits == ["wait long"] * 2  # while the service runs, and when it has stopped


@pytest.mark.parametrize("defect", ["stops-by-label", "removes-others", "list-is-stale", "failed-start-leaves"])
def test_a_planted_bug_is_told_once_and_confirmed_in_the_time_that_there_is(defect: str) -> None:
    campaign = searched(defect)
    assert [bug.confirmed for bug in campaign.bugs] == [True]
    assert len(campaign.bugs[0].steps) <= MINIMA[defect]["length"] + 2


def test_a_manager_that_fails_in_the_five_cycles_gets_a_verdict_on_each_criterion() -> None:
    """It restarts its containers: criterion 4 fails. The cycles are done again behind that, to their end."""
    campaign = searched("restart-policy", seconds=120.0)
    report = summarise(campaign.trace, campaign.account(1.0))
    marks = {one.number: one.mark for one in report.criteria}
    assert marks[4] is Mark.FAIL
    assert set(marks.values()) == {Mark.FAIL, Mark.PASS}
