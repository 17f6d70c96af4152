"""Criterion 5: a service keeps its port, shares it with none, and gives it back when stopped."""

from collections.abc import Iterator

from churn.lifecycle.contract import Ports
from churn.lifecycle.invariants.base import Doubt, Objection, Sight, ps
from churn.lifecycle.observation import Holder
from churn.lifecycle.state import ILL, NONE, SOUND


def stable_port(sight: Sight) -> Iterator[Objection]:
    """A service keeps its port; the listed endpoint is the published port; no two services share one."""
    yield from _told(sight)
    yield from _published(sight)
    yield from _shared(sight)


def _told(sight: Sight) -> Iterator[Objection]:
    services = sight.state.services
    for entries in (sight.observation.listed or (), sight.observation.told or ()):
        for entry in entries:
            service = services.get(entry.service)
            if service is None or service.unsettled is not None or entry.port == service.port or entry.port is None:
                continue
            if sight.contract.ports is Ports.FIXED or service.server is SOUND:
                yield Objection(
                    f"service {entry.service} is listed with port {service.port}",
                    f"port {entry.port}",
                    entry.service,
                    sight.observation.list_command,
                )


def _published(sight: Sight) -> Iterator[Objection]:
    for name, service, found in sight.sound:
        if found is not None and service.port not in found.ports and found.state == "running":
            ports = ", ".join(map(str, found.ports)) or "none"
            yield Objection(
                f"{found.alias} publishes the port of service {name}, {service.port}", ports, name, ps(sight.contract)
            )


def _shared(sight: Sight) -> Iterator[Objection]:
    owners: dict[int, str] = {}
    for name, service in sight.state.services.items():
        if service.port is None or (sight.contract.ports is Ports.ANEW and service.server is not SOUND):
            continue
        first = owners.setdefault(service.port, name)
        if first != name:
            yield Objection(
                "no two services share a port",
                f"{first} and {name} have {service.port}",
                name,
                sight.observation.list_command,
                others=(first,),
            )


def port_released(sight: Sight) -> Iterator[Objection | Doubt]:
    """After a stop nothing of the manager answers on the port, and it can be bound."""
    used = {service.port for service in sight.state.services.values() if service.server in (SOUND, ILL)}
    for name, service in sight.state.services.items():
        if service.server is not NONE or service.port is None or service.unsettled is not None or service.held:
            continue
        port = sight.observation.ports.get(service.port)
        if port is not None and port.bindable:
            continue
        if service.port in used:
            continue  # another's by now; that two share it is told by `stable_port`
        look = f"ss -ltnp 'sport = :{service.port}'"
        free = f"port {service.port} of service {name} is free"
        if port is None or port.bindable is None:
            yield Doubt(free, "no probe was possible", name, look)
        elif port.holder is Holder.STRANGER:
            yield Doubt(free, f"a stranger holds it: {port.detail}", name, look)
        else:
            yield Objection(free, f"it cannot be bound{': ' + port.detail if port.detail else ''}", name, look)
