"""The calls on networks and volumes."""

from collections.abc import Mapping
from typing import Any

from churn.errors import EngineError, NotFound
from churn.system.engines.emulated.api.filters import filters_of, labelled, matching, one_of, until
from churn.system.engines.emulated.api.message import Json, Reply, Request, told
from churn.system.engines.emulated.api.mounts import check_volume
from churn.system.engines.emulated.api.shapes import addresses, endpoint, when
from churn.system.engines.emulated.container import Container
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.resources import BUILT_IN, Resource
from churn.system.refusals import refusal

_NETWORK_FILTERS = ("dangling", "driver", "id", "label", "name", "scope", "type")
_VOLUME_FILTERS = ("dangling", "driver", "label", "name")

# -- networks ---------------------------------------------------------------------------------------------------------


def networks(core: Core, request: Request) -> Reply:
    """GET /networks."""
    core.advance()
    filters = filters_of(request, _NETWORK_FILTERS)
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
            found.append({**_network(core, one), "Containers": {}})
    return told(found)


def network(core: Core, request: Request, reference: str) -> Reply:
    """GET /networks/{id}."""
    return told(_network(core, _find_network(core, reference)))


def create_network(core: Core, request: Request) -> Reply:
    """POST /networks/create."""
    body = request.json()
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


def remove_network(core: Core, request: Request, reference: str) -> Reply:
    """DELETE /networks/{id}."""
    found = _find_network(core, reference)
    if found.name in BUILT_IN:
        raise refusal(403, f"{found.name} is a pre-defined network and cannot be removed")
    if _active(core, found):
        where = f"network {found.name} id {found.id}"
        raise refusal(403, f"error while removing network: {where} has active endpoints")
    _end_network(core, found)
    return Reply(204)


def _end_network(core: Core, network: Resource) -> None:
    del core.resources.networks[network.name]
    core.journal.note("network", "destroy", network.id, name=network.name, type=network.driver)


def connect(core: Core, request: Request, reference: str) -> Reply:
    """POST /networks/{id}/connect: a container that does not run is connected when it is started."""
    container, body = _addressed(core, request), request.json()
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


def _plug_in(core: Core, container: Container, network: Resource, before: Mapping[str, Mapping[str, Any]]) -> None:
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
    container = _addressed(core, request)
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


def _addressed(core: Core, request: Request) -> Container:
    reference = str(request.json().get("Container") or "")
    if not reference:
        raise refusal(400, 'invalid name or ID supplied: ""')
    return core.find(reference)


def _network_for(core: Core, container: Container, reference: str) -> Resource:
    """The network; for a container that does not run, one that is not there will do."""
    try:
        return _find_network(core, reference)
    except NotFound:
        if _lives(container):
            raise
        return Resource(reference, "", {}, "", 0.0)


def _check_pair(container: Container, name: str) -> None:
    """Raises where the container's networks and that one exclude each other."""
    if name == "host":
        raise refusal(400, "container cannot be disconnected from host network or connected to host network")
    if "host" in container.joined:
        sharing = "container sharing network namespace with another container or host"
        raise refusal(400, f"{sharing} cannot be connected to any other network")
    if name == "none" or "none" in container.joined:
        several = "container cannot be connected to multiple networks"
        raise refusal(400, f"{several} with one of the networks in private (none) mode")


def prune_networks(core: Core, request: Request) -> Reply:
    """POST /networks/prune."""
    filters = filters_of(request, ("label", "label!", "until"))
    end = until(core, filters)
    idle = [one for one in core.resources.networks.values() if not _active(core, one)]
    gone = [one for one in idle if labelled(one.labels, filters) and one.created <= end]
    for one in gone:
        _end_network(core, one)
    core.journal.note("network", "prune", "", reclaimed="0")
    return told({"NetworksDeleted": [one.name for one in gone] or None})


def _find_network(core: Core, reference: str) -> Resource:
    core.advance()
    known = {**BUILT_IN, **core.resources.networks}
    if reference in known:
        return known[reference]
    found = [one for one in known.values() if one.id.startswith(reference)]
    if len(found) != 1:
        raise refusal(404, f"network {reference} not found")
    return found[0]


