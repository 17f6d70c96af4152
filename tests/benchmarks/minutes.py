"""What the search finds in the minutes that a slow system has: each planted bug, one in each manager, and the healthy one.

The manager is slow: a start takes 7 s, a stop 3 s, list, status and create 0.3 s, a start of a server that never gets healthy
60 s, a reset 5 s. Its seconds are virtual, and counted beyond the five cycles.

*told*: something failed, and is in the report. *confirmed*: it was run again and failed each time, at most two steps longer than
the shortest failure there is. *alarms*: whatever is told of the healthy manager.

python tests/benchmarks/minutes.py [--seconds S] [--seeds N] [--first-seed N] [--jobs N] [--flat] [--keep FILE] [DEFECT …]
"""

import argparse
import json
import time
from multiprocessing import Pool
from pathlib import Path
from statistics import median
from typing import Any

from attrs import asdict, frozen
from finding import MINIMA
from measure import keep
from rich.console import Console
from rich.table import Table

from churn.campaign import FIVE_CYCLE, Campaign, Plan
from churn.lifecycle.condition import Condition
from churn.session.trace import Trace
from churn.slow import slow
from churn.system.managers.defects import DEFECTS

HEALTHY = "healthy"
SLACK = 2
"""Steps that a confirmed bug may be longer than the shortest failure."""
RUNNING = Condition("running")


@frozen(kw_only=True)
class Found:
    """What one campaign came to. Seconds are the system's, after the five cycles; None: never."""

    defect: str
    seed: int
    told: bool
    confirmed: bool
    bugs: int
    length: int | None
    minimum: int | None
    said: str
    two_running: float | None
    struck: float | None
    seconds: float
    own: float
    """Seconds of this machine."""
    sequences: int


def campaign(job: tuple[str, int, float, bool]) -> Found:
    """One campaign."""
    defect, seed, seconds, flat = job
    with slow(*() if defect == HEALTHY else (defect,), seed=seed) as whole:
        trace, clock, began = Trace(), whole.system.clock, time.process_time()
        plan = Plan(services=3, seed=seed, seconds=seconds, thrifty=True, flat=flat)
        done = Campaign(assembled=whole, plan=plan, trace=trace, clock=clock)
        done.run()
    own = time.process_time() - began
    minimum = json.loads(MINIMA.read_text())["minima"].get(defect, {}).get("length")
    best = min(done.bugs, key=lambda bug: len(bug.steps), default=None)
    after = max((r.outcome.ended for one, r in trace.records() if one.part == FIVE_CYCLE and r.outcome), default=0.0)
    return Found(
        defect=defect,
        seed=seed,
        told=bool(done.bugs or done.triage.failures),
        confirmed=best is not None and best.confirmed and (minimum is None or len(best.steps) <= minimum + SLACK),
        bugs=len(done.bugs),
        length=len(best.steps) if best is not None else None,
        minimum=minimum,
        said=best.said if best is not None else "",
        two_running=_first(trace, after, lambda record: record.before.count(RUNNING) > 1),
        struck=_first(trace, after, lambda record: record.step.operation.fault and record.condition == RUNNING),
        seconds=clock.now(),
        own=own,
        sequences=done.search.sequences,
    )


def _first(trace: Trace, after: float, wanted: Any) -> float | None:
    times = [
        r.outcome.began - after for _, r in trace.records() if r.outcome and r.outcome.began >= after and wanted(r)
    ]
    return min(times, default=None)


def table(rows: list[Found]) -> Table:
    """A line a defect."""
    made = Table("defect", "told", "confirmed", "length (least)", "bugs", "two running", "struck", "last words")
    for defect in dict.fromkeys(row.defect for row in rows):
        mine = [row for row in rows if row.defect == defect]
        lengths = [row.length for row in mine if row.length is not None]
        made.add_row(
            defect,
            f"{sum(row.told for row in mine)}/{len(mine)}",
            f"{sum(row.confirmed for row in mine)}/{len(mine)}",
            f"{median(lengths) if lengths else '-'} ({mine[0].minimum})",
            str(max(row.bugs for row in mine)),
            _median(row.two_running for row in mine),
            _median(row.struck for row in mine),
            next((row.said for row in mine if not row.confirmed), ""),
        )
    return made


def _median(values: Any) -> str:
    found = [value for value in values if value is not None]
    return f"{median(found):.0f}" if found else "-"


def summary(rows: list[Found]) -> dict[str, Any]:
    """The figures that goals are set for."""
    planted = [row for row in rows if row.defect != HEALTHY]
    healthy = [row for row in rows if row.defect == HEALTHY]
    return {
        "told": sum(row.told for row in planted),
        "confirmed": sum(row.confirmed for row in planted),
        "of": len(planted),
        "second_bugs": sum(row.bugs > 1 for row in planted),
        "healthy_alarms": sum(row.told for row in healthy),
        "healthy_runs": len(healthy),
        "first_two_running": _median(row.two_running for row in healthy),
        "first_strike": _median(row.struck for row in healthy),
        "seconds": _median(row.seconds for row in rows),
        "own_seconds": round(median(row.own for row in rows), 2),
    }


def main() -> None:
    """Run the campaigns, print the table, then one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("defects", nargs="*", choices=[*DEFECTS, HEALTHY, []], metavar="DEFECT")
    parser.add_argument("--seconds", type=float, default=480.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--flat", action="store_true", help="plan with two priors alone")
    parser.add_argument("--keep", type=Path, help="write the rows to this file")
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    jobs = [(one, seed, given.seconds, given.flat) for one in given.defects or [*DEFECTS, HEALTHY] for seed in seeds]
    with Pool(given.jobs) as pool:
        rows = pool.map(campaign, jobs, chunksize=1)
    Console(width=160).print(table(rows))
    if given.keep:
        keep(given.keep, "minutes", [asdict(row) for row in rows])
    print(json.dumps({"benchmark": "minutes", "budget": given.seconds, "flat": given.flat, **summary(rows)}))


if __name__ == "__main__":
    main()
