"""Criterion 4: what piles up cycle by cycle beside containers."""

import re
from collections.abc import Iterator

from churn.lifecycle.binding import comparable
from churn.lifecycle.invariants.base import Doubt, Objection, Sight


def no_leaks(sight: Sight) -> Iterator[Objection | Doubt]:
    """Networks, volumes and images do not grow from the second cycle on, beyond the contract."""
    now, baseline = sight.observation.resources, sight.expected.baseline
    if not comparable(sight.state):
        return
    if now is None:
        yield Doubt("no network, volume or image is left", "the engine could not tell", None, _LOOK)
    elif baseline is not None and baseline.cycled == sight.state.cycled:
        may_stay = [re.compile(pattern) for pattern in sight.contract.belongings]
        for extra in sorted(now - baseline.resources):
            if any(pattern.fullmatch(extra.partition(" ")[2]) for pattern in may_stay):
                continue
            yield Objection("no more networks, volumes and images than after the first cycle", extra, None, _LOOK)


_LOOK = "docker volume ls; docker network ls; docker images -a"


def no_processes(sight: Sight) -> Iterator[Objection | Doubt]:
    """No live descendant of the manager's process is left, beyond the contract."""
    processes = sight.observation.processes
    if processes is None:
        yield Doubt("no process of the manager is left", "processes cannot be seen on that host", None, "ps -ef")
        return
    for process in processes:
        if process.split()[-1] not in sight.contract.processes:
            yield Objection("no process of the manager is left", process, None, "ps -ef")
