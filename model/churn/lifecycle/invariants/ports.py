"""Criterion 5: a service keeps its port, shares it with no other service, and gives it back when it stops."""

from collections.abc import Iterator

from churn.lifecycle.condition import ILL, NONE, SOUND
from churn.lifecycle.contract import Ports
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
from churn.lifecycle.invariants.containers import orphans
from churn.lifecycle.observation import Holder


def stable_port(case: Case) -> Iterator[Objection]:
    """A service keeps its port, the list tells the port that its container publishes, and no two services have the same.

    Where the contract has a `port_range`, the port is in it.
    """
    yield from _told(case)
    yield from _beyond(case)
    yield from _published(case)
    yield from _shared(case)


def _told(case: Case) -> Iterator[Objection]:
    services = case.state.services
    for entries in (case.observation.listed or (), case.observation.told or ()):
        for entry in entries:
            service = services.get(entry.service)
            if (
                service is None
                or service.unsettled is not None
                or entry.port in (service.port, service.next_port, None)
            ):
                continue
            if case.contract.ports is Ports.FIXED or service.server is SOUND:
                expected = f"service {entry.service} is listed with port {service.port}"
                yield Objection(expected, f"port {entry.port}", entry.service, _list(case))


def _beyond(case: Case) -> Iterator[Objection]:
    first, last = case.contract.port_range
    for name, service in case.state.services.items():
        if service.port is not None and service.unsettled is None and not first <= service.port <= last:
            expected = f"service {name} has a port from {first} to {last}"
            yield Objection(expected, f"port {service.port}", name, _list(case), advice=_OUT_OF_RANGE)


def _list(case: Case) -> Exhibit:
    return Exhibit(Show.ANSWER, case.observation.list_command)


def _published(case: Case) -> Iterator[Objection]:
    for name, service, found in case.sound:
        if found is not None and service.port not in found.ports and found.state == "running":
            ports = ", ".join(map(str, found.ports)) or "none"
            expected = f"{found.alias} publishes the port of service {name}, {service.port}"
            yield Objection(expected, ports, name, CONTAINERS, advice=_PUBLISHED_OTHERWISE)


def _shared(case: Case) -> Iterator[Objection]:
    owners: dict[int, str] = {}
    for name, service in case.state.services.items():
        if service.port is None or (case.contract.ports is Ports.ANEW and service.server is not SOUND):
            continue
        first = owners.setdefault(service.port, name)
        if first != name:
            yield Objection(
                "no two services share a port",
                f"{first} and {name} have {service.port}",
                name,
                _list(case),
                others=(first,),
                advice=_GIVEN_TWICE,
            )


_PUBLISHED_OTHERWISE = Advice(
    "the container is made with another port than the one that is kept with the service",
    "publish the port that the service has, and check it on the container that was made",
)
_OUT_OF_RANGE = Advice(
    "the search for a free port goes on beyond the range, or the engine chooses the port",
    "choose within the range that is configured, and report an error where none of its ports is free",
)
_GIVEN_TWICE = Advice(
    "a port is chosen without regard to those that other services have, stopped ones included",
    "choose among the ports that no service has, and keep the choice in the same place as the services",
)
STABLE_PORT = Invariant(
    name="stable-port",
    says="the port of {service} changes, or is told or given out wrongly",
    keys=("ports", "port_range"),
    criterion=5,
    check=stable_port,
    severity=Severity.HIGH,
    advice=Advice(
        "the port is chosen anew, or is not kept with the service",
        "choose the port once, when the service is created, and store it",
    ),
    traits=frozenset({Trait.ELSEWHERE, Trait.TOLD, Trait.MISLEADING}),
)


def port_released(case: Case) -> Iterator[Objection | Doubt]:
    """The port of a service that does not run is free: nothing of the manager's keeps others from binding it."""
    used = {service.port for service in case.state.services.values() if service.server in (SOUND, ILL)}
    kept = {port for left in orphans(case) if left.running for port in left.ports}
    for name, service in case.state.services.items():
        if service.server is not NONE or service.port is None or service.unsettled is not None or service.held:
            continue
        port = case.observation.ports.get(service.port)
        if port is not None and port.bindable:
            continue
        if service.port in used:
            continue  # a service that runs has the same port: `stable_port` objects to that
        if service.port in kept:
            continue  # a container that was left has it: `no_orphans` objects to that
        shown = Exhibit(Show.PORT, str(service.port))
        free = f"port {service.port} of service {name} is free"
        if port is None or port.bindable is None:
            yield Doubt(free, "no probe was possible", name, shown)
        elif port.holder is Holder.STRANGER:
            yield Doubt(free, f"a stranger holds it: {port.detail}", name, shown)
        else:
            yield Objection(free, f"it cannot be bound{': ' + port.detail if port.detail else ''}", name, shown)


PORT_RELEASED = Invariant(
    name="port-released",
    says="the port of {service} is not free again",
    criterion=5,
    check=port_released,
    severity=Severity.HIGH,
    advice=Advice(
        "something of the service still holds its port after the stop",
        "return from a stop only when the container has exited and its port can be bound again",
    ),
)
