"""Finding and shrinking each planted bug: Churn beside a plain Hypothesis machine with the same rules on the same manager.

Discovery is by exploration alone, so that there is something to shrink. Runs are sequences from a reset on; the system's
seconds are virtual: a start takes 7 s, a stop 3 s, a list 0.3 s, a reset 5 s.

Beside each stands the floor: what the best shrinker needs, one jump, each distinct single deletion of the minimum, and two runs
that confirm it. From the same first failures also fast-check's way of shrinking: blocks of halving size are left out, what is
then not enabled is skipped, any failure counts, and after each it starts over. It and plain Hypothesis are ended after
PLAIN_RUNS runs: their smallest failure by then counts. The last line is JSON.

python tests/benchmarks/finding.py [--seeds N] [--plain N] [--first N] [--jobs N] [--keep FILE] [DEFECT …]
"""

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from statistics import median

from attrs import asdict, frozen
from hypothesis import HealthCheck, Phase, Verbosity, seed as seeded, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from measure import keep, machine
from rich.console import Console
from rich.table import Table
from yardsticks import floors, halved

from churn.assembly import OTHER, STAND_IN
from churn.explore.drawing import openings, operations, paces
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import Profile
from churn.lifecycle.operations import Create, Step
from churn.lifecycle.state import repaired
from churn.session.budget import Budget
from churn.session.reset import reset
from churn.session.session import Session
from churn.session.system import System
from churn.session.trace import Trace
from churn.session.violation import Violation
from churn.shrink.shrinker import Shrinker
from churn.slow import RESET, Slow
from churn.system import ownership
from churn.system.clock import RealClock, VirtualClock
from churn.system.engines.emulated import Core, EmulatedEngine, EmulatedHost
from churn.system.managers.defects import DEFECTS, defective
from churn.system.managers.reference import Embedded, Settings, Store
from churn.system.runs import new_run

SERVICES, PROFILE = 3, Profile(2_000, 30)
BUDGET = 300.0
PLAIN_RUNS = 500
"""Runs after discovery that plain Hypothesis gets."""
MINIMA = Path(__file__).parent / "minima.json"


@frozen
class Found:
    """One defect with one seed. `length` is that of the sequence in the end; None in `discovery_runs`: not found.

    `repeats`: runs of a sequence that had been run, those that confirm Churn's result apart.
    """

    defect: str
    seed: int
    discovery_runs: int | None
    discovery_operations: int = 0
    first_length: int = 0
    runs: int = 0
    operations: int = 0
    repeats: int = 0
    length: int = 0
    sequence: str = ""
    minimal: bool = False
    flaky: bool = False


@contextmanager
def opened(defect: str, seed: int, *, slow: bool = False) -> Iterator[Session]:
    """A session on the emulated engine, of a manager with that defect."""
    run = new_run()
    clock = VirtualClock()
    core = Core(clock, seed=seed, images=frozenset({STAND_IN, OTHER}))
    host, engine = EmulatedHost(core), EmulatedEngine(core)
    made = defective((defect,) if defect else ())(
        Store(), engine, host, clock, Settings(session=f"churn-{seed}", image=STAND_IN, labels=ownership.labels(run))
    )
    system = System((Slow if slow else Embedded)(made), EmulatedEngine(core), host, clock)

    def clean() -> None:
        reset(system, run)
        clock.sleep(RESET)

    yield Session(system, clean, Trace(), Budget(RealClock()))


def churn(defect: str, seed: int, *, seconds: float | None = None) -> Found:
    """Found and shrunk by Churn; with `seconds` shrinking has that many of the system's, and the system is slow."""
    with opened(defect, seed, slow=seconds is not None) as session:
        violation = explore(Explorer(session=session, services=SERVICES), PROFILE, seed)
        if violation is None:
            return Found(defect, seed, None)
        runs, steps = len(session.trace.runs), session.trace.steps
        failing = violation.failing
        shrinker = Shrinker(session=session, most_seconds=seconds)
        bug = shrinker.shrink(failing)
        return Found(
            defect, seed, runs, steps, len(failing.steps), bug.runs, session.trace.steps - steps,
            max(0, _repeats(session.trace, runs) - (bug.rate.runs if bug.rate is not None else 0)),
            len(bug.steps), str(bug.failing.sequence), bug.minimal, bug.flaky,
        )  # fmt: skip


