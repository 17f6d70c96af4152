"""The calls on networks."""

from collections.abc import Mapping
from typing import Any

from churn.errors import EngineError, NotFound
from churn.system.engines.emulated.api.bodies import CONNECT, DISCONNECT, NETWORK
from churn.system.engines.emulated.api.dates import when
from churn.system.engines.emulated.api.endpoints import addresses, endpoint
from churn.system.engines.emulated.api.filters import filters_of, labelled, matching, one_of, until
from churn.system.engines.emulated.api.message import Json, Reply, Request, told
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.resources import BUILT_IN, EmulatedResource
from churn.system.refusals import refusal

UNREADABLE: Mapping[str, Any] = {"status": 400, "empty": "got EOF while reading request body"}
"""How a body that cannot be read is refused by calls on networks and volumes."""
_FILTERS = ("dangling", "driver", "id", "label", "name", "scope", "type")


def listing(core: Core, request: Request) -> Reply:
    """GET /networks."""
    core.advance()
    filters = filters_of(request, _FILTERS)
    found = []
    for one in {**BUILT_IN, **core.resources.networks}.values():
        kind = "builtin" if one.name in BUILT_IN else "custom"
        checks = (
            one_of(filters, "name", lambda value, one=one: matching(value, one.name)),  # type: ignore[misc]
            one_of(filters, "id", lambda value, one=one: one.id.startswith(value)),  # type: ignore[misc]
            one_of(filters, "driver", one.driver.__eq__),
            one_of(filters, "type", kind.__eq__),
            one_of(filters, "scope", "local".__eq__),
        )
        if labelled(one.labels, filters) and all(checks):
            found.append({**_described(core, one), "Containers": {}})
    return told(found)


def inspect(core: Core, request: Request, reference: str) -> Reply:
    """GET /networks/{id}."""
    return told(_described(core, _find(core, reference)))


def create(core: Core, request: Request) -> Reply:
    """POST /networks/create."""
    body = request.json(NETWORK, **UNREADABLE)
    name = str(body.get("Name") or "")
    if not name.strip():
        raise refusal(400, "invalid name: name is empty")
    driver, options = body.get("Driver") or "bridge", body.get("Options") or {}
    if driver not in ("bridge", "macvlan", "ipvlan", "overlay"):
        raise refusal(404, f'plugin "{driver}" not found')
    if not body.get("CheckDuplicate") and name in core.resources.networks:
        raise refusal(409, f"network with name {name} already exists")
    made = core.resources.add_network(name, body.get("Labels") or {}, driver=driver, options=options, body=body)
    return told({"Id": made.id, "Warning": ""}, 201)


def remove(core: Core, request: Request, reference: str) -> Reply:
    """DELETE /networks/{id}."""
    found = _find(core, reference)
    if found.name in BUILT_IN:
        raise refusal(403, f"{found.name} is a pre-defined network and cannot be removed")
    if _active(core, found):
        where = f"network {found.name} id {found.id}"
        raise refusal(403, f"error while removing network: {where} has active endpoints")
    _end(core, found)
    return Reply(204)


def _end(core: Core, network: EmulatedResource) -> None:
    del core.resources.networks[network.name]
    core.journal.note("network", "destroy", network.id, name=network.name, type=network.driver)


def connect(core: Core, request: Request, reference: str) -> Reply:
    """POST /networks/{id}/connect: a container that does not run is connected when it is started."""
    body = request.json(CONNECT, **UNREADABLE)
    container = _addressed(core, body)
    network = _network_for(core, container, reference)
    _check_pair(container, network.name)
    known = container.joined.get(network.name)
    if known is not None and _lives(container):
        raise refusal(403, f"endpoint with name {container.name} already exists in network {network.name}")
    asked = dict(body.get("EndpointConfig") or {})
    if network.id and network.name not in BUILT_IN:
        asked["Aliases"] = [*(asked.get("Aliases") or ()), container.id[:12]]
    before, container.joined = container.joined, {**container.joined, network.name: asked}
    if _lives(container):
        _plug_in(core, container, network, before)
    return Reply(200)


def _plug_in(
    core: Core, container: EmulatedContainer, network: EmulatedResource, before: Mapping[str, Mapping[str, Any]]
) -> None:
    """Connect a running container; one that was on no network publishes its ports now. Raises `PortTaken`."""
    if not before:
        try:
            core.ports.publish(container)
        except EngineError:
            container.joined = before
            raise
    container.network_ids = {**container.network_ids, network.name: network.id}
    core.connections.attach("connect", container, network)


