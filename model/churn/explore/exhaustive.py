"""Exhaustive search: every sequence up to a depth, by joint states of model, manager and engine.

Shortest first, each joint state once: where a search goes on from is a snapshot, not a replay. So the first failure is a
shortest one, and where none is found up to a depth there is none, at these names and paces; of three services only two of
the six orders in which they may come are tried.
"""

from collections.abc import Iterator
from typing import Any

from attrs import define, field, frozen

from churn.lifecycle.operations import Operation, Pace, Step
from churn.lifecycle.sequence import Naming
from churn.lifecycle.state import enabled
from churn.session.session import Session
from churn.session.violation import Violation
from churn.shrink.bug import Bug


@frozen
class Level:
    """What was found at one depth: steps tried, joint states met for the first time, and the failures there."""

    depth: int
    steps: int
    states: int
    failures: tuple[Bug, ...]


@frozen
class _Node:
    """A joint state, the way to it, and what can be done there."""

    snapshot: tuple[Any, ...]
    steps: tuple[Step, ...]
    enabled: tuple[Operation, ...]


@define
class Search:
    """A search of one session's system, with these services so named. A failing sequence is not gone on from."""

    session: Session
    names: tuple[str, ...]
    naming: Naming = Naming.PLAIN
    faults: bool = True
    paces: tuple[Pace, ...] = tuple(Pace)
    _seen: set[object] = field(init=False, factory=set)

    def levels(self) -> Iterator[Level]:
        """Depth by depth, until there is no joint state that was not met before.

        Of a failure nothing is tried further on. Raises `UsageError` where the system cannot be put back, `EnvironmentFault`.
        """
        self.session.begin("exhaustive", self.names, self.naming, detailed=False)
        self._seen = {self.session.key()}
        frontier = [self._node(())]
        depth = 0
        while frontier:
            depth += 1
            steps, reached, failures = 0, list[_Node](), list[Bug]()
            for node in frontier:
                for step in self._from(node):
                    steps += 1
                    found = self._try(node, step)
                    if isinstance(found, _Node):
                        reached.append(found)
                    elif found is not None:
                        failures.append(found)
            yield Level(depth, steps, len(reached), tuple(failures))
            frontier = reached

    def _from(self, node: _Node) -> Iterator[Step]:
        """Services are alike but for the order of their names: they come in that order, or the other way round."""
        used = tuple(dict.fromkeys(one for step in node.steps if (one := step.operation.service) is not None))
        following = {way[: len(used) + 1] for way in (self.names, self.names[::-1]) if way[: len(used)] == used}
        for operation in node.enabled:
            service = operation.service
            if service is None or service in used or (*used, service) in following:
                for pace in self.paces:
                    yield Step(operation, pace)

    def _try(self, node: _Node, step: Step) -> _Node | Bug | None:
        session = self.session
        session.restore(node.snapshot)
        steps = (*node.steps, step)
        try:
            session.step(step)
            key = session.key()
            if key in self._seen:
                return None
            reached = self._node(steps)
            session.finish()
        except Violation as violation:
            return Bug(failing=violation.failing, minimal=True, runs=1, record=violation.record)
        self._seen.add(key)
        return reached

    def _node(self, steps: tuple[Step, ...]) -> _Node:
        session = self.session
        possible = enabled(session.state, self.names, session.contract, faults=self.faults)
        return _Node(session.snapshot(), steps, possible)
