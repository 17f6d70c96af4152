"""Criterion 3: what the manager says of its services, compared with the engine and the servers."""

from collections import Counter
from collections.abc import Iterator

from churn.lifecycle.condition import DEAD, ILL, NONE, SOUND
from churn.lifecycle.contract import Contract, Means, Noticing
from churn.lifecycle.invariants.base import (
    CONTAINERS,
    Advice,
    Case,
    Doubt,
    Exhibit,
    Invariant,
    Objection,
    Severity,
    Show,
    Trait,
)
from churn.lifecycle.observation import Container, Listed, Status
from churn.lifecycle.state import Service, Unsettled, tellable


def status(case: Case) -> Iterator[Objection]:
    """The list shows each service once, with its right status, and no other; and the engine's containers agree with that."""
    yield from _engine_agrees(case)
    if case.observation.listed is not None:
        yield from _listed_once(case, case.observation.listed)
    yield from _told_alone(case)
    for entries in (case.observation.listed or (), case.observation.told or ()):
        yield from _listed_right(case, entries)


def _engine_agrees(case: Case) -> Iterator[Objection]:
    for name, service in case.state.services.items():
        if service.server is NONE or service.unsettled is not None:
            continue
        found = case.own(service)
        if service.server is DEAD:
            if (
                found is not None
                and found.running
                and not (found.state == "restarting" and case.contract.restart_policies)
            ):
                yield Objection(f"{found.alias} has ended", f"it is {found.state}", name, CONTAINERS, advice=_REVIVED)
        elif found is None or not _runs(found, service, case.contract):
            seen = "there is none" if found is None else f"{found.alias} is {found.state}"
            yield Objection(f"a running container for service {name}", seen, name, CONTAINERS, advice=_NOT_THERE)


def _runs(found: Container, service: Service, contract: Contract) -> bool:
    """Whether its container runs. That of one that is ill may be about to be started again by its restart policy."""
    again = service.server is ILL and found.state == "restarting" and bool(contract.restart_policies)
    return found.state == "running" or again


def _listed_once(case: Case, listed: tuple[Listed, ...]) -> Iterator[Objection]:
    shown = Exhibit(Show.ANSWER, case.observation.list_command)
    expected = case.state.services
    if len(listed) == len(expected) and {entry.service for entry in listed} == expected.keys():
        return
    count = Counter(entry.service for entry in listed)
    for name, service in expected.items():
        if count[name] != 1 and service.unsettled is None:
            seen = f"it is listed {count[name]} times" if count[name] else "it is not listed"
            yield Objection(f"service {name} is listed once", seen, name, shown, advice=_LISTED_OTHERWISE)
    for name in count:
        if name not in expected:
            expects = "only services that were created are listed"
            yield Objection(expects, f"{name} is listed", None, shown, advice=_LISTED_OTHERWISE)


def _told_alone(case: Case) -> Iterator[Objection]:
    """A `status` tells of the service that it was asked about, and of no other."""
    told, asked = case.observation.told, case.operation.service
    if told is None or asked is None:
        return
    names = [entry.service for entry in told]
    if names != [asked]:
        seen, shown = f"it tells of {', '.join(names) or 'none'}", Exhibit(Show.ANSWER, case.outcome.evidence.command)
        yield Objection(f"the status of service {asked}", seen, asked, shown, advice=_LISTED_OTHERWISE)


def _listed_right(case: Case, entries: tuple[Listed, ...]) -> Iterator[Objection]:
    services = case.state.services
    for entry in entries:
        service = services.get(entry.service)
        if service is None:
            continue
        if service.unsettled is not None:
            yield from _left_as_it_was(case, entry, service.unsettled)
            continue
        if entry.status is service.status and service.server in _PLAIN:
            continue
        allowed = tellable(service, case.contract)
        if not set(entry.meanings) & set(allowed):
            words = " or ".join(status.value for status in allowed)
            seen = f"'{entry.word}'" + ("" if entry.status else ", a word its contract does not know")
            shown = Exhibit(Show.ANSWER, case.observation.list_command)
            advice = None if entry.status else _UNKNOWN_WORD
            yield Objection(f"service {entry.service} is {words}", seen, entry.service, shown, advice=advice)


