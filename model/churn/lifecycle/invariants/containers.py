"""Criteria 2 and 4: each start makes a clean new container, and no container is there that should not be."""

from collections.abc import Iterator

from churn.lifecycle.condition import NONE, SOUND
from churn.lifecycle.contract import Remains
from churn.lifecycle.invariants.base import (
    CONTAINERS,
    Advice,
    Case,
    Exhibit,
    Invariant,
    Objection,
    Severity,
    Show,
    Trait,
)
from churn.lifecycle.observation import Container
from churn.lifecycle.patterns import fits
from churn.lifecycle.state import Fresh, Service


def fresh_container(case: Case) -> Iterator[Objection]:
    """After a start the service runs in a new, clean container.

    It was never seen before, it was created after the start began, it was started only once, and no file in it was changed
    but those that the contract says are `written` as a server starts.
    Where the contract says that a stopped container is started again, the service runs in that one instead. How often a
    container was started is not asked where the contract allows its restart policy.
    """
    for name, service in case.expected.services.items():
        if isinstance(service.container, Fresh):
            found = case.own(case.state.services[name])
            if found is not None:
                yield from _freshness(case, name, service.container, found)
        elif name in case.acted and service.server is SOUND:
            yield from _sameness(case, name, service)


def _sameness(case: Case, name: str, service: Service) -> Iterator[Objection]:
    """Where a service that was just started has another container than the one that it had."""
    own = case.own(service)
    contract = case.contract
    left = (contract.stopped_container, contract.failed_container, contract.restarted_container)
    if Remains.REUSED not in left or (own is not None and own.running):
        return
    others = (one for one in case.observation.containers.values() if one.service == name and one.running)
    for found in others:
        expected = f"{name} runs in the container that it had before"
        yield Objection(expected, f"it runs in {found.alias}", name, CONTAINERS, advice=_NOT_THE_SAME)


def _freshness(case: Case, name: str, fresh: Fresh, found: Container) -> Iterator[Objection]:
    expected = f"{name} runs in a container never seen before"
    if not fresh.strict:
        return
    if found.id in case.expected.seen:
        yield Objection(expected, f"{found.alias} was there before", name, CONTAINERS)
    elif found.born < fresh.since:
        yield Objection(expected, f"{found.alias} was created before the start began", name, CONTAINERS)
    elif (found.starts > 1 or found.restart_count) and not _may_be_revived(case, found):
        times = found.starts + found.restart_count
        shown = Exhibit(Show.CONTAINER, found.name)
        yield Objection(
            f"{found.alias} was started once", f"it was started {times} times", name, shown, advice=_STARTED_AGAIN
        )
    elif unexpected := _unexpected(found.changes, case.contract.written):
        changes, shown = ", ".join(unexpected[:5]), Exhibit(Show.LAYER, found.name)
        yield Objection(f"{found.alias} starts with a clean layer", changes, name, shown, advice=_DIRTY)


def _unexpected(changes: tuple[str, ...], written: tuple[str, ...]) -> tuple[str, ...]:
    """The changed paths that are not `written` as a server starts, and are no folder on the way to one that is."""
    expected = [path for path in changes if any(fits(pattern, path) for pattern in written)]
    return tuple(
        [path for path in changes if path not in expected and not any(one.startswith(f"{path}/") for one in expected)]
    )


def _may_be_revived(case: Case, found: Container) -> bool:
    """Whether its server may have ended since the start, hurried past, and been started again by its restart policy."""
    return found.restart_policy in case.contract.restart_policies


_NOT_THE_SAME = Advice(
    "the start makes a new container although the one that was stopped is there, or the stop has removed it",
    "start the container that the service has; or let the contract say that each start makes a new one",
)
_STARTED_AGAIN = Advice(
    "the start tries again inside the container of its first try, or the engine restarted it meanwhile",
    "remove the container of a try that failed, and make a new one for the next try",
)
_DIRTY = Advice(
    "files are put into the container before its server runs, or what ran in it before wrote them",
    "put what a server needs into its image or a volume, and start each container only once",
)
FRESH_CONTAINER = Invariant(
    name="fresh-container",
    says="service {service} does not get a clean, new container",
    keys=("stopped_container", "restarted_container", "written"),
    criterion=2,
    check=fresh_container,
    severity=Severity.HIGH,
    advice=Advice(
        "the start takes up a container that is there instead of making a new one",
        "remove a service's container when it stops, and whatever is left of it before it starts",
    ),
    traits=frozenset({Trait.FACT}),
)


