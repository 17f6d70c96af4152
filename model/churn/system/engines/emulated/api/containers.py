"""The calls on containers."""

from collections.abc import Callable, Iterable
from functools import partial

from churn.errors import NotFound
from churn.system.engines.emulated import calls
from churn.system.engines.emulated.api import asked
from churn.system.engines.emulated.api.filters import Filters, filters_of, labelled, matching, one_of
from churn.system.engines.emulated.api.logs import reading
from churn.system.engines.emulated.api.message import JSON, Json, Reply, Request, Stream, told
from churn.system.engines.emulated.api.shapes import bindings, detail, row, when
from churn.system.engines.emulated.calls import Until, Waits
from churn.system.engines.emulated.container import Container
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.program import argv_of
from churn.system.engines.refusals import refusal

_GRACE = 10.0
_STATES = ("created", "restarting", "running", "removing", "paused", "exited", "dead")
_FILTERS = (
    "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name", "network",
    "publish", "since", "status", "volume",
)  # fmt: skip
_CONDITIONS = ("", "not-running", "next-exit", "removed")
_SIGNALS = (
    "ABRT", "ALRM", "BUS", "CHLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "KILL", "PIPE", "PROF", "PWR", "QUIT",
    "SEGV", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU",
    "XFSZ",
)  # fmt: skip
_HIGHEST_SIGNAL = 64


def create(core: Core, request: Request) -> Waits[Reply]:
    """POST /containers/create."""
    body = request.json()
    spec = asked.spec_of(core, body, request.value("name"))

    def prepare(container: Container) -> None:
        container.body = body
        container.wanted = asked.left_to_engine(body)
        container.auto_remove = bool((body.get("HostConfig") or {}).get("AutoRemove"))
        for mount in spec.mounts:
            if mount.source and not mount.source.startswith("/"):
                core.add_volume(mount.source, {})

    container = yield from calls.create(core, spec, prepare)
    return told({"Id": container.id, "Warnings": []}, 201)


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
    signal = (request.value("signal") or "KILL").upper().removeprefix("SIG")
    if signal not in _SIGNALS and not (signal.isdecimal() and 0 < int(signal) <= _HIGHEST_SIGNAL):
        raise refusal(400, f"Invalid signal: {request.value('signal')}")
    yield from calls.kill(core, reference, signal)
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
    yield from calls.remove(core, reference, force=request.flag("force"))
    return Reply(204)


def wait(core: Core, request: Request, reference: str) -> Reply:
    """POST /containers/{id}/wait: the head comes at once, the exit code when the condition holds."""
    condition = request.value("condition")
    if condition not in _CONDITIONS:
        raise refusal(400, f'invalid condition: "{condition}"')
    return Reply(kind=JSON, stream=_ended(core, core.find(reference), condition))


def _ended(core: Core, container: Container, condition: str) -> Stream:
    life = container.life
    conditions: dict[str, Callable[[], bool]] = {
        "removed": lambda: container.id not in core.containers,
        "next-exit": lambda: container.life > life and not container.alive,
    }
    yield b""  # the head goes out
    yield Until(conditions.get(condition, lambda: not container.alive))
    yield told({"Error": None, "StatusCode": container.exit_code}).body


def prune(core: Core, request: Request) -> Waits[Reply]:
    """POST /containers/prune."""
    filters = filters_of(request, ("label", "label!", "until"))
    idle = [one for one in core.containers.values() if one.state in ("created", "exited", "dead") and not one.removing]
    gone = [one.id for one in idle if labelled(one.spec.labels, filters)]
    for identity in gone:
        yield from calls.remove(core, identity, force=False)
    return told({"ContainersDeleted": gone or None, "SpaceReclaimed": 0})


# -- looking ----------------------------------------------------------------------------------------------------------