def _left_as_it_was(case: Case, entry: Listed, unsettled: Unsettled) -> Iterator[Objection]:
    """Once nothing works on a service any more, its word has to be one for what is, and it does not run without a container."""
    if case.outcome.ended < unsettled.until + case.contract.bounds.settling:
        return
    name, shown = entry.service, Exhibit(Show.ANSWER, case.observation.list_command)
    if entry.status is None:
        seen = f"'{entry.word}', a word its contract does not know"
        yield Objection(f"service {name} is as nothing works on it", seen, name, shown, advice=_STUCK)
    elif entry.status is Status.RUNNING and case.contract.death_noticed is Noticing.SETTLING:
        alive = any(one.running and one.service in (name, None) for one in case.observation.containers.values())
        if not alive:
            seen = f"'{entry.word}', and no container of it runs"
            yield Objection(f"service {name} is not running", seen, name, shown)


_PLAIN = (NONE, SOUND)


_REVIVED = Advice(
    "a container whose server had ended was started again by itself",
    "make containers without a restart policy, and start them only where a user asks for it",
)
_NOT_THERE = Advice(
    "the start reports success although no container runs, or something ended the container meanwhile",
    "look at the container before success is reported; let nothing but a stop end it",
)
_LISTED_OTHERWISE = Advice(
    "services are found or told apart by something that is not theirs alone (a name's beginning, a container, a label)",
    "list what is in the store, one entry for each service, by its own id",
)
_STUCK = Advice(
    "a status is written down before the work is done, and stays where the work was cut off",
    "hold what was written down against what is there, also at the manager's own start",
)
_UNKNOWN_WORD = Advice(
    "the manager has a word for a status that its description does not tell the meaning of",
    "give the word a meaning in the description's table of statuses; if it should not be there, mend the manager",
)
STATUS = Invariant(
    name="status",
    says="what the manager says of {service} is not true",
    keys=("running_means", "death_noticed"),
    criterion=3,
    check=status,
    severity=Severity.MEDIUM,
    advice=Advice(
        "what is listed is what was last written down, not what is there now; or an operation does not write it down",
        "write a status down when it changes, on failures too, and compare it with the engine when it is listed",
    ),
    traits=frozenset({Trait.TOLD, Trait.WORDING, Trait.MOVING}),
)


def serving(case: Case) -> Iterator[Objection | Doubt]:
    """A running service answers a request for its health path, at its port, with a 2xx status.

    This is not demanded where the contract's `running_means` is `launched`.
    """
    if case.contract.running_means is Means.LAUNCHED:
        return
    ports = case.observation.ports
    for name, service, _ in case.sound:
        port = ports.get(service.port) if service.port is not None else None
        if port is not None and port.healthy:
            continue
        shown = Exhibit(Show.HEALTH, str(service.port))
        if service.port is None:
            listing = Exhibit(Show.ANSWER, case.observation.list_command)
            yield Doubt(f"service {name} answers", "its port is not known", name, listing)
        elif port is None:
            yield Doubt(f"service {name} answers", "its port was not probed", name, shown)
        else:
            seen = port.detail or (f"HTTP status {port.health}" if port.health else "no answer")
            yield Objection(f"service {name} answers its health path with 2xx", seen, name, shown)


SERVING = Invariant(
    name="serving",
    says="service {service} is up, but does not answer",
    keys=("health_path", "loading"),
    criterion=3,
    check=serving,
    severity=Severity.HIGH,
    advice=Advice(
        "the start reports success before the server answers, or does not look whether it does",
        "wait for the server's health path on the service's own port; report an error where it does not answer in time",
    ),
)
