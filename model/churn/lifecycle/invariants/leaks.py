"""Criterion 4: what the manager leaves beside containers, and there is more of with each start and stop."""

from collections.abc import Iterator

from churn.lifecycle.binding import comparable, helpers, volumes
from churn.lifecycle.contract import Remains
from churn.lifecycle.invariants.base import Advice, Case, Doubt, Exhibit, Invariant, Objection, Severity, Show, Trait
from churn.lifecycle.observation import Resource, Status
from churn.lifecycle.patterns import fits
from churn.lifecycle.state import State


def no_leaks(case: Case) -> Iterator[Objection | Doubt]:
    """Starting and stopping a service again and again leaves no more networks, volumes and images than doing it once.

    When no service runs, none of the containers is left that the contract's `helpers` names, unless containers stay. When all
    services were removed, no volume is there that was not there before any was started. The contract's `belongings` names
    those that may stay.
    """
    now, baseline, before = case.observation.resources, case.expected.baseline, case.expected.volumes
    if not case.state.services and now is not None and before is not None:
        yield from _extra(case, volumes(now) - before, "no volume is left of services that were removed")
    if not comparable(case.state):
        return
    if now is None:
        yield Doubt("no network, volume or image is left", "the engine could not tell", None, _RESOURCES)
        return
    all_gone = case.contract.stopped_container is Remains.GONE and not _has_failed(case.state)
    told = helpers(now) if all_gone else frozenset()
    yield from _extra(case, told, "no helper is left where no service runs")
    if baseline is not None and baseline.undergone == case.state.undergone:
        expected = "no more networks, volumes and images than after the first cycle"
        yield from _extra(case, now - baseline.resources - told, expected)


def _has_failed(state: State) -> bool:
    """Whether a service has, whose helpers may then be there until its next start or stop."""
    return any(service.status is Status.FAILED for service in state.services.values())


def _extra(case: Case, found: frozenset[Resource], expected: str) -> Iterator[Objection]:
    for extra in sorted(found):
        if any(fits(pattern, extra.name) for pattern in case.contract.belongings):
            continue
        if extra.nameless:
            seen = f"a volume without a name: {extra.name[:12]}"
            yield Objection(expected, seen, None, _RESOURCES, advice=_NAMELESS)
        else:
            yield Objection(expected, str(extra), None, _RESOURCES)


_NAMELESS = Advice(
    "a container is removed without the volumes that the engine made for it alone",
    "remove these volumes with it (`docker rm --volumes`), or mount one that has a name",
)
_RESOURCES, _PROCESSES = Exhibit(Show.RESOURCES), Exhibit(Show.PROCESSES)
NO_LEAKS = Invariant(
    name="no-leaks",
    says="something is left behind, and more of it each time",
    keys=("belongings", "helpers"),
    criterion=4,
    check=no_leaks,
    severity=Severity.MEDIUM,
    advice=Advice(
        "what is made beside a container (a volume, a network, an image) is not removed with it",
        "remove a container together with what was made for it, or make that once and use it again",
    ),
    traits=frozenset({Trait.BELATED, Trait.FACT, Trait.PILING}),
)


def no_processes(case: Case) -> Iterator[Objection | Doubt]:
    """When an operation has ended, no process that the manager started, itself or through others, is still alive.

    The contract's `processes` names the programs that may stay.
    """
    processes = case.observation.processes
    expected = "no process of the manager is left"
    if processes is None:
        yield Doubt(expected, "processes cannot be seen on that host", None, _PROCESSES)
        return
    for process in processes:
        if process.split()[-1] not in case.contract.processes:
            yield Objection(expected, process, None, _PROCESSES)


NO_PROCESSES = Invariant(
    name="no-processes",
    says="a process of the manager's is left behind",
    keys=("processes",),
    criterion=4,
    check=no_processes,
    severity=Severity.MEDIUM,
    advice=Advice(
        "the manager starts a process of its own (a watcher, a log reader, a server outside any container) and forgets it",
        "end such a process when its service stops; a contract's `processes` names those that may stay",
    ),
    traits=frozenset({Trait.BELATED, Trait.FACT, Trait.PILING}),
)
