"""Criterion 3: what the manager says of its services, against the engine and the servers."""

from collections import Counter
from collections.abc import Iterator

from churn.lifecycle.contract import Contract, Means, Noticing
from churn.lifecycle.invariants.base import Doubt, Objection, Sight, ps
from churn.lifecycle.observation import Listed, Status
from churn.lifecycle.state import DEAD, ILL, NONE, SOUND, Service


def status(sight: Sight) -> Iterator[Objection]:
    """The list shows every service, and only those, with its status; and the engine agrees."""
    yield from _engine_agrees(sight)
    if sight.observation.listed is not None:
        yield from _listed_once(sight, sight.observation.listed)
    yield from _told_alone(sight)
    for entries in (sight.observation.listed or (), sight.observation.told or ()):
        yield from _listed_right(sight, entries)


def _engine_agrees(sight: Sight) -> Iterator[Objection]:
    for name, service in sight.state.services.items():
        if service.server is NONE or service.unsettled is not None:
            continue
        found = sight.own(service)
        if service.server is DEAD:
            if found is not None and found.running:
                yield Objection(f"{found.alias} has ended", f"it is {found.state}", name, ps(sight.contract))
        elif found is None or found.state != "running":
            seen = "there is none" if found is None else f"{found.alias} is {found.state}"
            yield Objection(f"a running container for service {name}", seen, name, ps(sight.contract))


def _listed_once(sight: Sight, listed: tuple[Listed, ...]) -> Iterator[Objection]:
    look = sight.observation.list_command
    expected = sight.state.services
    if len(listed) == len(expected) and {entry.service for entry in listed} == expected.keys():
        return
    count = Counter(entry.service for entry in listed)
    for name, service in expected.items():
        if count[name] != 1 and service.unsettled is None:
            yield Objection(f"service {name} is listed once", f"{count[name]} times", name, look)
    for name in count:
        if name not in expected:
            yield Objection("only services that were created are listed", f"{name} is listed", None, look)


def _told_alone(sight: Sight) -> Iterator[Objection]:
    """A status command tells of the service that it was asked about, and of no other."""
    told, asked = sight.observation.told, sight.operation.service
    if told is None or asked is None:
        return
    names = [entry.service for entry in told]
    if names != [asked]:
        seen = f"it tells of {', '.join(names) or 'none'}"
        yield Objection(f"the status of service {asked}", seen, asked, sight.outcome.evidence.command)


def _listed_right(sight: Sight, entries: tuple[Listed, ...]) -> Iterator[Objection]:
    services = sight.state.services
    for entry in entries:
        service = services.get(entry.service)
        if service is None or service.unsettled is not None:
            continue
        if entry.status is service.status and service.server in _PLAIN:
            continue
        allowed = _allowed(service, sight.contract)
        if entry.status not in allowed:
            words = " or ".join(status.value for status in allowed)
            seen = f"'{entry.word}'" + ("" if entry.status else ", a word its contract does not know")
            yield Objection(f"service {entry.service} is {words}", seen, entry.service, sight.observation.list_command)


_PLAIN = (NONE, SOUND)


def _allowed(service: Service, contract: Contract) -> tuple[Status, ...]:
    if service.server is ILL:
        return (Status.RUNNING, Status.FAILED)
    if service.server is DEAD:
        noticed = (Status.FAILED, Status.STOPPED)
        return noticed if contract.death_noticed is Noticing.SETTLING else (*noticed, Status.RUNNING)
    return (service.status,)


def serving(sight: Sight) -> Iterator[Objection | Doubt]:
    """A running service answers its health path on its port."""
    if sight.contract.running_means is Means.LAUNCHED:
        return
    ports = sight.observation.ports
    for name, service, _ in sight.sound:
        port = ports.get(service.port) if service.port is not None else None
        if port is not None and port.healthy:
            continue
        look = f"curl -i http://localhost:{service.port}{sight.contract.health_path}"
        if service.port is None:
            yield Doubt(f"service {name} answers", "its port is not known", name, sight.observation.list_command)
        elif port is None:
            yield Doubt(f"service {name} answers", "its port was not probed", name, look)
        else:
            seen = port.detail or (f"HTTP status {port.health}" if port.health else "no answer")
            yield Objection(f"service {name} answers its health path with 2xx", seen, name, look)