def listing(core: Core, request: Request) -> Reply:
    """GET /containers/json."""
    core.advance()
    filters = filters_of(request, _FILTERS)
    for state in filters.get("status", ()):
        if state not in _STATES:
            raise refusal(400, f"Unrecognised filter value for status: {state}")
    found = sorted(core.containers.values(), key=lambda one: one.created_at, reverse=True)
    limit = int(request.number("limit", 0))
    everything = request.flag("all") or limit > 0 or not filters.keys().isdisjoint(("status", "exited"))
    fitting = [one for one in found if (everything or one.alive) and _fits(core, one, filters)]
    for key in ("before", "since"):
        for reference in filters.get(key, ()):
            than = _known(core, reference).created_at
            fitting = [one for one in fitting if (one.created_at < than if key == "before" else one.created_at > than)]
    return told([row(core, one) for one in (fitting[:limit] if limit > 0 else fitting)])


def _known(core: Core, reference: str) -> Container:
    """The container that a filter names. That there is none is an error of the engine's own, not of the client's."""
    try:
        return core.find(reference)
    except NotFound as error:
        raise refusal(500, error.message) from None


def _fits(core: Core, one: Container, filters: Filters) -> bool:
    checks: Iterable[tuple[str, Callable[[str], bool]]] = (
        ("name", lambda value: matching(value, f"/{one.name}") or matching(value, one.name)),
        ("id", one.id.startswith),
        ("status", one.state.__eq__),
        ("publish", partial(_publishes, one)),
        ("expose", partial(_exposes, one)),
        ("ancestor", partial(_descends, core, one)),
        ("network", lambda value: value in (core.network_of(one).name, core.network_of(one).id)),
        ("volume", lambda value: any(value in (mount.source, mount.target) for mount in one.spec.mounts)),
        ("exited", lambda value: one.state == "exited" and value == str(one.exit_code)),
        ("health", "none".__eq__),
    )
    return labelled(one.spec.labels, filters) and all(one_of(filters, key, check) for key, check in checks)


def _publishes(one: Container, value: str) -> bool:
    """Whether it has that port of the host, or was refused it when it was started."""
    port, _, protocol = value.partition("/")
    asked_for = [(host, where.partition("/")[2]) for where, _, host in bindings(one)]
    return _networked(one) and ((port, protocol or "tcp") in asked_for or port in map(str, one.published))


def _networked(one: Container) -> bool:
    return one.state in ("running", "paused") or bool(one.error)


def _exposes(one: Container, value: str) -> bool:
    wanted = value if "/" in value else f"{value}/tcp"
    return _networked(one) and wanted in (
        *(one.body.get("ExposedPorts") or ()),
        *(port for port, _, _ in bindings(one)),
    )


def _descends(core: Core, one: Container, value: str) -> bool:
    return one.image in {
        image.id for tag, image in core.images.items() if value in (tag, tag.removesuffix(":latest"))
    } or (one.image.removeprefix("sha256:").startswith(value.removeprefix("sha256:")))


def inspect(core: Core, request: Request, reference: str) -> Reply:
    """GET /containers/{id}/json."""
    return told(detail(core, core.find(reference)))


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
    command = " ".join(argv_of(container, core.image_of(container))) or "serve"
    pid = str(detail(core, container)["State"]["Pid"])
    core.say(container, "top")
    clock = when(core, container.started_at)[11:16]
    return told({"Titles": titles, "Processes": [["root", pid, "1", "0", clock, "?", "00:00:00", command]]})


def stats(core: Core, request: Request, reference: str) -> Reply:
    """GET /containers/{id}/stats."""
    container = core.find(reference)
    if not request.flag("stream", otherwise=True):
        return told(_usage(core, container))
    return Reply(kind=JSON, stream=_usages(core, container))


_SECOND = 1.0


def _usages(core: Core, container: Container) -> Stream:
    while container.id in core.containers:
        yield told(_usage(core, container)).body
        yield Until(lambda: container.id not in core.containers, _SECOND)


def _usage(core: Core, container: Container) -> Json:
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
