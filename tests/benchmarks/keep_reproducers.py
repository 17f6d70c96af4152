"""Makes the committed reproducers anew: one for each planted bug, found by exploration, shrunk, with both its expectations.

python tests/benchmarks/keep_reproducers.py [--seeds N] [DEFECT …]
"""

import argparse
from pathlib import Path

from minima import clash

from churn.assembly import Target, assembled
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import Profile
from churn.reproducers.file import Expectation, Reproducer, save
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.shrink.bug import Bug
from churn.shrink.shrinker import Shrinker
from churn.system.clock import RealClock
from churn.system.managers.defects import DEFECTS, need_clients

FOLDER = Path(__file__).parents[2] / "reproducers" / "defects"
PROFILE = Profile(2_000, 30)


def smallest(defect: str, seed: int) -> Bug | None:
    """The first failure that exploration finds with that seed, shrunk."""
    with assembled(Target(defects=(defect,), seed=seed)) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        if need_clients((defect,)):
            return Shrinker(session=session).shrink(clash(defect))
        violation = explore(Explorer(session=session, services=3), PROFILE, seed)
        if violation is None:
            return None
        return Shrinker(session=session).shrink(violation.failing)


def keep(defect: str, seeds: int) -> str:
    """Write the defect's file; a line about it."""
    found = [shrunk for seed in range(seeds) if (shrunk := smallest(defect, seed)) is not None]
    assert found, f"{defect}: not found with {seeds} seeds"
    best = min(found, key=lambda shrunk: (len(shrunk.steps), str(shrunk.failing.sequence)))
    assert best.record is not None, f"{defect}: no run was taken"
    first = best.record.objections[0]
    targets = {f"reference+{defect}": Expectation.FAILED, "reference": Expectation.FIXED}
    reproducer = Reproducer(
        signature=best.signature,
        expected=first.expected,
        seen=first.seen,
        names=best.failing.names,
        sequence=best.failing.sequence,
        defects=(defect,),
        found="exploration on the emulated engine",
        targets=targets,
        befores=best.failing.befores,
        usual=best.usual,
    )
    for old in FOLDER.glob(f"{defect}--*.json"):
        old.unlink()
    path = save(reproducer, FOLDER, f"{defect}--{reproducer.file_name}")
    return f"{path.name}: {best.failing.sequence}"


def main() -> None:
    """Make the files of the defects named, or of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("defects", nargs="*", default=list(DEFECTS))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    for defect in options.defects:
        print(keep(defect, options.seeds), flush=True)


if __name__ == "__main__":
    main()
