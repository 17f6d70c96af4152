"""The calls on networks and volumes."""

from collections.abc import Mapping

from churn.system.engines.emulated.api.filters import filters_of, labelled, matching, one_of
from churn.system.engines.emulated.api.message import Json, Reply, Request, told
from churn.system.engines.emulated.api.shapes import endpoint, when
from churn.system.engines.emulated.container import Container
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.things import BUILT_IN, Belonging
from churn.system.engines.refusals import refusal

_NETWORK_FILTERS = ("dangling", "driver", "id", "label", "name", "scope", "type")
_VOLUME_FILTERS = ("dangling", "driver", "label", "name")

# -- networks ---------------------------------------------------------------------------------------------------------


def networks(core: Core, request: Request) -> Reply:
    """GET /networks."""
    core.advance()
    filters = filters_of(request, _NETWORK_FILTERS)
    found = []
    for one in {**BUILT_IN, **core.networks}.values():
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
    if not body.get("CheckDuplicate") and name in core.networks:
        raise refusal(409, f"network with name {name} already exists")
    made = core.add_network(name, body.get("Labels") or {}, driver=driver, options=options, body=body)
    return told({"Id": made.id, "Warning": ""}, 201)


def remove_network(core: Core, request: Request, reference: str) -> Reply:
    """DELETE /networks/{id}."""
    found = _find_network(core, reference)
    if found.name in BUILT_IN:
        raise refusal(403, f"{found.name} is a pre-defined network and cannot be removed")
    if any(one.state in ("running", "paused") for one in _on_network(core, found)):
        where = f"network {found.name} id {found.id}"
        raise refusal(403, f"error while removing network: {where} has active endpoints")
    del core.networks[found.name]
    core.note("network", "destroy", found.id, name=found.name, type=found.driver)
    return Reply(204)


def connect(core: Core, request: Request, reference: str) -> Reply:
    """POST /networks/{id}/connect and /disconnect: the container is there, and is told of; it stays on its network."""
    _find_network(core, reference)
    core.find(str(request.json().get("Container") or ""))
    return Reply(200)


def prune_networks(core: Core, request: Request) -> Reply:
    """POST /networks/prune."""
    filters = filters_of(request, ("label", "label!", "until"))
    gone = [one for one in core.networks.values() if labelled(one.labels, filters) and not _on_network(core, one)]
    for one in gone:
        del core.networks[one.name]
    return told({"NetworksDeleted": [one.name for one in gone] or None})


def _find_network(core: Core, reference: str) -> Belonging:
    core.advance()
    known = {**BUILT_IN, **core.networks}
    if reference in known:
        return known[reference]
    found = [one for one in known.values() if one.id.startswith(reference)]
    if len(found) != 1:
        raise refusal(404, f"network {reference} not found")
    return found[0]


def _on_network(core: Core, network: Belonging) -> list[Container]:
    return [one for one in core.containers.values() if core.network_of(one) is network]


def _network(core: Core, one: Belonging) -> Json:
    config = [{"Subnet": "172.17.0.0/16"}] if one.driver == "bridge" else []
    return {
        "Name": one.name,
        "Id": one.id,
        "Created": when(core, one.created),
        "Scope": "local",
        "Driver": one.driver,
        "EnableIPv6": False,
        "IPAM": {"Driver": "default", "Options": None, "Config": config},
        "Internal": bool(one.body.get("Internal")),
        "Attachable": bool(one.body.get("Attachable")),
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {
            container.id: _attached(container, one)
            for container in _on_network(core, one)
            if container.state in ("running", "paused")
        },
        "Options": dict(one.options),
        "Labels": dict(one.labels),
    }


def _attached(container: Container, network: Belonging) -> Json:
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
    for one in core.volumes.values():
        dangling = "false" if _users(core, one) else "true"
        checks = (
            one_of(filters, "name", lambda value, one=one: matching(value, one.name)),  # type: ignore[misc]
            one_of(filters, "driver", one.driver.__eq__),
            one_of(filters, "dangling", lambda value, is_so=dangling: value in (is_so, str(int(is_so == "true")))),  # type: ignore[misc]
        )
        if labelled(one.labels, filters) and all(checks):
            found.append(_volume(core, one))
    return told({"Volumes": found, "Warnings": None})


def volume(core: Core, request: Request, name: str) -> Reply:
    """GET /volumes/{name}."""
    return told(_volume(core, _find_volume(core, name)))


def create_volume(core: Core, request: Request) -> Reply:
    """POST /volumes/create: nothing happens to one that is there."""
    body = request.json()
    name = str(body.get("Name") or core.new_identity())
    options: Mapping[str, str] = body.get("DriverOpts") or {}
    made = core.add_volume(name, body.get("Labels") or {}, driver=body.get("Driver") or "local", options=options)
    return told(_volume(core, made), 201)


def remove_volume(core: Core, request: Request, name: str) -> Reply:
    """DELETE /volumes/{name}."""
    found = _find_volume(core, name)
    if users := _users(core, found):
        raise refusal(409, f"remove {name}: volume is in use - [{users[0].id}]")
    del core.volumes[name]
    core.note("volume", "destroy", name, driver=found.driver)
    return Reply(204)


def prune_volumes(core: Core, request: Request) -> Reply:
    """POST /volumes/prune."""
    filters = filters_of(request, ("label", "label!", "all"))
    gone = [one.name for one in core.volumes.values() if labelled(one.labels, filters) and not _users(core, one)]
    for name in gone:
        del core.volumes[name]
    return told({"VolumesDeleted": gone or None, "SpaceReclaimed": 0})


def _find_volume(core: Core, name: str) -> Belonging:
    core.advance()
    if name not in core.volumes:
        raise refusal(404, f"get {name}: no such volume")
    return core.volumes[name]


def _users(core: Core, volume: Belonging) -> list[Container]:
    return [one for one in core.containers.values() if any(mount.source == volume.name for mount in one.spec.mounts)]


def _volume(core: Core, one: Belonging) -> Json:
    return {
        "CreatedAt": when(core, one.created).partition(".")[0] + "Z",
        "Driver": one.driver,
        "Labels": dict(one.labels) or None,
        "Mountpoint": f"/var/lib/docker/volumes/{one.name}/_data",
        "Name": one.name,
        "Options": dict(one.options) or None,
        "Scope": "local",
    }
