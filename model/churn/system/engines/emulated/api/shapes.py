"""Containers as the API tells them: the row of the list, and what inspect tells."""

import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from churn.system.engines.emulated.api.message import Json
from churn.system.engines.emulated.container import Container, MountPoint
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.identity import identity
from churn.system.engines.emulated.program import argv_of
from churn.system.engines.emulated.resources import BUILT_IN, Resource
from churn.system.engines.emulated.spellings import tags_like
from churn.system.protocols import Mount

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = "0001-01-01T00:00:00Z"
_ROOT = "/var/lib/docker"
_MASKED = (
    "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
    "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
)  # fmt: skip
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_FIRST_PID, _PIDS = 300, 2**15

_NULLS = (
    "Binds", "VolumesFrom", "CapAdd", "CapDrop", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "GroupAdd", "Links",
    "SecurityOpt", "BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps",
    "BlkioDeviceWriteIOps", "Devices", "DeviceCgroupRules", "DeviceRequests", "Ulimits", "PortBindings",
)  # fmt: skip
_TEXTS = (
    "ContainerIDFile", "VolumeDriver", "Cgroup", "PidMode", "UTSMode", "UsernsMode", "Isolation", "CgroupParent",
    "CpusetCpus", "CpusetMems",
)  # fmt: skip
_NUMBERS = (
    "OomScoreAdj", "CpuShares", "Memory", "NanoCpus", "BlkioWeight", "CpuPeriod", "CpuQuota", "CpuRealtimePeriod",
    "CpuRealtimeRuntime", "KernelMemory", "KernelMemoryTCP", "MemoryReservation", "MemorySwap", "CpuCount", "CpuPercent",
    "IOMaximumIOps", "IOMaximumBandwidth",
)  # fmt: skip
_SWITCHES = ("AutoRemove", "Privileged", "PublishAllPorts", "ReadonlyRootfs", "OomKillDisable")
HOST_CONFIG: Mapping[str, Any] = {
    **dict.fromkeys(_NULLS),
    **dict.fromkeys(_TEXTS, ""),
    **dict.fromkeys(_NUMBERS, 0),
    **dict.fromkeys(_SWITCHES, False),
    "LogConfig": {"Type": "json-file", "Config": {}},
    "NetworkMode": "default",
    "RestartPolicy": {"Name": "", "MaximumRetryCount": 0},
    "MemorySwappiness": None,
    "CgroupnsMode": "host",
    "IpcMode": "private",
    "ShmSize": 2**26,
    "Runtime": "runc",
    "ConsoleSize": [0, 0],
    "PidsLimit": None,
    "MaskedPaths": list(_MASKED),
    "ReadonlyPaths": list(_READ_ONLY),
}
"""What a host configuration has where the client left it out."""

CONFIG: Mapping[str, Any] = {
    **dict.fromkeys(("Hostname", "Domainname", "User", "WorkingDir"), ""),
    **dict.fromkeys(("AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce"), False),
    **dict.fromkeys(("Env", "Cmd", "Volumes", "Entrypoint", "OnBuild")),
}
"""The same of a configuration."""


