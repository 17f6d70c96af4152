"""The calls on volumes."""

from churn.system.engines.emulated.api.bodies import VOLUME
from churn.system.engines.emulated.api.dates import when
from churn.system.engines.emulated.api.filters import filters_of, labelled, matching, one_of
from churn.system.engines.emulated.api.message import Json, Reply, Request, told
from churn.system.engines.emulated.api.mounts import check_volume
from churn.system.engines.emulated.api.networks import UNREADABLE
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.resources import EmulatedResource
from churn.system.refusals import refusal

_FILTERS = ("dangling", "driver", "label", "name")


def listing(core: Core, request: Request) -> Reply:
    """GET /volumes."""
    core.advance()
    filters = filters_of(request, _FILTERS)
    found = []
    for one in core.resources.volumes.values():
        dangling = "false" if users(core, one) else "true"
        checks = (
            one_of(filters, "name", lambda value, one=one: matching(value, one.name)),  # type: ignore[misc]
            one_of(filters, "driver", one.driver.__eq__),
            one_of(filters, "dangling", lambda value, is_so=dangling: value in (is_so, str(int(is_so == "true")))),  # type: ignore[misc]
        )
        if labelled(one.labels, filters) and all(checks):
            found.append(described(core, one))
    return told({"Volumes": found, "Warnings": None})


def inspect(core: Core, request: Request, name: str) -> Reply:
    """GET /volumes/{name}."""
    return told(described(core, _find(core, name)))


def create(core: Core, request: Request) -> Reply:
    """POST /volumes/create: nothing happens to one that is there."""
    body = request.json(VOLUME, **UNREADABLE)
    name = str(body.get("Name") or core.identities.new())
    if (driver := body.get("Driver") or "local") != "local":
        raise refusal(404, f'create {name}: error looking up volume plugin {driver}: plugin "{driver}" not found')
    check_volume(name)
    made = core.resources.add_volume(
        name, body.get("Labels") or {}, driver=driver, options=body.get("DriverOpts") or {}, body=body
    )
    return told(described(core, made), 201)


def remove(core: Core, request: Request, name: str) -> Reply:
    """DELETE /volumes/{name}."""
    if request.flag("force") and name not in core.resources.volumes:
        return Reply(204)
    found = _find(core, name)
    if using := users(core, found):
        raise refusal(409, f"remove {name}: volume is in use - [{', '.join(one.id for one in using)}]")
    _end(core, found)
    return Reply(204)


def _end(core: Core, volume: EmulatedResource) -> None:
    core.resources.discard_volume(volume.name)


def prune(core: Core, request: Request) -> Reply:
    """POST /volumes/prune."""
    filters = filters_of(request, ("label", "label!", "all"))
    gone = [one for one in core.resources.volumes.values() if labelled(one.labels, filters) and not users(core, one)]
    for one in gone:
        _end(core, one)
    core.journal.note("volume", "prune", "", reclaimed="0")
    return told({"VolumesDeleted": [one.name for one in gone] or None, "SpaceReclaimed": 0})


def _find(core: Core, name: str) -> EmulatedResource:
    core.advance()
    if name not in core.resources.volumes:
        raise refusal(404, f"get {name}: no such volume")
    return core.resources.volumes[name]


def users(core: Core, volume: EmulatedResource) -> list[EmulatedContainer]:
    """The containers that have the volume, whatever their state."""
    return [one for one in core.containers.values() if any(mount.source == volume.name for mount in one.spec.mounts)]


def described(core: Core, one: EmulatedResource) -> Json:
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
