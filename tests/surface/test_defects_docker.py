"""On a real engine too: planted bugs are found by random sequences, shrunk, and replayed against bug and mend."""

import os
from pathlib import Path

import pytest

from churn.assembly import Target, assembled
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import PROFILES
from churn.reproducers.file import Reproducer
from churn.reproducers.replay import ReplayVerdict, replay
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.shrink.bug import Bug
from churn.shrink.shrinker import Shrinker
from churn.system.clock import RealClock

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("standin")]

SEED = 3


def target(folder: Path, *defects: str) -> Target:
    return Target(
        manager="reference", engine="docker", seed=SEED, defects=defects, environ=dict(os.environ), leases=folder
    )


def found(where: Target) -> Bug:
    """What exploration finds first in this target, shrunk."""
    with assembled(where) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        violation = explore(Explorer(session=session, services=2, faults=False), PROFILES["real"], SEED)
        assert violation is not None
        return Shrinker(session=session).shrink(violation.failing)


def replayed(reproducer: Reproducer, where: Target) -> ReplayVerdict:
    with assembled(where) as whole:
        return replay(reproducer, Session(whole.system, whole.reset, Trace(), Budget(RealClock()))).verdict


@pytest.mark.parametrize(
    ("defect", "minimum"),
    [
        ("restart-policy", 2),
        ("stop-finds-nothing", 3),
        ("list-omits", 2),
        ("default-port", 2),
    ],
)
def test_a_planted_bug_is_found_shrunk_and_replayed(defect: str, minimum: int, tmp_path: Path) -> None:
    bug = found(target(tmp_path, defect))
    assert len(bug.steps) == minimum, str(bug.failing.sequence)
    assert bug.confirmed
    made = Reproducer(
        signature=bug.signature,
        expected="",
        seen="",
        names=bug.failing.names,
        sequence=bug.failing.sequence,
        engine="docker",
    )
    assert replayed(made, target(tmp_path, defect)) is ReplayVerdict.FAILED
    assert replayed(made, target(tmp_path)) is ReplayVerdict.FIXED