def _active(core: Core, network: Resource) -> list[Container]:
    """The containers that are on a network now."""
    return [one for one in core.containers.values() if _lives(one) and one.network_ids.get(network.name) == network.id]


def _lives(container: Container) -> bool:
    return container.state in ("running", "paused")


def _network(core: Core, one: Resource) -> Json:
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


def _attached(container: Container, network: Resource) -> Json:
    place = endpoint(container, network)
    address = f"{place['IPAddress']}/{place['IPPrefixLen']}" if place["IPAddress"] else ""
    return {
        "Name": container.name,
        "EndpointID": place["EndpointID"],
        "MacAddress": place["MacAddress"],
        "IPv4Address": address,
        "IPv6Address": "",
    }


# -- volumes ----------------------------------------------------------------------------------------------------------


def volumes(core: Core, request: Request) -> Reply:
    """GET /volumes."""
    core.advance()
    filters = filters_of(request, _VOLUME_FILTERS)
    found = []
    for one in core.resources.volumes.values():
        dangling = "false" if users(core, one) else "true"
        checks = (
            one_of(filters, "name", lambda value, one=one: matching(value, one.name)),  # type: ignore[misc]
            one_of(filters, "driver", one.driver.__eq__),
            one_of(filters, "dangling", lambda value, is_so=dangling: value in (is_so, str(int(is_so == "true")))),  # type: ignore[misc]
        )
        if labelled(one.labels, filters) and all(checks):
            found.append(described_volume(core, one))
    return told({"Volumes": found, "Warnings": None})


def volume(core: Core, request: Request, name: str) -> Reply:
    """GET /volumes/{name}."""
    return told(described_volume(core, _find_volume(core, name)))


def create_volume(core: Core, request: Request) -> Reply:
    """POST /volumes/create: nothing happens to one that is there."""
    body = request.json()
    name = str(body.get("Name") or core.identities.new())
    if (driver := body.get("Driver") or "local") != "local":
        raise refusal(404, f'create {name}: error looking up volume plugin {driver}: plugin "{driver}" not found')
    check_volume(name)
    made = core.resources.add_volume(
        name, body.get("Labels") or {}, driver=driver, options=body.get("DriverOpts") or {}, body=body
    )
    return told(described_volume(core, made), 201)


def remove_volume(core: Core, request: Request, name: str) -> Reply:
    """DELETE /volumes/{name}."""
    if request.flag("force") and name not in core.resources.volumes:
        return Reply(204)
    found = _find_volume(core, name)
    if using := users(core, found):
        raise refusal(409, f"remove {name}: volume is in use - [{', '.join(one.id for one in using)}]")
    _end_volume(core, found)
    return Reply(204)


def _end_volume(core: Core, volume: Resource) -> None:
    del core.resources.volumes[volume.name]
    core.journal.note("volume", "destroy", volume.name, driver=volume.driver)


def prune_volumes(core: Core, request: Request) -> Reply:
    """POST /volumes/prune."""
    filters = filters_of(request, ("label", "label!", "all"))
    gone = [one for one in core.resources.volumes.values() if labelled(one.labels, filters) and not users(core, one)]
    for one in gone:
        _end_volume(core, one)
    core.journal.note("volume", "prune", "", reclaimed="0")
    return told({"VolumesDeleted": [one.name for one in gone] or None, "SpaceReclaimed": 0})


def _find_volume(core: Core, name: str) -> Resource:
    core.advance()
    if name not in core.resources.volumes:
        raise refusal(404, f"get {name}: no such volume")
    return core.resources.volumes[name]


def users(core: Core, volume: Resource) -> list[Container]:
    """The containers that have the volume, whatever their state."""
    return [one for one in core.containers.values() if any(mount.source == volume.name for mount in one.spec.mounts)]


def described_volume(core: Core, one: Resource) -> Json:
    """The volume as inspect tells it."""
    return {
        "CreatedAt": when(core, one.created).partition(".")[0] + "Z",
        "Driver": one.driver,
        "Labels": one.body["Labels"] if "Labels" in one.body else dict(one.labels) or None,
        "Mountpoint": f"/var/lib/docker/volumes/{one.name}/_data",
        "Name": one.name,
        "Options": one.body.get("DriverOpts"),
        "Scope": "local",
    }
