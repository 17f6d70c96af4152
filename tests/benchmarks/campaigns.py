"""What the default campaign of `churn run` finds: each planted bug over many seeds, several at once, and nothing on the healthy.

A bug counts as found at the first violation: the healthy reference has none. Several at once are run to the end, shrinking
included, and each has to be told once: a bug that was told is of a planted one if it does not come without that one.

With --shrunk N each is found in N seeds by what `churn run` does without options (interrupts are on), shrunk at once, and held
against its true minimum; the run ends when it is told. With --healthy N what is told of the healthy one in N seeds with all
switches on: interrupts, engine faults, two clients at once. Nothing else is measured then.

python tests/benchmarks/campaigns.py [--seeds N] [--several N] [--shrunk N] [--healthy N] [--jobs N] [--keep FILE] [DEFECT …]
"""

import argparse
import json
from collections.abc import Mapping
from contextlib import suppress
from itertools import permutations
from multiprocessing import Pool
from pathlib import Path
from random import Random

from attrs import asdict, define, evolve, frozen
from measure import keep
from rich.console import Console
from rich.table import Table

from churn.assembly import Target, assembled
from churn.campaign import Campaign, Plan
from churn.cli.run import OPERATIONS
from churn.lifecycle.operations import Pace
from churn.reproducers.file import Reproducer, load
from churn.reproducers.replay import ReplayVerdict, replay
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.violation import Violation
from churn.shrink.bug import Bug
from churn.shrink.cases import alike
from churn.system.clock import RealClock
from churn.system.managers.defects import DEFECTS

HEALTHY, AT_ONCE = "healthy", 4
KEPT = Path(__file__).parents[2] / "reproducers" / "defects"
_CAMPAIGNS = 10
"""What so many keep in memory is let go with their process."""
MINIMA = Path(__file__).parent / "minima.json"
Job = tuple[str, tuple[str, ...], int]


class _Found(Exception):
    """The first violation."""


@define
class _UntilFound(Campaign):
    alone: bool = False
    """Exploration alone."""

    def _scenario(self, pace: Pace) -> None:
        if not self.alone:
            super()._scenario(pace)

    def _violated(self, violation: Violation) -> bool:
        raise _Found from violation


def _found(kind: str, defects: tuple[str, ...], seed: int) -> bool:
    alone = kind == "exploration"
    with assembled(Target(seed=seed, defects=defects)) as whole:
        plan = Plan(seed=seed, operations=OPERATIONS, tour=not alone)
        try:
            _UntilFound(assembled=whole, plan=plan, trace=Trace(), alone=alone).run()
        except _Found:
            return True
    return False


@define
class _UntilShrunk(Campaign):
    def _violated(self, violation: Violation) -> bool:
        news = super()._violated(violation)
        self.triage.settle()
        if self.bugs:
            raise _Found from violation
        return news


@frozen
class Shrunk:
    """What the first bug that a campaign tells came to; of length 0 where it tells none."""

    length: int
    sequence: str


def _shrunk(defects: tuple[str, ...], seed: int) -> Shrunk:
    target = Target(seed=seed, defects=defects, interrupts=True)
    if not defects:
        target = evolve(target, engine_faults=True, together=True)
    with assembled(target) as whole:
        campaign = _UntilShrunk(assembled=whole, plan=Plan(seed=seed, operations=OPERATIONS), trace=Trace())
        with suppress(_Found):
            campaign.run()
        bug: Bug | None = next(iter(campaign.bugs), None)
        return Shrunk(0, "") if bug is None else Shrunk(len(bug.steps), str(bug.failing.sequence))


def _all_shrunk(options: argparse.Namespace) -> None:
    """Measure that, and print it as it comes."""
    minima = json.loads(MINIMA.read_text())["minima"]
    seeds = {name: options.shrunk for name in options.defects if options.shrunk} | {HEALTHY: options.healthy}
    jobs: list[Job] = [
        ("shrunk", () if name == HEALTHY else (name,), seed)
        for name, number in seeds.items()
        for seed in range(options.first, options.first + number)
    ]
    rows: dict[str, list[Shrunk]] = {}
    with Pool(options.jobs, maxtasksperchild=_CAMPAIGNS) as pool:
        for (_, defects, seed), told in pool.imap(_do, jobs):
            assert isinstance(told, Shrunk)
            name = defects[0] if defects else HEALTHY
            rows.setdefault(name, []).append(told)
            if not defects and told.length:
                print(f"{HEALTHY}, seed {seed}: {told.sequence}", flush=True)
            if len(rows[name]) == seeds[name]:
                print(name, _counted(rows[name], minima.get(name)), flush=True)
    if options.keep:
        keep(options.keep, "campaigns", [{"defect": name, **_counted(rows[name], minima.get(name))} for name in rows])