def no_orphans(case: Case) -> Iterator[Objection]:
    """The manager has no container but one for each service that should run.

    Where the contract says so, the stopped container of a service that does not run may be kept.
    """
    for found in orphans(case):
        whose = f" of service {found.service}" if found.service else ""
        yield Objection(
            "no container but those of running services",
            f"{found.alias} ({found.name}){whose} is {found.state}",
            found.service,
            CONTAINERS,
            advice=_why_left(case, found),
        )


def orphans(case: Case) -> Iterator[Container]:
    """The manager's containers that should not be there in the case's state."""
    excused: dict[str | None, int] = {}
    for found in case.observation.containers.values():
        owner = case.state.services.get(found.service or "")
        if owner is not None and owner.container == found.id and owner.server is not NONE:
            continue
        before = excused.get(found.service, 0)
        if owner is not None and before < _spare(owner) and _tolerated(owner, found):
            excused[found.service] = before + 1
            continue
        if owner is None and found.id in _bound(case):
            continue
        yield found


def _spare(service: Service) -> int:
    """How many containers the service may have beside the one it is bound to."""
    bound = isinstance(service.container, str)
    expected = not bound and (service.container is not None or service.leftover)
    return int(expected) + (1 if service.unsettled is not None else 0)


def _tolerated(service: Service, found: Container) -> bool:
    return service.unsettled is not None or not found.running


def _bound(case: Case) -> set[object]:
    return {service.container for service in case.state.services.values()}


def _why_left(case: Case, found: Container) -> Advice:
    owner = case.state.services.get(found.service or "")
    if owner is not None and isinstance(owner.container, str):
        return _SECOND if found.running else _REPLACED
    if owner is None and found.id not in case.expected.seen:
        return _NOBODYS
    if found.running:
        return _STILL_RUNNING if case.operation.kind == "stop" else _RUNS_UNASKED
    return _NOT_REMOVED


_SECOND = Advice(
    "the service got a second container while its first one went on running",
    "before a container is made, look for those that the service has, and remove them or refuse",
)
_REPLACED = Advice(
    "the service got a new container, and the one before it was not removed",
    "remove what is left of a service before its next container is made",
)
_NOBODYS = Advice(
    "a container was made for a service that was not started, or is not known",
    "make a container only in a start of a service that is known",
)
_STILL_RUNNING = Advice(
    "the stop reports success before the container has ended, or does not reach it at all",
    "stop the container by its id, wait until it has exited, and remove it; report an error where that fails",
)
_RUNS_UNASKED = Advice(
    "something started a container of a service that should not run: a late retry, a repair, or a restart policy",
    "end what is under way for a service when it is stopped or its start has failed",
)
_NOT_REMOVED = Advice(
    "on some way out (a failed start, a server that ended by itself, an error) the container is not removed",
    "on every way out remove the service's own containers, and wait until they are gone",
)
NO_ORPHANS = Invariant(
    name="no-orphans",
    says="a container is there that should be gone",
    keys=("stopped_container", "failed_container", "created_container"),
    criterion=4,
    check=no_orphans,
    severity=Severity.HIGH,
    advice=_NOT_REMOVED,
    traits=frozenset({Trait.FACT, Trait.LEFT_BEHIND}),
)


def no_restart_policy(case: Case) -> Iterator[Objection]:
    """No container has a restart policy, by which the engine would start it again without being asked.

    The contract's `restart_policies` names those that are allowed.
    """
    for found in case.observation.containers.values():
        policy = found.restart_policy
        if policy and policy != "no" and policy not in case.contract.restart_policies:
            shown = Exhibit(Show.RESTART_POLICY, found.name)
            yield Objection(f"{found.alias} has no restart policy", policy, found.service, shown)


NO_RESTART_POLICY = Invariant(
    name="no-restart-policy",
    says="the container of {service} is made so that the engine starts it again by itself",
    keys=("restart_policies",),
    criterion=4,
    check=no_restart_policy,
    severity=Severity.HIGH,
    advice=Advice(
        "containers are made with a restart policy, so the engine revives what the manager has stopped",
        "make containers without a restart policy, and let the manager alone start them again",
    ),
    traits=frozenset({Trait.FACT, Trait.OTHERS, Trait.PILING, Trait.REVIVING}),
)