def blocks(defect: str, seed: int) -> Found:
    """Found by the same exploration, and shrunk as fast-check shrinks commands."""
    with opened(defect, seed) as session:
        violation = explore(Explorer(session=session, services=SERVICES), PROFILE, seed)
        if violation is None:
            return Found(defect, seed, None)
        runs, steps = len(session.trace.runs), session.trace.steps
        best = halved(session, violation.failing, PLAIN_RUNS)
        return Found(
            defect, seed, runs, steps, len(violation.failing.steps), len(session.trace.runs) - runs,
            session.trace.steps - steps, _repeats(session.trace, runs), len(best.steps), str(best.sequence), minimal=True,
        )  # fmt: skip


class Enough(KeyboardInterrupt):
    """Hypothesis lets nothing else through."""


class Plain(RuleBasedStateMachine):
    """As one would write it: rules that draw what the model enables, and fail where the session does."""

    session: Session
    failed: list[tuple[int, int, str]]
    """Of each failing run: its number, the operations done by then, and its steps."""
    over = True

    @initialize(data=st.data())
    def open(self, data: st.DataObject) -> None:
        if self.failed and len(self.session.trace.runs) - self.failed[0][0] >= PLAIN_RUNS:
            raise Enough
        opening = data.draw(st.sampled_from(openings(SERVICES)))
        self.session.begin("plain", opening.names, opening.naming, detailed=False)
        self.names, self.over = opening.names, False
        for name in opening.names if opening.created else ():
            self.guarded(partial(self.session.step, Step(Create(name))))

    @rule(data=st.data())
    def operate(self, data: st.DataObject) -> None:
        drawn = data.draw(operations(self.names, self.session.contract.offers, faults=True))
        pace = data.draw(paces)
        operation = repaired(self.session.state, drawn) if drawn is not None else None
        if operation is not None:
            self.guarded(partial(self.session.step, Step(operation, pace)))

    def teardown(self) -> None:
        if not self.over:
            self.guarded(self.session.finish)

    def guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Violation:
            self.over = True
            trace = self.session.trace
            steps = "; ".join(str(record.step) for record in trace.runs[-1].records)
            self.failed.append((len(trace.runs), trace.steps, steps))
            raise


def plain(defect: str, seed: int) -> Found:
    """Found and shrunk by Hypothesis itself, with its own phases."""
    options = settings(
        max_examples=PROFILE.sequences,
        stateful_step_count=PROFILE.steps,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
    )
    with opened(defect, seed) as session:
        failed: list[tuple[int, int, str]] = []
        machine = seeded(seed)(type("Mine", (Plain,), {"session": session, "failed": failed}))
        with suppress(Violation, Enough):
            run_state_machine_as_test(machine, settings=options)
        if not failed:
            return Found(defect, seed, None)
        (runs, steps, first), last = failed[0], failed[-1][2]
        return Found(
            defect, seed, runs, steps, _length(first), len(session.trace.runs) - runs, session.trace.steps - steps,
            _repeats(session.trace, runs), _length(last), last, minimal=True,
        )  # fmt: skip


def _length(steps: str) -> int:
    return steps.count(";") + 1


def _repeats(trace: Trace, after: int) -> int:
    """How many runs after discovery were of a sequence that had been run already since."""
    ran = [
        (chapter.names, chapter.naming, tuple(record.step for record in chapter.records))
        for chapter in trace.runs[after:]
    ]
    return len(ran) - len(set(ran))


def _do(job: tuple[str, str, int]) -> tuple[str, Found]:
    kind, defect, seed = job
    if kind in ("plain", "blocks"):
        return kind, (plain if kind == "plain" else blocks)(defect, seed)
    return kind, churn(defect, seed, seconds=BUDGET if kind == "budget" else None)


def table(rows: dict[str, list[Found]], minima: dict[str, int]) -> Table:
    """One line a defect."""
    made = Table("defect", "min", "find: runs", "ops", "floor", "shrink: runs (max)", "ops", "length", "at min",
                 "300 s: at min", "min + 2", "blocks: runs", "length", "at min",
                 "plain find: runs", "ops", "shrink: runs", "ops", "length", "at min", title="medians over seeds")  # fmt: skip
    least_runs = floors()
    for defect in dict.fromkeys(found.defect for found in rows["churn"]):
        mine, timed, fast, theirs = (
            [found for found in rows.get(kind, ()) if found.defect == defect and found.discovery_runs]
            for kind in ("churn", "budget", "blocks", "plain")
        )
        least = minima.get(defect) or min((found.length for found in mine), default=0)
        most = max((found.runs for found in mine), default=0)
        find, ops, shrink, more, length = _middle(mine)
        made.add_row(defect, str(least), find, ops, str(least_runs[defect]), f"{shrink} ({most})", more, length,
                     _share(mine, least), _share(timed, least), _share(timed, least + 2),
                     _middle(fast)[2], _middle(fast)[4], _share(fast, least),
                     *_middle(theirs), _share(theirs, least))  # fmt: skip
    return made