def disconnect(core: Core, request: Request, reference: str) -> Reply:
    """POST /networks/{id}/disconnect."""
    container = _addressed(core, request.json(DISCONNECT, **UNREADABLE))
    network = _network_for(core, container, reference)
    if network.name not in container.joined:
        the = "" if _lives(container) else "the "
        raise refusal(500, f"container {container.id} is not connected to {the}network {network.name}")
    container.joined = {name: asked for name, asked in container.joined.items() if name != network.name}
    container.network_ids = {name: one for name, one in container.network_ids.items() if name != network.name}
    if not container.joined:
        core.ports.unpublish(container)
    for _ in range(2 if _lives(container) else 1 if network.id else 0):  # a real engine tells it twice
        core.connections.attach("disconnect", container, network)
    return Reply(200)


def _addressed(core: Core, body: Json) -> EmulatedContainer:
    reference = str(body.get("Container") or "")
    if not reference:
        raise refusal(400, 'invalid name or ID supplied: ""')
    return core.find(reference)


def _network_for(core: Core, container: EmulatedContainer, reference: str) -> EmulatedResource:
    """The network; for a container that does not run, one that is not there will do."""
    try:
        return _find(core, reference)
    except NotFound:
        if _lives(container):
            raise
        return EmulatedResource(name=reference, id="", labels={}, driver="", created=0.0)


def _check_pair(container: EmulatedContainer, name: str) -> None:
    """Raises where the container's networks and that one exclude each other."""
    if name == "host":
        raise refusal(400, "container cannot be disconnected from host network or connected to host network")
    if "host" in container.joined:
        sharing = "container sharing network namespace with another container or host"
        raise refusal(400, f"{sharing} cannot be connected to any other network")
    if name == "none" or "none" in container.joined:
        several = "container cannot be connected to multiple networks"
        raise refusal(400, f"{several} with one of the networks in private (none) mode")


def prune(core: Core, request: Request) -> Reply:
    """POST /networks/prune."""
    filters = filters_of(request, ("label", "label!", "until"))
    end = until(core, filters)
    idle = [one for one in core.resources.networks.values() if not _active(core, one)]
    gone = [one for one in idle if labelled(one.labels, filters) and one.created <= end]
    for one in gone:
        _end(core, one)
    core.journal.note("network", "prune", "", reclaimed="0")
    return told({"NetworksDeleted": [one.name for one in gone] or None})


def _find(core: Core, reference: str) -> EmulatedResource:
    core.advance()
    known = {**BUILT_IN, **core.resources.networks}
    if reference in known:
        return known[reference]
    found = [one for one in known.values() if one.id.startswith(reference)]
    if len(found) != 1:
        raise refusal(404, f"network {reference} not found")
    return found[0]


def _active(core: Core, network: EmulatedResource) -> list[EmulatedContainer]:
    """The containers that are on a network now."""
    return [one for one in core.containers.values() if _lives(one) and one.network_ids.get(network.name) == network.id]


def _lives(container: EmulatedContainer) -> bool:
    return container.state in ("running", "paused")


def _described(core: Core, one: EmulatedResource) -> Json:
    asked = one.body.get("IPAM") or {}
    return {
        "Name": one.name,
        "Id": one.id,
        "Created": when(core, one.created),
        "Scope": "local",
        "Driver": one.driver,
        "EnableIPv6": False,
        "IPAM": {
            "Driver": asked.get("Driver") or "default",
            "Options": asked.get("Options"),
            "Config": asked.get("Config") or addresses(one),
        },
        "Internal": bool(one.body.get("Internal")),
        "Attachable": bool(one.body.get("Attachable")),
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {container.id: _attached(container, one) for container in _active(core, one)},
        "Options": dict(one.options),
        "Labels": dict(one.labels),
    }


def _attached(container: EmulatedContainer, network: EmulatedResource) -> Json:
    place = endpoint(container, network)
    address = f"{place['IPAddress']}/{place['IPPrefixLen']}" if place["IPAddress"] else ""
    return {
        "Name": container.name,
        "EndpointID": place["EndpointID"],
        "MacAddress": place["MacAddress"],
        "IPv4Address": address,
        "IPv6Address": "",
    }
