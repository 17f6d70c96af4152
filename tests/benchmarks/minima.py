"""The true minima of the planted bugs: breadth-first search over the joint states of model, manager and engine.

Every sequence of enabled operations, at every pace, is tried on the emulated engine, shortest first, from each joint state
once (`churn.explore.exhaustive`); so the first that fails is a shortest one. Sequences of one service are searched until one
fails; those of two services, and of three, under every naming, up to the depths in `WIDE`.

python tests/benchmarks/minima.py [--jobs N] [DEFECT …]     writes minima.json beside this file
"""

import argparse
import json
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path

from churn.assembly import Target, assembled
from churn.explore.exhaustive import Search
from churn.explore.together import Clashes, clashes
from churn.lifecycle.invariants import Trait
from churn.lifecycle.sequence import Naming, service_names
from churn.session.budget import Budget
from churn.session.failing import Failing
from churn.session.session import Session
from churn.session.trace import Trace
from churn.shrink.bug import Bug
from churn.system.clock import RealClock
from churn.system.managers.defects import DEFECTS, need_clients, need_interrupts

FILE = Path(__file__).parent / "minima.json"
DEEPEST = 10
WIDE = {1: DEEPEST, 2: 4, 3: 3}
"""How deep sequences of so many services are searched."""
WIDE_INTERRUPTED = {1: DEEPEST, 2: 1, 3: 1}
"""The same where the manager is ended midway, too: then there are as many operations more as one service has."""


def minimum(defect: str) -> tuple[str, int, Failing]:
    """The defect's name, the length of its shortest failing sequence, and that sequence."""
    if need_clients((defect,)):
        found = clash(defect)
        return defect, len(found.steps), found
    searches = [(count, _levels(defect, count, naming)) for count, naming in _worlds()]
    wide = WIDE_INTERRUPTED if need_interrupts((defect,)) else WIDE
    for depth in range(1, DEEPEST + 1):
        for count, levels in searches:
            found = next(levels, None) if depth <= wide[count] else None
            if found is not None:
                return defect, len(found.steps), found.failing
    raise AssertionError(f"{defect}: nothing fails up to depth {DEEPEST}")


def clash(defect: str) -> Failing:
    """The shortest sequence by which two clients at once fail: all pairs, states and schedules of up to two turns are tried."""
    failures: list[Failing] = []
    with assembled(Target(defects=(defect,))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        for pair in clashes(session.contract.possible):
            Clashes(session, failures.append).run(pair)
    return min(failures, key=lambda one: (len(one.steps), len(str(one.sequence))))


def _worlds() -> Iterator[tuple[int, Naming]]:
    """One service by itself: it is alone with its name. Two and three: as they are named."""
    yield 1, Naming.PLAIN
    for count in (2, 3):
        for naming in Naming:
            yield count, naming


def _levels(defect: str, count: int, naming: Naming) -> Iterator[Bug | None]:
    """For each depth in turn: a failing sequence of that length, or None."""
    with Session.over(Target(defects=(defect,))) as session:
        for level in Search(session, service_names(count), naming).levels():
            found = next(iter(level.failures), None)
            if found is not None and found.failing.fingerprint.has(Trait.COMPARED):
                anew = Search(session, service_names(count), naming).levels()  # what is compared with is known by now
                found = next(one for level in anew for one in level.failures)
            yield found


def main() -> None:
    """Search for the defects named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("defects", nargs="*", default=list(DEFECTS))
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    known = json.loads(FILE.read_text())["minima"] if FILE.exists() else {}
    with Pool(options.jobs, maxtasksperchild=1) as pool:
        for defect, length, found in pool.imap_unordered(minimum, options.defects):
            sequence = found.sequence
            known[defect] = {"length": length, "sequence": str(sequence), "naming": sequence.naming.value}
            print(f"{defect}: {length}: {sequence} ({sequence.naming.value})", flush=True)
            ordered = {name: known[name] for name in DEFECTS if name in known}
            data = {
                "command": "python tests/benchmarks/minima.py",
                "searched": WIDE,
                "interrupted": WIDE_INTERRUPTED,
                "minima": ordered,
            }
            FILE.write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    main()
