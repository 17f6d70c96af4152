"""Several bugs in one manager: whether the report tells each of them once, and nothing else.

Pairs are those of one invariant, in both orders: of two defects that do the same otherwise, the first is asked first. Where one
hides the other nothing can be told of it, so such pairs are named and left out: a defect counts as reachable if some sequence
fails with it alone, passes with the other alone, and fails as with it alone with both. Triples and quadruples are drawn at
random so that some have an invariant in common, and none of these hides another.

What the report tells is a planted defect's if it does not come, in the same words, without that one.

python tests/benchmarks/several.py [--pairs N] [--triples N] [--quadruples N] [--singles] [--seeds N] [--jobs N] [--keep FILE]
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import combinations, permutations
from multiprocessing import Pool
from pathlib import Path
from random import Random

from attrs import asdict, frozen
from measure import keep, machine
from rich.console import Console
from rich.table import Table

from churn.assembly import Target, assembled
from churn.campaign import Campaign, Plan
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import Profile
from churn.lifecycle.sequence import Sequence
from churn.report.summary import summarise
from churn.reproducers.file import load
from churn.session.budget import Budget
from churn.session.failing import Failing
from churn.session.known import Behind, Known
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.verdict import Signature
from churn.shrink.bug import Bug
from churn.shrink.shrinker import Shrinker
from churn.system.clock import RealClock
from churn.system.managers.defects import DEFECTS

OPERATIONS = 12_000
KEPT = Path(__file__).parents[2] / "reproducers" / "defects"
EXPLORED, PROFILE = 6, Profile(200, 20)
"""Failures of each defect that are looked for by exploration, to learn what hides what."""
Defects = tuple[str, ...]
Words = tuple[str, str, str]


@frozen
class Told:
    """What the report of one campaign says of the defects that were planted.

    `told` has for each of its bugs which of these it is due to; `loose` are entries that belong to none that was shrunk.
    """

    defects: Defects
    seed: int
    told: tuple[str, ...]
    bugs: tuple[str, ...]
    loose: int
    operations: int

    @property
    def each_once(self) -> bool:
        """Whether that is each of them once, and nothing else."""
        due = [one.split(" or ") for one in self.told]
        matched = any(
            all(name in names for name, names in zip(order, due, strict=True))
            for order in permutations(self.defects)
            if len(due) == len(order)
        )
        return matched and not self.loose

    @property
    def word(self) -> str:
        """What became of them."""
        if self.each_once:
            return "each once"
        lost = [name for name in self.defects if not any(name in one.split(" or ") for one in self.told)]
        more = len(self.told) > len(self.defects) or (len(self.told) == len(self.defects) and not lost)
        words = [f"lost: {', '.join(lost)}"] if lost else []
        words += ["one told more than once"] if more else []
        words += [f"{self.loose} entries of no bug"] if self.loose else []
        return "; ".join(words)


# -- what hides what --------------------------------------------------------------------------------------------------


@cache
def failures(name: str) -> tuple[Failing, ...]:
    """How a defect fails alone: its reproducer, and what exploration comes to, before and after shrinking."""
    (path,) = KEPT.glob(f"{name}--*.json")
    kept = load(path)
    found: dict[Sequence, Failing] = {}
    with assembled(Target(defects=(name,))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        session.attempt("kept", kept.names, kept.sequence)
        if session.current.failing is not None:
            found[kept.sequence] = session.current.failing
        shrinker = Shrinker(session=session)
        for seed in range(EXPLORED):
            violation = explore(Explorer(session=session, services=3), PROFILE, seed)
            if violation is not None:
                for failing in (shrinker.shrink(violation.failing).failing, violation.failing):
                    found[failing.sequence] = failing
    return tuple(found.values())


def reachable(name: str, other: str, both: Defects) -> bool:
    """Whether some sequence fails with the defect alone, passes with the other alone, and fails alike with both."""
    return any(
        _words_of(failing, (other,)) is None and _words_of(failing, both) == _words(failing)
        for failing in failures(name)
    )


@cache
def hides(one: str, other: str) -> bool:
    """Whether one of the two hides the other, if they are planted in this order."""
    return not (reachable(one, other, (one, other)) and reachable(other, one, (one, other)))


def _words_of(failing: Failing, defects: Defects, behind: Behind | None = None) -> Words | None:
    """In which words a sequence fails with these defects, None where it does not."""
    with assembled(Target(defects=defects)) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        session.known = Known.of(behind or Behind())
        session.attempt("asked", failing.names, failing.sequence)
        return _words(session.current.failing) if session.current.failing is not None else None


def _words(failing: Failing) -> Words:
    return failing.signature.invariant, failing.fingerprint.expected, failing.fingerprint.seen


# -- what is told -----------------------------------------------------------------------------------------------------


def campaign(defects: Defects, seed: int) -> Told:
    """One default campaign, its report, and whose each of its bugs is."""
    with assembled(Target(seed=seed, defects=defects)) as whole:
        made = Campaign(
            assembled=whole,
            plan=Plan(seed=seed, operations=OPERATIONS),
            trace=Trace({"manager": "", "engine": "", "seed": seed}),
        )
        made.run()
        told = summarise(made.trace, made.account(1.0)).bugs
        bugs = tuple(made.bugs)
    return Told(
        defects,
        seed,
        tuple(" or ".join(_due(bug, defects)) or "none" for bug in bugs),
        tuple(f"{bug.signature}: {bug.failing.sequence}" for bug in bugs),
        len(told) - len(bugs),
        made.trace.steps,
    )


def _due(bug: Bug, defects: Defects) -> list[str]:
    """The defects without which it does not come; where it comes without each, those with which alone it does."""
    if len(defects) == 1:
        return list(defects)
    words = _words(bug.failing)
    needed = [
        name
        for name in defects
        if _words_of(bug.failing, tuple(one for one in defects if one != name), bug.behind) != words
    ]
    return needed or [name for name in defects if _words_of(bug.failing, (name,), bug.behind) == words]


# -- what is measured -------------------------------------------------------------------------------------------------


@cache
def signatures() -> dict[str, Signature]:
    """What each defect's own reproducer is told by."""
    return {path.name.split("--")[0]: load(path).signature for path in KEPT.glob("*.json")}


