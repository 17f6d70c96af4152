"""Criteria 2 and 4: a clean new container for each start, and none that should not be there."""

from collections.abc import Iterator

from churn.lifecycle.invariants.base import Objection, Sight, ps
from churn.lifecycle.observation import Container
from churn.lifecycle.state import NONE, Fresh, Service


def fresh_container(sight: Sight) -> Iterator[Objection]:
    """A start gives a container never seen before, created after it began, started once, its layer untouched."""
    for name, service in sight.expected.services.items():
        if isinstance(service.container, Fresh):
            found = sight.own(sight.state.services[name])
            if found is not None:
                yield from _freshness(sight, name, service.container, found)


def _freshness(sight: Sight, name: str, fresh: Fresh, found: Container) -> Iterator[Objection]:
    expected = f"{name} runs in a container never seen before"
    if not fresh.strict:
        return
    if found.id in sight.expected.seen:
        yield Objection(expected, f"{found.alias} was there before", name, ps(sight.contract))
    elif found.born < fresh.since:
        yield Objection(expected, f"{found.alias} was created before the start began", name, ps(sight.contract))
    elif found.starts > 1 or found.restart_count:
        times = found.starts + found.restart_count
        yield Objection(f"{found.alias} was started once", f"{times} times", name, f"docker inspect {found.name}")
    elif found.changes:
        changes = ", ".join(found.changes[:5])
        yield Objection(f"{found.alias} starts with a clean layer", changes, name, f"docker diff {found.name}")


def no_orphans(sight: Sight) -> Iterator[Objection]:
    """The manager's containers are exactly those of running services, in no other state."""
    for found in orphans(sight):
        whose = f" of service {found.service}" if found.service else ""
        yield Objection(
            "no container but those of running services",
            f"{found.alias} ({found.name}){whose} is {found.state}",
            found.service,
            ps(sight.contract),
        )


def orphans(sight: Sight) -> Iterator[Container]:
    """The manager's containers that the state does not expect."""
    excused: dict[str | None, int] = {}
    for found in sight.observation.containers.values():
        owner = sight.state.services.get(found.service or "")
        if owner is not None and owner.container == found.id and owner.server is not NONE:
            continue
        before = excused.get(found.service, 0)
        if owner is not None and before < _spare(owner) and _tolerated(owner, found):
            excused[found.service] = before + 1
            continue
        if owner is None and found.id in _bound(sight):
            continue
        yield found


def _spare(service: Service) -> int:
    """How many containers the service may have beside the one it is bound to."""
    bound = isinstance(service.container, str)
    expected = not bound and (service.container is not None or service.leftover)
    return int(expected) + (1 if service.unsettled is not None else 0)


def _tolerated(service: Service, found: Container) -> bool:
    return service.unsettled is not None or not found.running


def _bound(sight: Sight) -> set[object]:
    return {service.container for service in sight.state.services.values()}


def no_restart_policy(sight: Sight) -> Iterator[Objection]:
    """The engine would not revive a container by itself."""
    for found in sight.observation.containers.values():
        policy = found.restart_policy
        if policy and policy != "no" and policy not in sight.contract.restart_policies:
            yield Objection(
                f"{found.alias} has no restart policy",
                policy,
                found.service,
                f"docker inspect -f '{{{{.HostConfig.RestartPolicy.Name}}}}' {found.name}",
            )
