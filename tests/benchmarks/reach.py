"""Which planted bugs show in what the search does with a healthy manager in the minutes that a slow system has.

The sequences of one campaign, as in `minutes.py`, are done again with each defect. That takes a tenth of the time of a campaign
for each, and needs no shrinking. What a campaign spends on making a first failure small, and what it would have done
otherwise after it, is left out; so is what shows only by its duration, or needs interrupts or engine faults.

python tests/benchmarks/reach.py [--seconds S] [--seeds N] [--first-seed N] [--jobs N] [--flat]
"""

import argparse
import json
from collections import Counter
from multiprocessing import Pool

from attrs import frozen
from rich.console import Console
from rich.table import Table

from churn.assembly import Target, assembled
from churn.campaign import Campaign, Plan
from churn.lifecycle.sequence import Sequence
from churn.session.budget import Budget
from churn.session.known import NothingNew
from churn.session.run import Run
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.violation import Violation
from churn.slow import slow
from churn.system.clock import RealClock
from churn.system.managers.defects import DEFECTS, need_engine_faults, need_interrupts

BY_DURATION = {"slow-idle-stop"}
ASKED = tuple(
    one for one in DEFECTS if one not in BY_DURATION and not need_interrupts((one,)) and not need_engine_faults((one,))
)


@frozen
class Reach:
    """What the sequences of one seed showed."""

    seed: int
    sequences: int
    steps: int
    missed: tuple[str, ...]


def reach(job: tuple[int, float, bool]) -> Reach:
    """One campaign on the healthy manager, and its sequences again with each defect."""
    seed, seconds, flat = job
    with slow(seed=seed) as whole:
        trace = Trace()
        plan = Plan(services=3, seed=seed, seconds=seconds, thrifty=True, flat=flat)
        Campaign(assembled=whole, plan=plan, trace=trace, clock=whole.system.clock).run()
    missed = tuple(one for one in ASKED if not shows(one, seed, trace.runs))
    return Reach(seed, len(trace.runs), sum(len(run.records) for run in trace.runs), missed)


def shows(defect: str, seed: int, runs: list[Run]) -> bool:
    """Whether any of the sequences fails with that defect."""
    with assembled(Target(seed=seed, defects=(defect,))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        for run in runs:
            try:
                session.run(run.part, run.names, Sequence(tuple(run.steps), run.naming))
            except Violation:
                return True
            except NothingNew:
                continue
    return False


def main() -> None:
    """Run the campaigns, print which defects are missed how often, then one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=480.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--flat", action="store_true", help="plan with two priors alone")
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    with Pool(given.jobs) as pool:
        rows = pool.map(reach, [(seed, given.seconds, given.flat) for seed in seeds], chunksize=1)
    table = Table("defect", f"missed in seeds of {given.seeds}")
    for defect, times in Counter(one for row in rows for one in row.missed).most_common():
        table.add_row(defect, str(times))
    Console(width=100).print(table)
    of = len(ASKED) * len(rows)
    shown = of - sum(len(row.missed) for row in rows)
    steps = round(sum(row.steps for row in rows) / len(rows))
    print(json.dumps({"benchmark": "reach", "budget": given.seconds, "shown": shown, "of": of, "steps": steps}))


if __name__ == "__main__":
    main()
