"""Defects that show only now and then: what they end with, how sure their rate is, and what that costs beside a certain one.

python tests/benchmarks/flaky.py [--seeds N] [--true-runs N] [--jobs N]
"""

import argparse
from functools import partial
from math import inf
from multiprocessing import Pool
from random import Random
from statistics import median

from attrs import evolve, frozen
from finding import PROFILE, opened
from measure import Figure, report

from churn.explore.machine import Explorer, explore
from churn.lifecycle.sequence import Sequence
from churn.session.failing import Failing
from churn.session.session import Session
from churn.session.violation import Violation
from churn.shrink.shrinker import Shrinker
from churn.system.managers.reference import Embedded, ReferenceManager
from churn.system.managers.reference.store import Record
from churn.system.protocols import Spec

RATES = (1.0, 0.9, 0.7, 0.5, 0.3)
MINIMUM = 3
"""Create, start, stop: after it a container is left."""


class Forgets(ReferenceManager):
    """A stop that forgets to remove the container, as a coin falls."""

    coin: Random
    rate: float

    def stop(self, name: str) -> Record:
        record = self.known(name)
        if self.own(record) and self.coin.random() < self.rate:
            for found in self.own(record):
                self.end(found.id)
            self.store.mark(name, "stopped", None)
            return self.known(name)
        return super().stop(name)

    def spec(self, record: Record) -> Spec:
        """Names of their own, so that what was left is in nobody's way."""
        plain = super().spec(record)
        return evolve(plain, name=f"{plain.name}-{self.coin.random()}")


@frozen
class Ended:
    """What one seed came to. `covered`: whether the rate's interval has the true rate of the minimal sequence."""

    rate: float
    length: int
    covered: bool
    runs: int


def ended(true_runs: int, job: tuple[float, int]) -> Ended:
    """Find and shrink the defect that shows at that rate, with that seed."""
    rate, seed = job
    with opened("", seed) as session:
        assert isinstance(session.system.manager, Embedded)
        manager = session.system.manager.manager
        manager.__class__ = type("Mine", (Forgets,), {"coin": Random(seed), "rate": rate})  # noqa: S311 -- a coin, no secret
        violation = explore(Explorer(session=session, services=2), PROFILE, seed)
        assert violation is not None, f"rate {rate}, seed {seed}: nothing was found"
        bug = Shrinker(session=session).shrink(violation.failing)
        low, high = bug.rate.interval if bug.rate is not None else (inf, -inf)
        return Ended(rate, len(bug.steps), low <= _true_rate(session, bug.failing, true_runs) <= high, bug.runs)


def _true_rate(session: Session, failing: Failing, runs: int) -> float:
    return sum(_fails(session, failing.names, failing.sequence) for _ in range(runs)) / runs


def _fails(session: Session, names: tuple[str, ...], sequence: Sequence) -> bool:
    try:
        session.run("again", names, sequence)
    except Violation:
        return True
    finally:
        session.trace.runs.clear()
    return False


def main() -> None:
    """Measure every rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--true-runs", type=int, default=2_000)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    jobs = [(rate, seed) for rate in RATES for seed in range(options.seeds)]
    with Pool(options.jobs) as pool:
        found = pool.map(partial(ended, options.true_runs), jobs, chunksize=1)
    certain = median(one.runs for one in found if one.rate == 1.0)
    figures = []
    for rate in RATES:
        mine = [one for one in found if one.rate == rate]
        right = sum(one.length <= MINIMUM + 1 and one.covered for one in mine)
        goal = "" if rate == 1 else f">= {round(0.9 * options.seeds)} of {options.seeds}"
        figures.append(Figure(f"right_{rate}", right, f"rate {rate}: at most minimum + 1, and the rate covered", goal))
        times = median(one.runs for one in mine) / certain
        goal = "" if rate == 1 else f"<= {12 if rate < 0.5 else 6}"
        figures.append(Figure(f"times_{rate}", times, f"rate {rate}: runs, beside the certain one's {certain:g}", goal))
    report("flaky", figures)


if __name__ == "__main__":
    main()
