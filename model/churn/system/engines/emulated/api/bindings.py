"""Which host ports a container is to publish, and which it publishes, as the API tells them."""

import re
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address

from churn.system.engines.emulated.api.message import Json
from churn.system.engines.emulated.container import EmulatedContainer


def bindings(container: EmulatedContainer) -> Iterator[tuple[str, str, str]]:
    """Port, address and host port (empty: the engine's choice) of what the container is to publish."""
    if not container.body:
        yield from ((f"{port}/tcp", "", str(port)) for port in container.spec.ports)
        return
    host = container.body.get("HostConfig") or {}
    asked, exposed = host.get("PortBindings") or {}, container.body.get("ExposedPorts") or {}
    for port, places in asked.items():
        if port in exposed:  # else it is not published, however much that is asked for
            for place in places or ():
                first = split(place.get("HostPort") or "")[0].partition("-")[0]
                yield with_protocol(port), _address(place.get("HostIp") or ""), str(int(first)) if first else ""
    if host.get("PublishAllPorts"):
        yield from ((with_protocol(port), "", "") for port in exposed if port not in asked)


def exposed_ports(container: EmulatedContainer) -> list[str]:
    """The ports of the container that it says others may use, as the API names them."""
    return list(dict.fromkeys(map(with_protocol, container.body.get("ExposedPorts") or {})))


def _address(text: str) -> str:
    """The address of the host; empty (any) for what is none: so does the engine read it."""
    with suppress(ValueError):
        return str(ip_address(text)) if "%" not in text else ""
    return ""


def published(container: EmulatedContainer) -> Iterator[tuple[str, str, int]]:
    """Port, address and host port of what it publishes now."""
    if container.state not in ("running", "paused") or not container.reachable:
        return
    chosen = iter(container.published)
    for port, address, host in bindings(container):
        number = int(host) if host not in ("", "0") else next(chosen, 0)
        for place in (address,) if address else ("0.0.0.0", "::"):  # noqa: S104 -- told, not bound
            yield port, place, number


def with_protocol(port: str) -> str:
    """A port as the API names it: ``80/tcp``. What is no number counts as 0."""
    number, protocol = split(port)
    return f"{number_of(number) or 0}/{protocol.lower()}"


def split(port: str) -> tuple[str, str]:
    """A port and its protocol, of ``80/tcp`` or ``80``."""
    number, _, rest = port.partition("/")
    return (number, rest.partition("/")[0] or "tcp") if number else ("", "")


def number_of(text: str) -> int | None:
    """The port that a text is; None for what is none. An empty one is 0."""
    if not _NUMBER.fullmatch(text):
        return None
    number = int(text or 0)
    return number if number <= _HIGHEST else None


_NUMBER, _HIGHEST = re.compile("[0-9]{0,9}"), 65535


def port_rows(container: EmulatedContainer) -> list[Json]:
    """Its ports as the list shows them."""
    rows: list[Json] = []
    held = set()
    for port, address, number in published(container):
        held.add(port)
        private, _, protocol = port.partition("/")
        rows.append({"IP": address, "PrivatePort": int(private), "PublicPort": number, "Type": protocol})
    if container.state in ("running", "paused") and container.reachable:
        for port in exposed_ports(container):
            if port not in held:
                private, _, protocol = port.partition("/")
                rows.append({"PrivatePort": int(private), "Type": protocol})
    return rows


def port_map(container: EmulatedContainer) -> Json:
    """Its ports as inspect tells them."""
    if container.state not in ("running", "paused"):
        return {}
    told: Json = dict.fromkeys(exposed_ports(container) if container.reachable else ())
    for port, address, number in published(container):
        told[port] = [*(told.get(port) or []), {"HostIp": address, "HostPort": str(number)}]
    return told