def when(core: Core, moment: float | None) -> str:
    """A moment of the core's clock as the API writes it."""
    if moment is None:
        return NEVER
    nanoseconds = core.calendar.nanoseconds(moment)
    second = _EPOCH + timedelta(seconds=nanoseconds // 10**9)
    return f"{second:%Y-%m-%dT%H:%M:%S}.{nanoseconds % 10**9:09d}Z"


def moment(text: str) -> float:
    """Seconds since 1970 of a moment as the API writes it."""
    return datetime.fromisoformat(text).timestamp()


# -- ports ------------------------------------------------------------------------------------------------------------


def bindings(container: Container) -> Iterator[tuple[str, str, str]]:
    """Port, address and host port (empty: the engine's choice) of what the container is to publish."""
    if not container.body:
        yield from ((f"{port}/tcp", "", str(port)) for port in container.spec.ports)
        return
    host = container.body.get("HostConfig") or {}
    asked = host.get("PortBindings") or {}
    for port, places in asked.items():
        places_or_any: list[Json] = list(places or ({},))
        for place in places_or_any:
            yield _with_protocol(port), place.get("HostIp") or "", (place.get("HostPort") or "").partition("-")[0]
    if host.get("PublishAllPorts"):
        exposed = (_with_protocol(port) for port in container.body.get("ExposedPorts") or {})
        yield from ((port, "", "") for port in exposed if port not in map(_with_protocol, asked))


def published(container: Container) -> Iterator[tuple[str, str, int]]:
    """Port, address and host port of what it publishes now."""
    if container.state not in ("running", "paused") or not container.reachable:
        return
    chosen = iter(container.published)
    for port, address, host in bindings(container):
        number = int(host) if host not in ("", "0") else next(chosen, 0)
        for place in (address,) if address else ("0.0.0.0", "::"):  # noqa: S104 -- told, not bound
            yield port, place, number


def _with_protocol(port: str) -> str:
    return port if "/" in port else f"{port}/tcp"


def _port_rows(container: Container) -> list[Json]:
    rows: list[Json] = []
    held = list(published(container))
    for port, address, number in held:
        private, _, protocol = port.partition("/")
        rows.append({"IP": address, "PrivatePort": int(private), "PublicPort": number, "Type": protocol})
    if container.state in ("running", "paused") and container.reachable:
        for port in map(_with_protocol, container.body.get("ExposedPorts") or {}):
            if port not in [one for one, _, _ in held]:
                private, _, protocol = port.partition("/")
                rows.append({"PrivatePort": int(private), "Type": protocol})
    return rows


def _port_map(container: Container) -> Json:
    if container.state not in ("running", "paused"):
        return {}
    told: Json = dict.fromkeys(
        map(_with_protocol, container.body.get("ExposedPorts") or {} if container.reachable else ())
    )
    for port, address, number in published(container):
        told[port] = [*(told.get(port) or []), {"HostIp": address, "HostPort": str(number)}]
    return told


# -- networks ---------------------------------------------------------------------------------------------------------


def endpoint(container: Container, network: Resource) -> Json:
    """The container's place on one of its networks; without addresses where it does not run."""
    lives = container.state in ("running", "paused")
    place = int(container.id[:4], 16)
    address = (
        f"{_subnet(network)}.{place // 256 % 256}.{place % 253 + 2}" if lives and network.driver == "bridge" else ""
    )
    asked = container.joined.get(network.name) or {}
    return {
        "IPAMConfig": asked.get("IPAMConfig"),
        "Links": asked.get("Links"),
        "Aliases": _aliases(container, network, asked.get("Aliases")),
        "NetworkID": container.network_ids.get(network.name, ""),
        "EndpointID": identity("endpoint", container.id, container.life, network.id) if lives else "",
        "Gateway": f"{_subnet(network)}.0.1" if address else "",
        "IPAddress": address,
        "IPPrefixLen": 16 if address else 0,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "MacAddress": "02:42:" + ":".join(f"{int(part):02x}" for part in address.split(".")) if address else "",
        "DriverOpts": asked.get("DriverOpts"),
    }


def _aliases(container: Container, network: Resource, asked: list[str] | None) -> list[str] | None:
    """A network of one's own knows a container by its short id too, from the moment that it is on it."""
    if network.name in BUILT_IN or network.name not in container.network_ids:
        return asked
    return list(dict.fromkeys((*(asked or ()), container.id[:12])))


def _subnet(network: Resource) -> str:
    """The first half of the addresses of a network; that of the engine's own is always the same."""
    return f"172.{17 if network.name in BUILT_IN else 18 + int(network.id[:2], 16) % 13}"


def addresses(network: Resource) -> list[Json]:
    """Where the network's addresses come from."""
    if network.driver != "bridge":
        return []
    gateway = {} if network.name in BUILT_IN else {"Gateway": f"{_subnet(network)}.0.1"}
    return [{"Subnet": f"{_subnet(network)}.0.0/16", **gateway}]


def _networks(core: Core, container: Container) -> Json:
    return {network.name: endpoint(container, network) for network in core.connections.networks_of(container)}


# -- the row of the list ----------------------------------------------------------------------------------------------


def row(core: Core, container: Container) -> Json:
    """The container as the list shows it."""
    return {
        "Id": container.id,
        "Names": [f"/{container.name}"],
        "Image": _image_name(core, container),
        "ImageID": container.image,
        "Command": shlex.join(argv_of(container, container.origin)),
        "Created": core.calendar.nanoseconds(container.created_at) // 10**9,
        "Ports": _port_rows(container),
        "Labels": dict(container.spec.labels),
        "State": container.state,
        "Status": status_text(core, container),
        "HostConfig": {"NetworkMode": _host_config(container)["NetworkMode"]},
        "NetworkSettings": {"Networks": _networks(core, container)},
        "Mounts": _mounts(container),
    }


def _image_name(core: Core, container: Container) -> str:
    """The name that it was asked for by, for as long as that names its image."""
    names = (container.spec.image, *tags_like(container.spec.image))
    same = any(name in core.images and core.images[name].id == container.image for name in names)
    return container.spec.image if same else container.image


def sizes(container: Container) -> Json:
    """What its own files weigh, and all of its files."""
    own = sum(len(file.content) for file in container.files.values())
    return {"SizeRw": own, "SizeRootFs": own + (container.origin.size if container.origin is not None else 0)}


def status_text(core: Core, container: Container) -> str:
    """The state as people read it in the list."""
    now = core.clock.now()
    up = f"Up {spoken(now - container.started_at)}"
    ended = f"({container.exit_code}) {spoken(now - (container.finished_at or now))} ago"
    match container.state:
        case "running":
            return up
        case "paused":
            return f"{up} (Paused)"
        case "restarting":
            return f"Restarting {ended}"
        case "exited":
            return f"Exited {ended}"
        case "removing":
            return "Removal In Progress"
    return container.state.capitalize()


_SPANS = ((60, 1, "second"), (3600, 60, "minute"), (48 * 3600, 3600, "hour"), (14 * 86400, 86400, "day"))


def spoken(seconds: float) -> str:
    """A duration as the engine words it."""
    if seconds < 1:
        return "Less than a second"
    for limit, unit, word in _SPANS:
        if seconds < limit:
            count = int(seconds // unit)
            if count == 1:
                return {"second": "1 second", "minute": "About a minute", "hour": "About an hour"}[word]
            return f"{count} {word}s"
    return f"{int(seconds // (7 * 86400))} weeks"


# -- what inspect tells -----------------------------------------------------------------------------------------------


def detail(core: Core, container: Container) -> Json:
    """The container as inspect tells it."""
    path, *arguments = argv_of(container, container.origin) or ("",)
    folder = f"{_ROOT}/containers/{container.id}" if container.life else ""
    return {
        "Id": container.id,
        "Created": when(core, container.created_at),
        "Path": path,
        "Args": arguments,
        "State": _state(core, container),
        "Image": container.image,
        "ResolvConfPath": folder and f"{folder}/resolv.conf",
        "HostnamePath": folder and f"{folder}/hostname",
        "HostsPath": folder and f"{folder}/hosts",
        "LogPath": folder and f"{folder}/{container.id}-json.log",
        "Name": f"/{container.name}",
        "RestartCount": container.restart_count,
        "Driver": "overlay2",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": None,
        "HostConfig": _host_config(container),
        "GraphDriver": {"Data": {"MergedDir": f"{_ROOT}/overlay2/{container.id}/merged"}, "Name": "overlay2"},
        "Mounts": _mounts(container),
        "Config": _config(container),
        "NetworkSettings": _network_settings(core, container),
    }


def _state(core: Core, container: Container) -> Json:
    state = container.state
    lives = state in ("running", "paused")
    return {
        "Status": state,
        "Running": container.alive,
        "Paused": state == "paused",
        "Restarting": state == "restarting",
        "OOMKilled": container.oom,
        "Dead": state == "dead",
        "Pid": pid(container) if lives else 0,
        "ExitCode": container.exit_code,
        "Error": container.error,
        "StartedAt": when(core, container.started_at) if container.life else NEVER,
        "FinishedAt": when(core, container.finished_at),
    }


def pid(container: Container) -> int:
    """The id of its process, which does not exist."""
    return _FIRST_PID + int(identity(container.id, container.life)[:6], 16) % _PIDS


def _host_config(container: Container) -> Json:
    if container.body:
        given = container.body.get("HostConfig") or {}
        asked = {
            _with_protocol(port): [
                {"HostIp": place.get("HostIp") or "", "HostPort": place.get("HostPort") or ""} for place in places or ()
            ]
            for port, places in (given.get("PortBindings") or {}).items()
        }
        ports = asked or given.get("PortBindings")
        policy = {**HOST_CONFIG["RestartPolicy"], **(given.get("RestartPolicy") or {})}
        return {**_completed(given), "PortBindings": ports, "RestartPolicy": policy}
    name, _, most = container.spec.restart_policy.partition(":")
    ports = {f"{port}/tcp": [{"HostIp": "", "HostPort": str(port)}] for port in container.spec.ports}
    return {**HOST_CONFIG, "PortBindings": ports, "RestartPolicy": {"Name": name, "MaximumRetryCount": int(most or 0)}}


def _completed(given: Mapping[str, Any]) -> Json:
    """What a client left out, or left empty where the engine has something better, as the engine fills it in."""
    filled = {**HOST_CONFIG, **given}
    better = {key: value for key, value in HOST_CONFIG.items() if value and not filled[key]}
    log = given.get("LogConfig") or {}
    return {
        **filled,
        **better,
        "LogConfig": {"Type": log.get("Type") or "json-file", "Config": log.get("Config") or {}},
        "MemorySwappiness": None if filled["MemorySwappiness"] == -1 else filled["MemorySwappiness"],
        "PidsLimit": filled["PidsLimit"] or None,
    }


def _config(container: Container) -> Json:
    """What it runs, with what its image gives where the client gave nothing."""
    base = container.origin.config if container.origin is not None else {}
    given = {key: value for key, value in container.body.items() if key not in ("HostConfig", "NetworkingConfig")}
    config = {**CONFIG, "Hostname": container.id[:12], **{key: value for key, value in given.items() if value != ""}}
    config["Image"], config["Labels"] = container.spec.image, dict(container.spec.labels)
    own_program = bool(config["Entrypoint"])
    for key, value in base.items():
        if key != "Labels" and not config.get(key) and not (key == "Cmd" and own_program):
            config[key] = value
    config["Env"] = _environment(given.get("Env") or [], base.get("Env") or []) or config["Env"]
    config["Volumes"] = config["Volumes"] or None
    return config


def _environment(own: list[str], base: list[str]) -> list[str]:
    named = {one.partition("=")[0] for one in own}
    return [*own, *(one for one in base if one.partition("=")[0] not in named)]


def _network_settings(core: Core, container: Container) -> Json:
    networks = _networks(core, container)
    place = networks.get("bridge") or {}
    sandbox = (
        identity("sandbox", container.id, core.calendar.nanoseconds(container.started_at)) if container.life else ""
    )
    return {
        "Bridge": "",
        "SandboxID": sandbox,
        "HairpinMode": False,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "Ports": _port_map(container),
        "SandboxKey": f"/var/run/docker/netns/{'default' if 'host' in networks else sandbox[:12]}" if sandbox else "",
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        **{key: place.get(key, "") for key in ("EndpointID", "Gateway", "GlobalIPv6Address", "IPAddress")},
        **{key: place.get(key, "") for key in ("IPv6Gateway", "MacAddress")},
        **{key: place.get(key, 0) for key in ("GlobalIPv6PrefixLen", "IPPrefixLen")},
        "Networks": networks,
    }


def _mounts(container: Container) -> list[Json]:
    places = container.mounted or tuple(map(_mount_point, container.spec.mounts))
    return [
        {
            "Type": mount.kind,
            **({"Name": mount.source, "Driver": "local"} if mount.kind == "volume" else {}),
            "Source": f"{_ROOT}/volumes/{mount.source}/_data" if mount.kind == "volume" else mount.source,
            "Destination": mount.target,
            "Mode": mount.mode,
            "RW": not mount.read_only,
            "Propagation": "rprivate" if mount.kind == "bind" else "",
        }
        for mount in places
    ]


def _mount_point(mount: Mount) -> MountPoint:
    kind = "bind" if mount.source.startswith("/") else "volume"
    return MountPoint(kind, mount.source, mount.target, "ro" if mount.read_only else "", mount.read_only)
