"""Several bugs in one manager: each is told once, though one shows at every step that the others need."""

from functools import cache

import pytest

from churn.assembly import Target, assembled
from churn.campaign import Campaign, Plan
from churn.cli.run import OPERATIONS
from churn.reproducers.file import Reproducer
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


@cache
def told_of(defects: tuple[str, ...]) -> tuple[Reproducer, ...]:
    """What a campaign tells of a manager with all of these, each with its reproducer."""
    target = Target(defects=defects)
    with assembled(target) as whole:
        campaign = Campaign(assembled=whole, plan=Plan(operations=OPERATIONS), trace=Trace())
        campaign.run()
        return tuple(campaign.reproducers(target, "test"))


def failing(kept: tuple[Reproducer, ...], defects: tuple[str, ...]) -> int:
    """How many of these fail again where the manager has those defects."""
    with assembled(Target(defects=defects)) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        return [replay(one, session).verdict for one in kept].count(ReplayVerdict.FAILED)


@pytest.mark.parametrize("defects", SEVERAL, ids="+".join)
def test_each_bug_is_told_once_and_its_reproducer_fails_again(defects: tuple[str, ...]) -> None:
    kept = told_of(defects)
    assert len(kept) == len(defects), [str(one.signature) for one in kept]
    assert failing(kept, defects) == len(kept)


def test_none_of_them_comes_without_one_of_the_planted_bugs() -> None:
    kept = told_of(SEVERAL[0])
    assert [failing(kept, (name,)) for name in SEVERAL[0]] == [1, 1]