def _of_one_invariant(one: str, other: str) -> bool:
    return signatures()[one].invariant == signatures()[other].invariant


def pairs() -> Iterator[Defects]:
    """All pairs of one invariant, in both orders."""
    for one, other in combinations(DEFECTS, 2):
        if _of_one_invariant(one, other):
            yield from ((one, other), (other, one))


def drawn(count: int, size: int, *, common: bool) -> Iterator[Defects]:
    """Random defects of which none hides another of its invariant; with an invariant in `common`, or as they come."""
    dice = Random(size)  # noqa: S311 -- a draw, no secret
    while count:
        names = tuple(dice.sample(list(DEFECTS), size))
        alike = [two for two in combinations(names, 2) if _of_one_invariant(*two)]
        if (common and not alike) or any(hides(*two) for two in alike):
            continue
        count -= 1
        yield names


def _pair(job: tuple[Defects, int]) -> Told | Defects:
    defects, seed = job
    return defects if len(defects) == 2 and hides(*defects) else campaign(defects, seed)


def kind(defects: Defects) -> str:
    """Which line of the table it belongs to."""
    if len(defects) == 2:
        one, other = (signatures()[name] for name in defects)
        return "pairs of one signature" if one == other else "pairs of one invariant"
    return {1: "singles", 3: "triples"}.get(len(defects), "quadruples")


def shown(found: Iterable[Told]) -> dict[str, dict[str, int]]:
    """The figures, line by line."""
    lines: dict[str, dict[str, int]] = {}
    for told in found:
        line = lines.setdefault(kind(told.defects), {"campaigns": 0, "each once": 0, "loose": 0, "operations": 0})
        line["campaigns"] += 1
        line["each once"] += told.each_once
        line["loose"] += told.loose
        line["operations"] += told.operations
    return lines


def _jobs(options: argparse.Namespace) -> Iterator[tuple[Defects, int]]:
    chosen = list(pairs())
    if options.pairs is not None:
        chosen = Random(options.draw).sample(chosen, min(options.pairs, len(chosen)))  # noqa: S311 -- as above
    if options.only:
        chosen = [tuple(one.split("+")) for one in options.only if one]
    several = (*drawn(options.triples, 3, common=True), *drawn(options.quadruples, 4, common=True))
    singles = [(name,) for name in DEFECTS] if options.singles else []
    for defects in (*singles, *chosen, *several):
        for seed in range(options.seeds):
            yield defects, options.first + seed


def main() -> None:
    """Measure all, or a sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="defects such as leaks-volume+leaks-network, in place of the pairs")
    parser.add_argument("--pairs", type=int, help="so many pairs, drawn at random; all by default")
    parser.add_argument("--draw", type=int, default=0, help="what the draw of pairs begins with")
    parser.add_argument("--triples", type=int, default=0)
    parser.add_argument("--quadruples", type=int, default=0)
    parser.add_argument("--singles", action="store_true", help="each defect alone, too")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--keep", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    found: list[Told] = []
    hidden: list[Defects] = []
    with Pool(options.jobs) as pool:
        for one in pool.imap(_pair, _jobs(options)):
            if isinstance(one, Told):
                found.append(one)
                print(f"{' + '.join(one.defects)} (seed {one.seed}): {one.word}", flush=True)
                if not one.each_once:
                    print(*(f"    {due}: {bug}" for due, bug in zip(one.told, one.bugs, strict=True)), sep="\n")
            else:
                hidden.append(one)
                print(f"{' + '.join(one)}: one hides the other", flush=True)
    lines = shown(found)
    table = Table("defects", "campaigns", "each told once", "entries of no bug", "operations")
    for name, line in lines.items():
        table.add_row(name, *(str(value) for value in line.values()))
    Console(highlight=False).print(table)
    print(f"left out, since one hides the other: {len(hidden)} of {len(hidden) + len(found)}")
    if options.keep:
        rows = [{**asdict(told), "word": told.word} for told in found]
        keep(options.keep, "several", [*rows, *({"hidden": one} for one in hidden)])
    print(json.dumps({"benchmark": "several", "figures": lines, "hidden": len(hidden), "machine": machine()}))


if __name__ == "__main__":
    main()
