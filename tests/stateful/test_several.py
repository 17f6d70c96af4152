"""Several bugs in one manager: each is told once, though one shows at every step that the others need."""

import pytest

from churn.assembly import Target, assembled
from churn.campaign import Campaign, Plan
from churn.cli.run import OPERATIONS
from churn.reproducers.replay import ReplayVerdict, replay
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.system.clock import RealClock

SEVERAL = (
    ("restart-policy", "fifth-start-fails"),
    ("succeeds-unhealthy", "restart-policy", "list-repairs", "stops-default-port"),
    ("list-omits", "name-conflict", "removes-others", "leaves-process"),
)


@pytest.mark.parametrize("defects", SEVERAL, ids="+".join)
def test_each_bug_is_told_once_and_its_reproducer_fails_again(defects: tuple[str, ...]) -> None:
    target = Target(defects=defects)
    with assembled(target) as whole:
        campaign = Campaign(assembled=whole, plan=Plan(operations=OPERATIONS), trace=Trace())
        campaign.run()
        told = [str(bug.signature) for bug in campaign.bugs]
        assert len(told) == len(defects), told
        for kept in campaign.reproducers(target, "test"):
            session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
            assert replay(kept, session).verdict is ReplayVerdict.FAILED, kept.signature


def test_none_of_them_comes_without_one_of_the_planted_bugs() -> None:
    target = Target(defects=SEVERAL[0])
    with assembled(target) as whole:
        campaign = Campaign(assembled=whole, plan=Plan(operations=OPERATIONS), trace=Trace())
        campaign.run()
        kept = campaign.reproducers(target, "test")
    for name in SEVERAL[0]:
        with assembled(Target(defects=(name,))) as whole:
            session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
            assert [replay(one, session).verdict for one in kept].count(ReplayVerdict.FAILED) == 1
