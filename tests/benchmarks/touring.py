"""The tour's economy: how many operations it takes to cover a pair of abstract state and operation, resets counted.

One is the least there can be. Two services and faults, on the emulated engine; each pace has a tour of its own, as in a
campaign. Operations are counted, not timed: the figures are the same on every machine.

Goal: at most 1.5.
"""

import argparse

from measure import Figure, report

from churn.assembly import Assembled, Target, assembled
from churn.explore.tour import Pacing, Tour, calmly, hurriedly, walk
from churn.lifecycle.paths import Atlas
from churn.lifecycle.sequence import Naming, service_names
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.system.clock import RealClock

PACINGS: dict[str, tuple[Pacing, Naming]] = {"calm": (calmly, Naming.PLAIN), "hurried": (hurriedly, Naming.PREFIX)}


def toured(whole: Assembled, word: str, services: int) -> list[Figure]:
    """Walk one tour to its end."""
    pacing, naming = PACINGS[word]
    session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
    tour = Tour(Atlas(service_names(services), session.contract))
    walk(session, tour, "tour", pacing, naming)
    spent, resets = session.budget.spent, len(session.trace.runs)
    return [
        Figure(f"{word}_ratio", spent / tour.covered, f"{word}: operations per covered pair", "≤ 1.5"),
        Figure(f"{word}_operations", spent, f"{word}: operations, resets counted"),
        Figure(f"{word}_resets", resets, f"{word}: resets"),
        Figure(f"{word}_covered", tour.covered, f"{word}: pairs covered"),
        Figure(f"{word}_left", len(tour.left), f"{word}: pairs not covered", "0"),
    ]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--services", type=int, default=2)
    chosen = options.parse_args()
    with assembled(Target()) as whole:
        report("touring", [figure for word in PACINGS for figure in toured(whole, word, chosen.services)])


if __name__ == "__main__":
    main()
