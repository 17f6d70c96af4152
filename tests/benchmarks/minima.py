"""The true minima of the planted bugs: breadth-first search over the joint states of model, manager and engine.

Every sequence of enabled operations, at every pace, is run on the emulated engine, shortest first, from each joint state once;
so the first that fails is a shortest one. Joint states are told apart by all that a later step may depend on; ids, ports and
times count only as far as they relate to each other. Two services under every naming, three where two show nothing.

python tests/benchmarks/minima.py [--jobs N] [DEFECT …]     writes minima.json beside this file
"""

import argparse
import json
import re
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path

from attrs import evolve, frozen
from finding import opened

from churn.lifecycle.operations import Operation, Pace, Step
from churn.lifecycle.sequence import Naming, Sequence, service_names
from churn.lifecycle.state import enabled
from churn.session.session import Session
from churn.session.verdict import Violation
from churn.system.engines.emulated import EmulatedEngine
from churn.system.managers.defects import DEFECTS
from churn.system.managers.reference import Embedded

FILE = Path(__file__).parent / "minima.json"
DEEPEST = 10
_ID, _PORT = re.compile(r"[0-9a-f]{64}"), re.compile(r"\b2\d{4}\b")


@frozen
class Node:
    """A way to a joint state, and what can be done there."""

    steps: tuple[Step, ...]
    enabled: tuple[Operation, ...]


def minimum(defect: str) -> tuple[str, int, str, str]:
    """The defect's name, the length of its shortest failing sequence, that sequence and its naming."""
    searches = [(names, naming, _levels(defect, names, naming)) for names, naming in _worlds()]
    for depth in range(1, DEEPEST + 1):
        alive = [search for search in searches if len(search[0]) == 1 or depth <= _WIDE[len(search[0])]]
        for _, naming, levels in alive:
            found = next(levels)
            if found is not None:
                return defect, depth, str(Sequence(found)), naming.value
    raise AssertionError(f"{defect}: nothing fails up to depth {DEEPEST}")


_WIDE = {2: 5, 3: 4}
"""How deep sequences of so many services are searched."""


def _worlds() -> Iterator[tuple[tuple[str, ...], Naming]]:
    yield service_names(1), Naming.PLAIN
    for count in (2, 3):
        for naming in Naming:
            yield service_names(count), naming


def _levels(defect: str, names: tuple[str, ...], naming: Naming) -> Iterator[tuple[Step, ...] | None]:
    """For each depth in turn: a failing sequence of that length, or None."""
    with opened(defect, 0) as session:
        first = Node((), enabled(session.state, names, session.contract))
        level, seen = [first], set[str]()
        while True:
            following: list[Node] = []
            failing = None
            for steps in _longer(level):
                node = _run(session, names, naming, steps, seen)
                if isinstance(node, Node):
                    following.append(node)
                elif node is not None:
                    failing = node
                    break
            yield failing
            level = following


def _longer(level: list[Node]) -> Iterator[tuple[Step, ...]]:
    for node in level:
        for operation in node.enabled:
            for pace in Pace:
                yield (*node.steps, Step(operation, pace))


def _run(
    session: Session, names: tuple[str, ...], naming: Naming, steps: tuple[Step, ...], seen: set[str]
) -> Node | tuple[Step, ...] | None:
    """Where the steps lead, if nobody was there before; the steps themselves, where they fail."""
    del session.trace.chapters[:]
    try:
        session.begin("search", names, naming, detailed=False)
        for step in steps:
            session.step(step)
        here = joint(session)
        options = enabled(session.state, names, session.contract)
        if steps[-1].hurried:
            session.finish()
    except Violation:
        return steps
    if here in seen:
        return None
    seen.add(here)
    return Node(steps, options)


def joint(session: Session) -> str:
    """All that later steps may depend on, as text: ids and ports by the order in which they appear, times from now on."""
    engine, manager = session.system.engine, session.system.manager
    assert isinstance(engine, EmulatedEngine)
    assert isinstance(manager, Embedded)
    core, store = engine.core, manager.manager.store
    now = core.clock.now()
    containers = [
        (one.id, one.name, one.state, one.removing, one.stopped_by_hand, one.restart_count, one.spec.ports,
         one.spec.restart_policy, max(0.0, round(one.ready_at - now, 3)), min(10.0, round(now - one.started_at, 3)))
        for one in core.containers.values()
    ]  # fmt: skip
    tallies = store.db.execute("SELECT name FROM sqlite_master WHERE name = 'tallies'").fetchall()
    notes = store.db.execute("SELECT * FROM tallies ORDER BY name").fetchall() if tallies else []
    due = sorted((round(when - now, 3), action, identity) for when, _, action, identity, _ in core._heap)
    pending = session._pending
    unseen = None
    if pending is not None:
        unseen = (
            sorted(pending.acted),
            pending.waited,
            [evolve(one.state, seen=frozenset()) for one in pending.branches],
        )
    alive = {one.id for one in core.containers.values()}
    expected = [(evolve(one, seen=frozenset()), sorted(one.seen & alive)) for one in session.possible]
    text = repr((
        containers, core._names, core._ports, due, core.strangers, core.behaviours, sorted(core.volumes),
        sorted(core.networks), list(core.processes), store.rows(), notes, expected, unseen,
    ))  # fmt: skip
    marks = re.sub(r"since=(\d+)", lambda found: f"since={len(core.events) - int(found[1])}", text)
    return _PORT.sub(_Numbered("p"), _ID.sub(_Numbered("c", alive), marks))


class _Numbered:
    """Puts a number for each text, by the order in which they appear; the same one for all that are gone."""

    def __init__(self, letter: str, alive: set[str] | None = None) -> None:
        self.letter, self.alive = letter, alive
        self.known: dict[str, int] = {}

    def __call__(self, found: re.Match[str]) -> str:
        if self.alive is not None and found[0] not in self.alive:
            return "gone"
        return f"{self.letter}{self.known.setdefault(found[0], len(self.known))}"


def main() -> None:
    """Search for the defects named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("defects", nargs="*", default=list(DEFECTS))
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    known = json.loads(FILE.read_text())["minima"] if FILE.exists() else {}
    with Pool(options.jobs) as pool:
        for defect, length, sequence, naming in pool.imap_unordered(minimum, options.defects):
            known[defect] = {"length": length, "sequence": sequence, "naming": naming}
            print(f"{defect}: {length}: {sequence} ({naming})", flush=True)
            ordered = {name: known[name] for name in DEFECTS if name in known}
            FILE.write_text(
                json.dumps({"command": "python tests/benchmarks/minima.py", "minima": ordered}, indent=1) + "\n"
            )


if __name__ == "__main__":
    main()
