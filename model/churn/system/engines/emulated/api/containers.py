"""The calls on containers."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from attrs import evolve

from churn.errors import EngineError, NotFound
from churn.system.engines.emulated import calls
from churn.system.engines.emulated.api import create_request
from churn.system.engines.emulated.api.bindings import bindings
from churn.system.engines.emulated.api.bodies import UPDATE
from churn.system.engines.emulated.api.checks import check_resources, signal_of
from churn.system.engines.emulated.api.dates import when
from churn.system.engines.emulated.api.filters import Filters, filters_of, labelled, matching, one_of, until
from churn.system.engines.emulated.api.logs import reading
from churn.system.engines.emulated.api.message import JSON, Json, Reply, Request, Stream, told
from churn.system.engines.emulated.api.mounts import mount_points
from churn.system.engines.emulated.api.shapes import detail, pid, row, sizes
from churn.system.engines.emulated.calls import Until, Waits
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.program import argv_of, is_stand_in
from churn.system.protocols import Mount
from churn.system.refusals import refusal

_GRACE = 10.0
_STATES = ("created", "restarting", "running", "removing", "paused", "exited", "dead")
_FILTERS = (
    "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name", "network",
    "publish", "since", "status", "volume",
)  # fmt: skip
_CONDITIONS = ("", "not-running", "next-exit", "removed")


def create(core: Core, request: Request) -> Waits[Reply]:
    """POST /containers/create."""
    whole = create_request.read(core, request)
    spec = create_request.spec_of(core, whole, request.value("name"))
    core.register.admit_name(spec.name)
    joined = create_request.networks_of(whole)
    mounts = mount_points(core, whole)

    def prepare(container: EmulatedContainer) -> None:
        container.body, container.mounted, container.joined = whole, mounts, joined
        container.wanted = create_request.left_to_engine(whole)
        container.auto_remove = bool((whole.get("HostConfig") or {}).get("AutoRemove"))
        for mount in mounts:
            if mount.kind == "volume":
                core.resources.add_volume(mount.source, {})

    shown = (Mount(mount.source, mount.target, read_only=mount.read_only) for mount in mounts if mount.source)
    spec = evolve(spec, mounts=tuple(shown))
    container = yield from calls.create(core, spec, prepare)
    discarded = "host" in joined and (whole.get("HostConfig") or {}).get("PortBindings")
    warnings = ["Published ports are discarded when using host network mode"] if discarded else []
    return told({"Id": container.id, "Warnings": warnings}, 201)


def start(core: Core, request: Request, reference: str) -> Waits[Reply]:
    """POST /containers/{id}/start."""
    return Reply(204 if (yield from calls.start(core, reference)) else 304)


def stop(core: Core, request: Request, reference: str) -> Waits[Reply]:
    """POST /containers/{id}/stop."""
    return Reply(204 if (yield from calls.stop(core, reference, _grace(core, request, reference))) else 304)


def restart(core: Core, request: Request, reference: str) -> Waits[Reply]:
    """POST /containers/{id}/restart."""
    yield from calls.restart(core, reference, _grace(core, request, reference))
    return Reply(204)


def _grace(core: Core, request: Request, reference: str) -> float:
    own = core.find(reference).body.get("StopTimeout")
    return request.number("t", _GRACE if own is None else float(own))


def kill(core: Core, request: Request, reference: str) -> Waits[Reply]:
    """POST /containers/{id}/kill."""
    signal = signal_of(request.value("signal") or "KILL")
    try:
        yield from calls.kill(core, reference, signal)
    except NotFound as error:
        raise refusal(404, f"Cannot kill container: {reference}: {error.message}") from None
    return Reply(204)


def pause(core: Core, request: Request, reference: str) -> Reply:
    """POST /containers/{id}/pause."""
    core.pause(reference)
    return Reply(204)


def unpause(core: Core, request: Request, reference: str) -> Reply:
    """POST /containers/{id}/unpause."""
    core.unpause(reference)
    return Reply(204)


def rename(core: Core, request: Request, reference: str) -> Reply:
    """POST /containers/{id}/rename."""
    if not request.value("name"):
        raise refusal(400, "Neither old nor new names may be empty")
    core.rename(reference, request.value("name").removeprefix("/"))
    return Reply(204)


def remove(core: Core, request: Request, reference: str) -> Waits[Reply]:
    """DELETE /containers/{id}."""
    yield from calls.remove(core, reference, force=request.flag("force"), volumes=request.flag("v"))
    return Reply(204)


def wait(core: Core, request: Request, reference: str) -> Reply:
    """POST /containers/{id}/wait: the head comes at once, the exit code when the condition holds."""
    condition = request.value("condition")
    if condition not in _CONDITIONS:
        raise refusal(400, f'invalid condition: "{condition}"')
    return Reply(kind=JSON, stream=_ended(core, core.find(reference), condition))


def _ended(core: Core, container: EmulatedContainer, condition: str) -> Stream:
    life = container.life
    conditions: dict[str, Callable[[], bool]] = {
        "removed": lambda: container.id not in core.containers,
        "next-exit": lambda: container.life > life and not container.alive,
    }
    yield b""  # the head goes out
    yield Until(conditions.get(condition, lambda: not container.alive))
    yield told({"Error": None, "StatusCode": container.exit_code}).body


def update(core: Core, request: Request, reference: str) -> Reply:
    """POST /containers/{id}/update: another restart policy, other resources (which nothing here uses)."""
    changed = request.json(UPDATE)
    check_resources(changed)
    container = core.find(reference)
    if (asked_for := changed.get("RestartPolicy") or {}).get("Name"):
        core.set_policy(reference, create_request.policy_of({"RestartPolicy": asked_for}))
    host = {**(container.body.get("HostConfig") or {}), **{key: value for key, value in changed.items() if value}}
    container.body = {**container.body, "HostConfig": host}
    core.journal.say(container, "update")
    return told({"Warnings": None})


def prune(core: Core, request: Request) -> Waits[Reply]:
    """POST /containers/prune: the newest first."""
    filters = filters_of(request, ("label", "label!", "until"))
    idle = [one for one in core.containers.values() if one.state in ("created", "exited", "dead") and not one.removing]
    end = until(core, filters)
    fitting = [one for one in idle if labelled(one.spec.labels, filters) and one.created_at <= end]
    gone, reclaimed = [], 0
    for one in sorted(fitting, key=lambda one: one.created_at, reverse=True):
        with suppress(EngineError):  # somebody else was faster
            yield from calls.remove(core, one.id, force=False)
            gone.append(one.id)
            reclaimed += sizes(one)["SizeRw"]
    core.journal.note("container", "prune", "", reclaimed=str(reclaimed))
    return told({"ContainersDeleted": gone or None, "SpaceReclaimed": reclaimed})


# -- looking ----------------------------------------------------------------------------------------------------------


def listing(core: Core, request: Request) -> Reply:
    """GET /containers/json."""
    core.advance()
    filters = filters_of(request, _FILTERS)
    for state in filters.get("status", ()):
        if state not in _STATES:
            raise refusal(400, f"Invalid filter 'status={state}'")
    found = sorted(core.containers.values(), key=lambda one: one.created_at, reverse=True)
    limit = int(request.number("limit", 0))
    everything = request.flag("all") or limit > 0 or not filters.keys().isdisjoint(("status", "exited"))
    fitting = [one for one in found if (everything or one.alive) and _fits(core, one, filters)]
    for key in ("before", "since"):
        for reference in filters.get(key, ()):
            than = _known(core, reference).created_at
            fitting = [one for one in fitting if (one.created_at < than if key == "before" else one.created_at > than)]
    shown = fitting[:limit] if limit > 0 else fitting
    return told([{**row(core, one), **(_listed_sizes(one) if request.flag("size") else {})} for one in shown])


def _listed_sizes(container: EmulatedContainer) -> Json:
    """What it weighs, where that is something."""
    return {key: value for key, value in sizes(container).items() if value}


def _known(core: Core, reference: str) -> EmulatedContainer:
    """The container that a filter names. That there is none is an error of the engine's own, not of the client's."""
    try:
        return core.find(reference)
    except NotFound:
        raise refusal(500, f"no such container {reference}") from None


def _fits(core: Core, one: EmulatedContainer, filters: Filters) -> bool:
    checks: Iterable[tuple[str, Callable[[str], bool]]] = (
        ("name", lambda value: matching(value, f"/{one.name}") or matching(value, one.name)),
        ("id", one.id.startswith),
        ("status", one.state.__eq__),
        ("publish", partial(_publishes, one)),
        ("expose", partial(_exposes, one)),
        ("ancestor", partial(_descends, core, one)),
        ("network", lambda value: any(value in (found.name, found.id) for found in core.connections.networks_of(one))),
        ("volume", lambda value: any(value in (mount.source, mount.target) for mount in one.spec.mounts)),
        ("exited", lambda value: one.state == "exited" and value == str(one.exit_code)),
        ("health", "none".__eq__),
    )
    return labelled(one.spec.labels, filters) and all(one_of(filters, key, check) for key, check in checks)


def _publishes(one: EmulatedContainer, value: str) -> bool:
    """Whether it has that port of the host, or had it when its start failed for another reason."""
    port, _, protocol = value.partition("/")
    asked_for = [(host, where.partition("/")[2]) for where, _, host in bindings(one)]
    return _networked(one) and ((port, protocol or "tcp") in asked_for or port in map(str, one.published))


def _networked(one: EmulatedContainer) -> bool:
    return one.state in ("running", "paused") or one.networked


def _exposes(one: EmulatedContainer, value: str) -> bool:
    wanted = value if "/" in value else f"{value}/tcp"
    return _networked(one) and wanted in (
        *(one.body.get("ExposedPorts") or ()),
        *(port for port, _, _ in bindings(one)),
    )


def _descends(core: Core, one: EmulatedContainer, value: str) -> bool:
    return one.image in {
        image.id for tag, image in core.images.items() if value in (tag, tag.removesuffix(":latest"))
    } or (one.image.removeprefix("sha256:").startswith(value.removeprefix("sha256:")))


def inspect(core: Core, request: Request, reference: str) -> Reply:
    """GET /containers/{id}/json."""
    container = core.find(reference)
    return told({**detail(core, container), **(sizes(container) if request.flag("size") else {})})


def logs(core: Core, request: Request, reference: str) -> Reply:
    """GET /containers/{id}/logs."""
    if not (request.flag("stdout") or request.flag("stderr")):
        raise refusal(400, "Bad parameters: you must choose at least one stream")
    return Reply(stream=reading(core, core.find(reference), request))


def top(core: Core, request: Request, reference: str) -> Reply:
    """GET /containers/{id}/top."""
    container = core.find(reference)
    if container.state == "restarting":
        raise refusal(409, f"Container {container.id} is restarting, wait until the container is running")
    if container.state not in ("running", "paused"):
        raise refusal(409, f"Container {container.id} is not running")
    titles = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    shell = ("/bin/sh",) if is_stand_in(container, container.origin) else ()  # its entrypoint is a script
    command = " ".join((*shell, *argv_of(container, container.origin))) or "serve"
    core.journal.say(container, "top")
    clock = when(core, container.started_at)[11:16]
    process = ["root", str(pid(container)), "1", "0", clock, "?", "00:00:00", command]
    return told({"Titles": titles, "Processes": [process]})


def stats(core: Core, request: Request, reference: str) -> Reply:
    """GET /containers/{id}/stats."""
    container = core.find(reference)
    if not request.flag("stream", otherwise=True):
        return told(_usage(core, container))
    return Reply(kind=JSON, stream=_usages(core, container))


_SECOND = 1.0


def _usages(core: Core, container: EmulatedContainer) -> Stream:
    while container.id in core.containers:
        yield told(_usage(core, container)).body
        yield Until(lambda: container.id not in core.containers, _SECOND)


def _usage(core: Core, container: EmulatedContainer) -> Json:
    """Use is not measured here: a living process uses a little, others nothing."""
    alive = container.state in ("running", "paused")
    cpu = {
        "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
    }
    return {
        "read": when(core, core.clock.now()),
        "preread": when(core, None),
        "pids_stats": {"current": 1} if alive else {},
        "blkio_stats": {},
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": {**cpu, "system_cpu_usage": 1, "online_cpus": 1} if alive else cpu,
        "precpu_stats": cpu,
        "memory_stats": {"usage": 2**20, "limit": 2**33} if alive else {},
        "name": f"/{container.name}",
        "id": container.id,
        "networks": {"eth0": dict.fromkeys(("rx_bytes", "rx_packets", "tx_bytes", "tx_packets"), 0)} if alive else {},
    }
