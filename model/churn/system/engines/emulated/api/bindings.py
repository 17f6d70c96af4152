"""Which host ports a container is to publish, and which it publishes, as the API tells them."""

from collections.abc import Iterator

from churn.system.engines.emulated.api.message import Json
from churn.system.engines.emulated.container import EmulatedContainer


def bindings(container: EmulatedContainer) -> Iterator[tuple[str, str, str]]:
    """Port, address and host port (empty: the engine's choice) of what the container is to publish."""
    if not container.body:
        yield from ((f"{port}/tcp", "", str(port)) for port in container.spec.ports)
        return
    host = container.body.get("HostConfig") or {}
    asked = host.get("PortBindings") or {}
    for port, places in asked.items():
        places_or_any: list[Json] = list(places or ({},))
        for place in places_or_any:
            yield with_protocol(port), place.get("HostIp") or "", (place.get("HostPort") or "").partition("-")[0]
    if host.get("PublishAllPorts"):
        exposed = (with_protocol(port) for port in container.body.get("ExposedPorts") or {})
        yield from ((port, "", "") for port in exposed if port not in map(with_protocol, asked))


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
    """A port as the API names it: ``80/tcp``."""
    return port if "/" in port else f"{port}/tcp"


def port_rows(container: EmulatedContainer) -> list[Json]:
    """Its ports as the list shows them."""
    rows: list[Json] = []
    held = list(published(container))
    for port, address, number in held:
        private, _, protocol = port.partition("/")
        rows.append({"IP": address, "PrivatePort": int(private), "PublicPort": number, "Type": protocol})
    if container.state in ("running", "paused") and container.reachable:
        for port in map(with_protocol, container.body.get("ExposedPorts") or {}):
            if port not in [one for one, _, _ in held]:
                private, _, protocol = port.partition("/")
                rows.append({"PrivatePort": int(private), "Type": protocol})
    return rows


def port_map(container: EmulatedContainer) -> Json:
    """Its ports as inspect tells them."""
    if container.state not in ("running", "paused"):
        return {}
    told: Json = dict.fromkeys(
        map(with_protocol, container.body.get("ExposedPorts") or {} if container.reachable else ())
    )
    for port, address, number in published(container):
        told[port] = [*(told.get(port) or []), {"HostIp": address, "HostPort": str(number)}]
    return told
