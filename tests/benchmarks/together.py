"""Two clients at once: how fast schedules are run, what the verdict costs, and how small planted races get in how many runs.

Each race is met by random exploration, from so many seeds, and shrunk twice: by Churn, and by leaving out operations alone, one
at a time, as PropEr's and quickcheck-state-machine's parallel tests do. Both begin with the same failure.

With `--histories` and `--answers`, the search for an order is also held against recorded histories of a register: the logs of
Jepsen's etcd tests and the Go test that has the right answers, both from the repository anishathalye/porcupine.

python tests/benchmarks/together.py [--seeds N] [--histories DIR --answers FILE] [RACE …]
"""

import argparse
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from attrs import evolve, frozen

from churn.assembly import Target, assembled
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import Profile
from churn.explore.together import Clashes, clashes
from churn.lifecycle.operations import Step, Together
from churn.lifecycle.orders import Span, orders
from churn.lifecycle.rules import together as rule
from churn.session.budget import Budget
from churn.session.failing import Failing
from churn.session.session import Session
from churn.session.trace import Trace
from churn.shrink.candidates import repaired_steps
from churn.shrink.shrinker import Shrinker
from churn.system.clock import RealClock
from churn.system.managers.defects.racing import DEFECTS as RACES

PROFILE = Profile(2_000, 20)


@frozen
class Shrunk:
    """What a failure came to: steps, turns, and in how many runs."""

    steps: int
    turns: int
    runs: int


def turns_of(failing: Failing) -> int:
    """The turns in a sequence."""
    return sum(len(step.operation.turns) for step in failing.steps if isinstance(step.operation, Together))


def by_churn(session: Session, failing: Failing) -> Shrunk:
    """Shrunk by Churn, confirmed."""
    bug = Shrinker(session=session).shrink(failing)
    return Shrunk(len(bug.steps), turns_of(bug.failing), bug.runs)


def by_dropping(session: Session, failing: Failing) -> Shrunk:
    """Shrunk by leaving out one operation after the other, until nothing that is left can be left out."""
    runs, best, going = 0, failing, True
    while going:
        going = False
        for smaller in dropped(best):
            runs += 1
            enabled = repaired_steps(smaller, session.contract)
            found = session.attempt("dropping", best.names, evolve(best.sequence, steps=enabled)).failing
            if (
                found is not None
                and len(found.steps) <= len(best.steps)
                and found.signature.invariant == failing.signature.invariant
            ):
                best, going = found, True
                break
    return Shrunk(len(best.steps), turns_of(best), runs)


def dropped(failing: Failing) -> Iterator[tuple[Step, ...]]:
    """Without one step, or without one operation of a lane."""
    steps = failing.steps
    for place in range(len(steps) - 2, -1, -1):
        yield steps[:place] + steps[place + 1 :]
    for place, step in enumerate(steps):
        if isinstance(step.operation, Together):
            less = [one for one in step.operation.milder if getattr(one, "turns", None) == step.operation.turns]
            yield from ((*steps[:place], Step(one, step.pace), *steps[place + 1 :]) for one in less)


def raced(race: str, seeds: int) -> dict[str, Any]:
    """What came of one planted race from so many seeds."""
    ours: list[Shrunk] = []
    theirs: list[Shrunk] = []
    for seed in range(seeds):
        with assembled(Target(defects=(race,), seed=seed)) as whole:
            session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
            violation = explore(Explorer(session=session, services=3), PROFILE, seed)
            if violation is not None:
                ours.append(by_churn(session, violation.failing))
                theirs.append(by_dropping(session, violation.failing))
    return {
        "found": len(ours),
        "of": seeds,
        "churn": told(ours),
        "dropping": told(theirs),
        "small": sum(one.steps <= SMALL_STEPS and one.turns <= 1 for one in ours),
    }


SMALL_STEPS = 4


def told(shrunk: list[Shrunk]) -> dict[str, float]:
    """The medians."""
    return {name: median(getattr(one, name) for one in shrunk) for name in ("steps", "turns", "runs")} if shrunk else {}