def _middle(found: list[Found]) -> list[str]:
    names = ("discovery_runs", "discovery_operations", "runs", "operations", "length")
    return [f"{median(getattr(one, name) for one in found):g}" if found else "-" for name in names]


def _share(found: list[Found], least: int) -> str:
    return f"{sum(one.length <= least for one in found)}/{len(found)}" if found else "-"


def totals(rows: dict[str, list[Found]], minima: dict[str, int]) -> dict[str, float]:
    """All together, for the line of JSON."""
    least_runs, figures = floors(), dict[str, float]()
    for kind, found in rows.items():
        failed = [one for one in found if one.discovery_runs]
        if not failed:
            continue
        over = [one.length - minima[one.defect] for one in failed]
        figures[f"{kind}_failures"] = len(failed)
        figures[f"{kind}_not_found"] = len(found) - len(failed)
        figures[f"{kind}_at_minimum"] = sum(more <= 0 for more in over)
        figures[f"{kind}_within_two"] = sum(more <= 2 for more in over)
        figures[f"{kind}_runs"] = sum(one.runs for one in failed)
        figures[f"{kind}_runs_median"] = median(one.runs for one in failed)
        figures[f"{kind}_runs_most"] = max(one.runs for one in failed)
        figures[f"{kind}_floor"] = sum(
            least_runs[one.defect] - (one.first_length <= minima[one.defect]) for one in failed
        )
        figures[f"{kind}_over_floor"] = round(figures[f"{kind}_runs"] / figures[f"{kind}_floor"], 3)
        figures[f"{kind}_called_flaky"] = sum(one.flaky for one in failed)
        figures[f"{kind}_repeats_most"] = max(one.repeats for one in failed)
    return figures


def markdown(rows: dict[str, list[Found]], minima: dict[str, int]) -> Iterator[str]:
    """The table as `tests/benchmarks/README.md` has it."""
    made = table(rows, minima)
    cells = [list(column.cells) for column in made.columns]
    yield f"| {' | '.join(str(column.header) for column in made.columns)} |"
    yield "|---" * len(cells) + "|"
    yield from (f"| {' | '.join(map(str, line))} |" for line in zip(*cells, strict=True))


def main() -> None:
    """Measure the defects named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("defects", nargs="*", default=list(DEFECTS))
    parser.add_argument("--seeds", type=int, default=20, help="seeds for Churn")
    parser.add_argument("--plain", type=int, default=5, help="seeds for blocks and plain Hypothesis, which take long")
    parser.add_argument("--first", type=int, default=0, help="the first of the seeds")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--markdown", action="store_true", help="print the table for tests/benchmarks/README.md, too")
    parser.add_argument("--keep", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    counts = {"churn": options.seeds, "budget": options.seeds, "blocks": options.plain, "plain": options.plain}
    jobs = [
        (kind, defect, seed)
        for defect in options.defects
        for kind, count in counts.items()
        for seed in range(options.first, options.first + count)
    ]
    rows: dict[str, list[Found]] = {kind: [] for kind in counts}
    with Pool(options.jobs) as pool:
        for kind, found in pool.imap(_do, jobs, chunksize=1):
            rows[kind].append(found)
    minima = {name: entry["length"] for name, entry in json.loads(MINIMA.read_text())["minima"].items()}
    if options.markdown:
        print(*markdown(rows, minima), sep="\n")
    Console(highlight=False, width=190).print(table(rows, minima))
    figures = totals(rows, minima)
    for key, value in figures.items():
        print(f"{key.replace('_', ' ')}: {value:g}")
    if options.keep:
        keep(
            options.keep, "finding", [{"side": kind, **asdict(found)} for kind, each in rows.items() for found in each]
        )
    print(json.dumps({"benchmark": "finding", "figures": figures, "machine": machine()}))


if __name__ == "__main__":
    main()