def _counted(told: list[Shrunk], minimum: Mapping[str, int] | None) -> dict[str, object]:
    found = [one for one in told if one.length]
    least = minimum["length"] if minimum else 0
    above = sorted({one.sequence for one in found if one.length > least})
    return {
        "seeds": len(told),
        "found": len(found),
        "minimum": least,
        "at_minimum": len(found) - sum(one.length > least for one in found),
        "longer": above,
    }


@frozen
class Told:
    """What the campaign reports of several bugs at once, and whether that is each of them once."""

    bugs: tuple[str, ...]
    each_once: bool


def _several(defects: tuple[str, ...], seed: int) -> Told:
    target = Target(seed=seed, defects=defects)
    with assembled(target) as whole:
        campaign = Campaign(assembled=whole, plan=Plan(seed=seed, operations=OPERATIONS), trace=Trace())
        campaign.run()
        found = campaign.reproducers(target, "")
    due = [{name for name in defects if not _comes_without(name, target, one)} for one in found]
    matched = len(found) == len(defects) and any(
        all(name in names for name, names in zip(order, due, strict=True)) for order in permutations(defects)
    )
    return Told(tuple(f"{bug.signature}: {bug.failing.sequence}" for bug in campaign.bugs), matched)


def _comes_without(name: str, target: Target, found: Reproducer) -> bool:
    others = tuple(one for one in target.defects if one != name)
    with assembled(evolve(target, defects=others)) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        return replay(found, session).verdict is ReplayVerdict.FAILED


def quadruple(seed: int) -> tuple[str, ...]:
    """Random defects whose own reproducers are told by pairwise different invariants, so by different signatures."""
    dice = Random(seed)  # noqa: S311 -- a draw, no secret
    signatures = {path.name.split("--")[0]: load(path).signature for path in KEPT.glob("*.json")}
    while True:
        drawn = tuple(dice.sample(list(DEFECTS), AT_ONCE))
        named = [signatures[name] for name in drawn]
        if not any(alike(one, other) for place, one in enumerate(named) for other in named[:place]):
            return drawn


def _do(job: Job) -> tuple[Job, bool | Told | Shrunk]:
    kind, defects, seed = job
    if kind == "shrunk":
        return job, _shrunk(defects, seed)
    return job, _several(defects, seed) if kind == "several" else _found(*job)


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("defects", nargs="*", default=list(DEFECTS))
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--alone", type=int, default=100, help="seeds with five cycles and tour off")
    parser.add_argument("--several", type=int, default=20, help="seeds with several defects at once")
    parser.add_argument(
        "--shrunk", type=int, default=0, help="seeds in which each is shrunk, too; nothing else is measured"
    )
    parser.add_argument("--healthy", type=int, default=0, help="seeds of the healthy one with all switches on")
    parser.add_argument("--first", type=int, default=0, help="the first of these seeds")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--keep", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    if options.shrunk or options.healthy:
        _all_shrunk(options)
        return
    jobs: list[Job] = [
        (kind, defects, seed)
        for kind, seeds in (("campaign", options.seeds), ("exploration", options.alone))
        for defects in [(), *((name,) for name in options.defects)]
        for seed in range(seeds)
    ]
    jobs += [("several", quadruple(seed), seed) for seed in range(options.several)]
    with Pool(options.jobs) as pool:
        results = pool.map(_do, jobs, chunksize=4)
    table = Table(
        "defect",
        "campaign",
        "exploration alone",
        title=f"found in so many of {options.seeds} and {options.alone} seeds",
    )
    counts: dict[str, dict[str, int]] = {}
    for (kind, defects, _), found in results:
        if isinstance(found, bool):
            of = counts.setdefault(defects[0] if defects else HEALTHY, {"campaign": 0, "exploration": 0})
            of[kind] += found
    for name, of in counts.items():
        table.add_row(name, str(of["campaign"]), str(of["exploration"]))
    Console(highlight=False).print(table)
    several = [(defects, told) for (kind, defects, _), told in results if isinstance(told, Told)]
    for defects, told in several:
        print(f"{', '.join(defects)}: {len(told.bugs)} told", *told.bugs, sep="\n    ")
    print(f"each planted bug told once: {sum(told.each_once for _, told in several)} of {len(several)}")
    if options.keep:
        rows = [{"defect": name, "seeds": options.seeds, "alone": options.alone, **of} for name, of in counts.items()]
        keep(options.keep, "campaigns", [*rows, *({"defects": defects, **asdict(told)} for defects, told in several)])


if __name__ == "__main__":
    main()