def swept() -> dict[str, float]:
    """All schedules of up to two turns on the healthy reference: how many a second, and what part the verdict takes."""
    spent = 0.0
    plain = rule.together

    def timed(*given: Any) -> Any:
        nonlocal spent
        began = time.perf_counter()
        try:
            return plain(*given)
        finally:
            spent += time.perf_counter() - began

    rule.together = timed  # type: ignore[assignment]  # the same, with a stopwatch
    failures: list[Failing] = []
    try:
        with assembled(Target(together=True)) as whole:
            session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
            pairs, began = Clashes(session, failures.append), time.perf_counter()
            schedules = sum(pairs.run(clash).schedules for clash in clashes(session.contract.possible))
            took = time.perf_counter() - began
    finally:
        rule.together = plain
    return {
        "schedules": schedules,
        "objections": len(failures),
        "per_second": schedules / took,
        "verdict_share": spent / took,
    }


# -- recorded histories -------------------------------------------------------------------------------------------------

_LINE = re.compile(r"(\d+)\s+:(invoke|ok|fail|info)\s+:(read|write|cas)\s+(.*)$")
_ANSWER = re.compile(r"checkJepsen\(t, (\d+), (true|false)\)")
Operation = tuple[str, Any]


def recorded(path: Path) -> tuple[list[Operation], list[Span]]:
    """The operations of a log, and when each was under way, by its line. What ended unknown may take effect whenever."""
    ops: list[Operation] = []
    spans: list[Span] = []
    open_by: dict[int, tuple[int, str, str]] = {}
    lines = [found for line in path.read_text().splitlines() if (found := _LINE.search(line))]
    for place, found in enumerate(lines):
        client, how, kind, value = int(found[1]), found[2], found[3], found[4].strip()
        if how == "invoke":
            open_by[client] = (place, kind, value)
            continue
        began, _, asked = open_by.pop(client)
        if how == "ok":
            ops.append((kind, value if kind == "read" else asked))
            spans.append(Span(began, place, len(spans)))
        elif how == "info":
            open_by[-1 - len(open_by) - place] = (began, kind, asked)
        elif kind == "cas":
            ops.append(("cas failed", asked))
            spans.append(Span(began, place, len(spans)))
    for began, kind, asked in open_by.values():
        if kind != "read":
            ops.append((f"{kind} perhaps", asked))
            spans.append(Span(began, len(lines), len(spans)))
    return ops, spans


def register(ops: list[Operation]) -> Callable[[str, int], Iterator[str]]:
    """What may follow an operation on a register that begins empty."""

    def follow(state: str, place: int) -> Iterator[str]:
        kind, value = ops[place]
        if kind == "read":
            if value == state:
                yield state
        elif kind.startswith("write"):
            yield value
            if kind.endswith("perhaps"):
                yield state
        else:
            old, new = value.strip("[]").split()
            if kind == "cas" and state == old:
                yield new
            elif kind == "cas failed" and state != old:
                yield state
            elif kind == "cas perhaps":
                yield from {state, new if state == old else state}

    return follow


def answered(folder: Path, answers: Path) -> dict[str, float]:
    """How many of the logs are answered right, and in how many seconds."""
    right = 0
    known = _ANSWER.findall(answers.read_text())
    began = time.perf_counter()
    for number, answer in known:
        ops, spans = recorded(folder / f"etcd_{int(number):03d}.log")
        found = orders(spans, ("nil",), register(ops), lambda state: state, first=True, most_nodes=10_000_000)
        right += bool(found.ends) is (answer == "true")
    return {"right": right, "of": len(known), "seconds": time.perf_counter() - began}


def main() -> None:
    """Print a table, and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("races", nargs="*", default=list(RACES))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--histories", type=Path)
    parser.add_argument("--answers", type=Path)
    options = parser.parse_args()
    result: dict[str, Any] = {"sweep": swept()}
    print(f"{result['sweep']}", flush=True)
    if options.histories is not None and options.answers is not None:
        result["histories"] = answered(options.histories, options.answers)
        print(f"{result['histories']}", flush=True)
    result["races"] = {}
    for race in options.races:
        one = result["races"][race] = raced(race, options.seeds)
        print(
            f"{race:20} found {one['found']}/{one['of']}, small {one['small']}; {one['churn']}; {one['dropping']}",
            flush=True,
        )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
