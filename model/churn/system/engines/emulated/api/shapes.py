"""Containers as the API tells them: the row of the list, and what inspect tells."""

import shlex
from collections.abc import Mapping
from typing import Any

from churn.system.engines.emulated.api.bindings import port_map, port_rows, with_protocol
from churn.system.engines.emulated.api.dates import NEVER, spoken, when
from churn.system.engines.emulated.api.defaults import CONFIG, HOST_CONFIG
from churn.system.engines.emulated.api.endpoints import endpoints
from churn.system.engines.emulated.api.message import Json
from churn.system.engines.emulated.container import EmulatedContainer, places_of
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.identity import identity
from churn.system.engines.emulated.program import argv_of
from churn.system.engines.emulated.spellings import tags_like

_ROOT = "/var/lib/docker"
_FIRST_PID, _PIDS = 300, 2**15


# -- the row of the list ----------------------------------------------------------------------------------------------


def row(core: Core, container: EmulatedContainer) -> Json:
    """The container as the list shows it."""
    return {
        "Id": container.id,
        "Names": [f"/{container.name}"],
        "Image": _image_name(core, container),
        "ImageID": container.image,
        "Command": shlex.join(argv_of(container, container.origin)),
        "Created": core.calendar.nanoseconds(container.created_at) // 10**9,
        "Ports": port_rows(container),
        "Labels": dict(container.spec.labels),
        "State": container.state,
        "Status": status_text(core, container),
        "HostConfig": {"NetworkMode": _host_config(container)["NetworkMode"]},
        "NetworkSettings": {"Networks": endpoints(core, container)},
        "Mounts": _mounts(container),
    }


def _image_name(core: Core, container: EmulatedContainer) -> str:
    """The name that it was asked for by, for as long as that names its image."""
    names = (container.spec.image, *tags_like(container.spec.image))
    same = any(name in core.images and core.images[name].id == container.image for name in names)
    return container.spec.image if same else container.image


def sizes(container: EmulatedContainer) -> Json:
    """What its own files weigh, and all of its files."""
    own = sum(len(file.content) for file in container.files.values())
    return {"SizeRw": own, "SizeRootFs": own + (container.origin.size if container.origin is not None else 0)}


def status_text(core: Core, container: EmulatedContainer) -> str:
    """The state as people read it in the list."""
    now, calendar = core.clock.now(), core.calendar
    up = f"Up {spoken(calendar.seconds(now) - calendar.seconds(container.started_at))}"
    since = calendar.seconds(now) - calendar.seconds(container.finished_at or now)
    ended = f"({container.exit_code}) {spoken(since)} ago"
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


# -- what inspect tells -----------------------------------------------------------------------------------------------


def detail(core: Core, container: EmulatedContainer) -> Json:
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


def _state(core: Core, container: EmulatedContainer) -> Json:
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


def pid(container: EmulatedContainer) -> int:
    """The id of its process, which does not exist."""
    return _FIRST_PID + int(identity(container.id, container.life)[:6], 16) % _PIDS


def _host_config(container: EmulatedContainer) -> Json:
    if container.body:
        given = container.body.get("HostConfig") or {}
        asked = {
            with_protocol(port): [
                {"HostIp": place.get("HostIp") or "", "HostPort": place.get("HostPort") or ""} for place in places or ()
            ]
            for port, places in (given.get("PortBindings") or {}).items()
        }
        ports = asked or given.get("PortBindings")
        policy = {**HOST_CONFIG["RestartPolicy"], **(given.get("RestartPolicy") or {})}
        return {**_completed(given), "PortBindings": ports, "RestartPolicy": policy}
    name, _, most = container.spec.restart_policy.partition(":")
    ports = {f"{port}/tcp": [{"HostIp": "", "HostPort": str(port)}] for port in container.spec.ports}
    policy = {"Name": name, "MaximumRetryCount": int(most or 0)}
    return {**HOST_CONFIG, "PortBindings": ports, "RestartPolicy": policy, "Memory": container.spec.memory}


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


def _config(container: EmulatedContainer) -> Json:
    """What it runs, with what its image gives where the client gave nothing."""
    base = container.origin.config if container.origin is not None else {}
    given = {key: value for key, value in container.body.items() if key not in ("HostConfig", "NetworkingConfig")}
    config = {**CONFIG, "Hostname": container.id[:12], **{key: value for key, value in given.items() if value != ""}}
    config["Image"], config["Labels"] = container.spec.image, dict(container.spec.labels)
    own_program = bool(config["Entrypoint"])
    for key, value in base.items():
        if key != "Labels" and not config.get(key) and not (key == "Cmd" and own_program):
            config[key] = value
    own = given.get("Env") or [f"{name}={value}" for name, value in container.spec.environment.items()]
    config["Env"] = _environment(own, base.get("Env") or []) or config["Env"]
    config["Volumes"] = config["Volumes"] or None
    return config


def _environment(own: list[str], base: list[str]) -> list[str]:
    named = {one.partition("=")[0] for one in own}
    return [*own, *(one for one in base if one.partition("=")[0] not in named)]


def _network_settings(core: Core, container: EmulatedContainer) -> Json:
    networks = endpoints(core, container)
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
        "Ports": port_map(container),
        "SandboxKey": f"/var/run/docker/netns/{'default' if 'host' in networks else sandbox[:12]}" if sandbox else "",
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        **{key: place.get(key, "") for key in ("EndpointID", "Gateway", "GlobalIPv6Address", "IPAddress")},
        **{key: place.get(key, "") for key in ("IPv6Gateway", "MacAddress")},
        **{key: place.get(key, 0) for key in ("GlobalIPv6PrefixLen", "IPPrefixLen")},
        "Networks": networks,
    }


def _mounts(container: EmulatedContainer) -> list[Json]:
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
        for mount in places_of(container)
    ]
