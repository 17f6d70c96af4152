"""How far a campaign in jobs would scale, by simulation: 1 to 10,000 workers, a manager whose start takes seven minutes.

Measured are: which of the planner's sequences shows each planted bug first (on the emulated engine, by the plan for a manager so
slow), how long a sequence takes by what operations cost there, how many runs a bug takes to be settled, and what the head takes
for a job and for a result. Simulated is only who does what when. Settling goes on beside the search; the head does one thing at
a time.
"""

import heapq
import time
from itertools import islice
from statistics import median

from attrs import define, field, frozen
from rich.console import Console
from rich.table import Table

from churn.assembly import Target, contract_of
from churn.campaign import Plan, planner_of
from churn.explore.preview import preview
from churn.farm.agenda import Seeds, Thrifty
from churn.farm.head import Charge, Head
from churn.farm.job import Job, Kind, Part, Subject, Ways, as_text, job_of, result_of
from churn.farm.union import Union
from churn.farm.worker import do
from churn.lifecycle.costs import Costs, Sort
from churn.lifecycle.planning import Planner
from churn.lifecycle.sequence import Sequence
from churn.session.trace import Trace
from churn.system.managers.defects import DEFECTS

START, STOP, RESET = 420.0, 15.0, 30.0
"""Seconds of the manager that is simulated."""
SEQUENCES = 400
"""Of the plan, so many are tried to find what shows each bug."""
SETTLING_RUNS = 9
"""Runs that a bug takes to be made small and confirmed: 891 for 99 failures of the catalogue."""
WORKERS = (1, 10, 100, 1_000, 10_000)


@frozen
class Measured:
    """What is measured: seconds of each sequence, in the plan's order; which of them shows each bug; the head's seconds."""

    lengths: tuple[float, ...]
    shown: tuple[int, ...]
    planning: float
    merging: float


def slow_planner() -> Planner:
    """One for a manager whose start takes seven minutes."""
    costs = Costs()
    for word, seconds in (("start", START), ("restart", START + STOP), ("stop", STOP), ("remove", STOP), ("reset", RESET),
                          ("wait short", 5.0), ("wait long", 60.0), ("list", 0.3), ("status", 0.3), ("create", 1.0)):  # fmt: skip
        costs.learn(Sort(word), seconds)
    return planner_of(Plan(thrifty=True), contract_of(Target(interrupts=True)), costs)


def first_shown(defect: str, names: tuple[str, ...], sequences: list[Sequence]) -> int | None:
    """The place of the first of the sequences that fails with that defect; None where none does."""
    target = Target(defects=(defect,), interrupts=True)
    for first in range(0, len(sequences), 20):
        part = Part(kind=Kind.PLAN, sequences=tuple((names, one) for one in sequences[first : first + 20]))
        result = do(Job(id="0", subject=Subject.of(target), part=part, ways=Ways(thrifty=True)), {})
        for place, run in enumerate(result.logbook.runs(1)):
            if run.failing is not None:
                return first + place
    return None


def measured() -> Measured:
    planner = slow_planner()
    began = time.process_time()
    sequences = [Sequence(one.steps, one.naming) for one in islice(preview(planner, float("inf")), SEQUENCES)]
    planning = (time.process_time() - began) / SEQUENCES
    lengths = tuple(planner.costs.total(one, planner.contract) for one in sequences)
    found = {name: first_shown(name, planner.names, sequences) for name in DEFECTS}
    print("not shown by the plan:", ", ".join(name for name, place in found.items() if place is None) or "none")
    shown = tuple(sorted(place for place in found.values() if place is not None))
    return Measured(lengths, shown, planning, merging_seconds(planner.names, sequences))


def merging_seconds(names: tuple[str, ...], sequences: list[Sequence]) -> float:
    """The head's seconds for a result of one sequence: to read it, to put its steps into the trace, and to judge it."""
    subject, ways = Subject(defects=("stops-by-label",), interrupts=True), Ways(thrifty=True)
    texts = [
        as_text(
            do(
                Job(
                    id=f"{number:06}", subject=subject, part=Part(kind=Kind.PLAN, sequences=((names, one),)), ways=ways
                ),
                {},
            )
        )
        for number, one in enumerate(sequences[:60])
    ]
    head = Head(subject=subject, ways=ways, charge=Charge(ahead=10**6), agenda=Thrifty(slow_planner(), Seeds(0)),
                union=Union(), trace=Trace(), costs=Costs())  # fmt: skip
    head.given += [
        job_of(as_text(Job(id=f"{number:06}", subject=subject, part=Part(kind=Kind.PLAN))), "") for number in range(60)
    ]
    took: list[float] = []
    for number, text in enumerate(texts):
        began = time.process_time()
        head.took(result_of(text, "a result"))
        head._merge(number + 1)
        took.append(time.process_time() - began)
    return median(took)


@define
class Simulation:
    """So many workers. Times are seconds since the five cycles."""

    measured: Measured
    workers: int
    told: list[float] = field(factory=list)
    head_busy: float = 0.0
    worked: float = 0.0
    most_waiting: float = 0.0

    def run(self) -> None:
        """Until every bug is told that the plan shows."""
        plan, head = self.measured, 0.0
        ahead = list[int](sorted(plan.shown))
        going: list[tuple[float, int, str]] = []
        settling: list[float] = []
        number, free = 0, self.workers
        now = 0.0
        while len(self.told) < len(plan.shown):
            while free:
                head = max(head, now) + plan.planning
                self.head_busy += plan.planning
                seconds, what = (
                    (settling.pop(0), "settle") if settling else (plan.lengths[number % len(plan.lengths)], "plan")
                )
                heapq.heappush(going, (head + seconds, number, what))
                number += what == "plan"
                self.worked += seconds
                free -= 1
            now, which, what = heapq.heappop(going)
            head = max(head, now) + plan.merging
            self.head_busy += plan.merging
            self.most_waiting = max(self.most_waiting, head - now)
            free += 1
            if what == "settle":
                self.told.append(head)
            settling += [SETTLING_RUNS * plan.lengths[which] for place in ahead if place == which and what == "plan"]


def simulated() -> None:
    """Print the table."""
    plan = measured()
    console = Console(highlight=False)
    console.print(
        f"{len(plan.shown)} of {len(DEFECTS)} planted bugs are shown by the plan's first {SEQUENCES} sequences. A sequence takes "
        f"{median(plan.lengths):.0f} s (median). The head takes {1000 * plan.planning:.1f} ms to plan one, and "
        f"{1000 * plan.merging:.2f} ms for its result: {1 / plan.merging:.0f} results a second."
    )
    table = Table("workers", "half told", "all told", "head busy", "result waits at most", "workers at work")
    for workers in WORKERS:
        one = Simulation(plan, workers)
        one.run()
        end, told = max(one.told), sorted(one.told)
        busy = min(1.0, one.worked / (workers * end))
        table.add_row(f"{workers:,}", f"{told[len(told) // 2] / 3600:.1f} h", f"{end / 3600:.1f} h", f"{one.head_busy / end:.1%}",
                      f"{one.most_waiting:.1f} s", f"{busy:.0%}")  # fmt: skip
    console.print(table)


if __name__ == "__main__":
    simulated()
