"""A budget of seconds is kept within what one operation may take."""

import pytest

from churn.campaign import Campaign, Plan
from churn.session.trace import Trace
from churn.slow import RESET, slow


@pytest.mark.parametrize(("seconds", "thrifty"), [(13.0, True), (34.0, True), (7.0, False)])
def test_a_budget_of_seconds_is_kept_within_one_operation(seconds: float, thrifty: bool) -> None:
    with slow("slow-idle-stop") as whole:
        trace, clock = Trace(), whole.system.clock
        plan = Plan(services=2, seconds=seconds, thrifty=thrifty)
        done = Campaign(assembled=whole, plan=plan, trace=trace, clock=clock)
        done.run()
    budget, bounds = done.session.budget, done.session.contract.bounds
    dearest = max(record.took for _, record in trace.records())
    assert budget.seconds is not None
    assert budget.elapsed - budget.seconds <= max(dearest, RESET) + bounds.settling
