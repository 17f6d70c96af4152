"""What shrinking is measured by: the fewest runs that it can take, and fast-check's way of shrinking commands."""

from pathlib import Path

from attrs import evolve

from churn.lifecycle.contract import Contract
from churn.reproducers.file import load
from churn.session.failing import Failing, Steps
from churn.session.session import Session
from churn.shrink.candidates import repaired_steps
from churn.shrink.foresight import strays_of
from churn.system.managers.defects import DEFECTS

KEPT = Path(__file__).parents[2] / "reproducers" / "defects"


def halved(session: Session, failing: Failing, most_runs: int) -> Failing:
    """The failure without blocks of halving size, started over after each success: any failure counts."""
    best, end_of_runs = failing, len(session.trace.runs) + most_runs
    while (smaller := _first_smaller(session, best, end_of_runs)) is not None:
        best = smaller
    return best


def _first_smaller(session: Session, best: Failing, end_of_runs: int) -> Failing | None:
    """The first failure of the sequence without a block, from large blocks to small ones, from the end."""
    size = len(best.steps)
    while size := size // 2:
        for end in range(len(best.steps), 0, -size):
            kept = best.steps[: max(0, end - size)] + best.steps[end:]
            enabled = repaired_steps(kept, session.contract, strays_of(best.steps))
            if len(session.trace.runs) >= end_of_runs:
                return None
            if not enabled:
                continue
            run = session.attempt("blocks", best.names, evolve(best.sequence, steps=enabled))
            if run.failing is not None and len(run.failing.steps) < len(best.steps):
                return run.failing
    return None


def floors() -> dict[str, int]:
    """For each defect: the runs in which its minimum, once known, is reached and proved by the best of shrinkers."""
    return {defect: _floor(load(next(KEPT.glob(f"{defect}--*.json"))).sequence.steps) for defect in DEFECTS}


def _floor(steps: Steps) -> int:
    singles = [steps[:place] + steps[place + 1 :] for place in range(len(steps) - 1)]
    kept = {repaired_steps(one, Contract(), strays_of(steps)) for one in singles}
    return 1 + sum(one != steps[: len(one)] for one in kept) + 2  # a beginning of the minimum is known to pass
