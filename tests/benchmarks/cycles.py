"""Churn's own time against the manager's: five calm cycles of a manager's program, as child processes, on a real Docker.

The reference manager, or with `--manager aima` AIMA's program (AIMA_BIN).

Both are parts of the same run, by the same clock. The manager's is what was spent inside it, looks at its list included;
Churn's own is all that is left of the run without waits and resets: looks at the engine and the host, judging, the trace.

Goal: at most 0.15, for AIMA 0.25. Without an engine that answers there is nothing to measure.
"""

import argparse
import os
from statistics import median
from tempfile import TemporaryFile

from attrs import frozen
from measure import Figure, report

from churn.assembly import Assembled, Target, assembled
from churn.errors import EngineUnreachable
from churn.explore.scenarios import cycles
from churn.lifecycle.sequence import service_names
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.system.clock import RealClock

FIVE = 5
GOALS = {"reference": "≤ 0.15", "aima": "≤ 0.25"}


@frozen
class Run:
    """Seconds of one run: Churn's own, and those inside the manager."""

    own: float
    manager: float

    @property
    def ratio(self) -> float:
        """The one in units of the other."""
        return self.own / self.manager


def run(whole: Assembled) -> Run:
    """The scenario once, its trace written to a file as in a real run."""
    system, clock = whole.system, RealClock()
    inside, waited = system.inside, system.waited
    with TemporaryFile("w", encoding="utf-8") as sink:
        session = Session(system, whole.reset, Trace(sink=sink), Budget(clock))
        began = clock.now()
        session.run("five-cycle", service_names(1), cycles(FIVE))
        total = clock.now() - began
    manager = system.inside - inside - session.resets.inside
    return Run(total - manager - (system.waited - waited) - session.resets.seconds, manager)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=10)
    options.add_argument("--manager", choices=list(GOALS), default="reference")
    chosen = options.parse_args()
    try:
        with assembled(Target(manager=chosen.manager, engine="docker", environ=os.environ)) as whole:
            runs = [run(whole) for _ in range(chosen.runs)]
    except EngineUnreachable as error:
        report("cycles", [], skipped=str(error))
        return
    report(
        "cycles",
        [
            Figure(
                "ratio", median(one.ratio for one in runs), "Churn's own time ÷ the manager's", GOALS[chosen.manager]
            ),
            Figure("worst_ratio", max(one.ratio for one in runs), "the same, in the worst run"),
            Figure("own_s", median(one.own for one in runs), "Churn's own, seconds a run"),
            Figure("manager_s", median(one.manager for one in runs), "the manager's, seconds a run"),
            Figure("runs", len(runs), "runs"),
        ],
    )


if __name__ == "__main__":
    main()
