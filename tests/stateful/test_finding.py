"""Every planted bug is found by exploration alone and shrunk to its minimum, in few runs: a slice of the finding benchmark."""

import json
from pathlib import Path

import pytest

from churn.assembly import Target, assembled
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import Profile
from churn.explore.scenarios import side_by_side
from churn.explore.together import Clashes, clashes
from churn.reproducers.file import load
from churn.session.budget import Budget
from churn.session.failing import Failing
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.violation import Violation
from churn.shrink.shrinker import PART, Bug, Shrinker
from churn.system.clock import RealClock
from churn.system.managers.defects import DEFECTS

MINIMA = json.loads((Path(__file__).parents[1] / "benchmarks" / "minima.json").read_text())["minima"]
KEPT = Path(__file__).parents[2] / "reproducers" / "defects"
SEEDS = (101, 102)
MOST_RUNS = 30
MORE_RUNS = {
    "long-run-forgotten": 50,
    "stale-mount": 35,
    "revived-later": 35,
    "third-run-is-stale": 50,
    "lost-reply-wedges": 50,
    "stop-forgets-start": 50,
}
"""Only a long wait, or a restart, or a number of starts, shows it, wherever that stands: the way down is longer there. What an
engine may do has many milder forms, each of which is tried; and of three clients there are many ways to leave one out."""
BY_ANOTHER_SYMPTOM = {"kill-forgets": 5, "loses-updates": 4}
"""Steps of what exploration mostly meets, where the defect has a shorter way to show in other words."""
SIDE_BY_SIDE = {"shared-network-left"}
"""Random sequences hardly ever show it: two services have to be started and stopped twice, with nothing else between."""
CLASHING = {"gives-port-twice"}
"""Random sequences hardly ever show it: two services are created at once beside a third, by one schedule of very few."""
SERVICES = {"remove-leaves-volume": 1}
"""It shows only once all services were removed."""


def met(session: Session, defect: str, seed: int) -> Failing | None:
    """A failure that is found with that seed."""
    if defect in CLASHING:
        return clashing(session)
    if defect not in SIDE_BY_SIDE:
        violation = explore(Explorer(session=session, services=SERVICES.get(defect, 3)), Profile(2_000, 30), seed)
        return violation.failing if violation is not None else None
    try:
        session.run("side by side", ("a", "b"), side_by_side(("a", "b")))
    except Violation as violation:
        return violation.failing
    return None


def clashing(session: Session) -> Failing | None:
    """The first failure of two clients at once, in the order in which all schedules are tried."""
    found: list[Failing] = []
    for clash in clashes(session.contract.possible):
        Clashes(session, found.append).run(clash, most_turns=1)
    return found[0] if found else None


def shrunk(defect: str, seed: int) -> Bug:
    with assembled(Target(seed=seed, defects=(defect,))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        failing = met(session, defect, seed)
        assert failing is not None, f"not found with seed {seed}"
        bug = Shrinker(session=session).shrink(failing)
        ran = [
            (chapter.names, chapter.naming, tuple(record.step for record in chapter.records))
            for chapter in session.trace.runs
            if chapter.part == PART
        ]
        assert bug.rate is not None
        assert len(ran) - len(set(ran)) <= bug.rate.runs, "only what confirms it is run again"
        return bug


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_bug_is_found_and_shrunk_to_its_minimum(defect: str) -> None:
    """One failure that is shrunk to two steps more is allowed for: then the next seed's has to be the shortest."""
    minimum = BY_ANOTHER_SYMPTOM.get(defect, MINIMA[defect]["length"])
    for seed in SEEDS:
        bug = shrunk(defect, seed)
        told = f"{len(bug.steps)}: {bug.failing.sequence}"
        assert bug.confirmed
        assert bug.runs <= MORE_RUNS.get(defect, MOST_RUNS)
        assert len(bug.steps) <= minimum + 2, told
        if len(bug.steps) <= minimum:
            break
    assert len(bug.steps) <= minimum, told


@pytest.mark.parametrize("defect", DEFECTS)
def test_the_kept_reproducer_is_a_true_minimum(defect: str) -> None:
    assert len(load(next(KEPT.glob(f"{defect}--*.json"))).sequence.steps) == MINIMA[defect]["length"]
