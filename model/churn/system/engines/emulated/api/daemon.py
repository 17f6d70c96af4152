"""The calls on the engine itself: ping, version, info, events."""

import json
from functools import partial
from typing import Any

from churn.system.engines.emulated.api import image_tags, images, volumes
from churn.system.engines.emulated.api.dates import NEVER, asked_moment, when
from churn.system.engines.emulated.api.filters import Filters, filters_of, labelled, one_of
from churn.system.engines.emulated.api.message import JSON, TEXT, Json, Reply, Request, Stream, told
from churn.system.engines.emulated.api.shapes import row, sizes
from churn.system.engines.emulated.calls import Until
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.identity import identity
from churn.system.engines.emulated.journal import EventLog

VERSION, API_VERSION, OLDEST = "20.10.24", "1.41", "1.24"
_NETWORKS = ["bridge", "host", "ipvlan", "macvlan", "null", "overlay"]
_LOGS = [
    "awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file", "local", "logentries", "splunk", "syslog",
]  # fmt: skip
_RUNTIMES = ("io.containerd.runc.v2", "io.containerd.runtime.v1.linux", "runc")


def ping(core: Core, request: Request) -> Reply:
    """GET and HEAD /_ping."""
    core.advance()
    headers = {
        "Api-Version": API_VERSION,
        "Cache-Control": "no-cache, no-store, must-revalidate",
        "Docker-Experimental": "false",
        "Ostype": "linux",
        "Pragma": "no-cache",
    }
    return Reply(body=b"" if request.method == "HEAD" else b"OK", kind=TEXT, headers=headers)


def version(core: Core, request: Request) -> Reply:
    """GET /version."""
    core.advance()
    details = {
        "ApiVersion": API_VERSION,
        "Arch": "amd64",
        "BuildTime": NEVER,
        "Experimental": "false",
        "GitCommit": "emulated",
        "GoVersion": "",
        "KernelVersion": "",
        "MinAPIVersion": OLDEST,
        "Os": "linux",
    }
    return told(
        {
            "Platform": {"Name": "churn, an emulated engine"},
            "Components": [{"Name": "Engine", "Version": VERSION, "Details": details}],
            "Version": VERSION,
            **{key: value for key, value in details.items() if key != "Experimental"},
        }
    )


def info(core: Core, request: Request) -> Reply:
    """GET /info."""
    core.advance()
    states = [one.state for one in core.containers.values()]
    running, paused = states.count("running") + states.count("restarting"), states.count("paused")
    digits = identity("engine", core.identities.seed).upper()
    gpu = {"nvidia": {"path": "nvidia"}} if core.runner.gpu else {}
    return told(
        {
            "ID": ":".join(digits[place : place + 4] for place in range(0, 48, 4)),
            "Containers": len(states),
            "ContainersRunning": running,
            "ContainersPaused": paused,
            "ContainersStopped": len(states) - running - paused,
            "Images": len({image.id for image in core.images.values()}),
            "SystemTime": when(core, core.clock.now()),
            "Runtimes": {name: {"path": "runc"} for name in _RUNTIMES} | gpu,
            **_SAME_FOR_ALL,
        }
    )


def usage(core: Core, request: Request) -> Reply:
    """GET /system/df."""
    core.advance()
    containers = list(core.containers.values())
    return told(
        {
            "LayersSize": sum(image.size for image in image_tags.distinct(core)),
            "Images": [
                {
                    **images.row(image, image_tags.tags_of(core, image)),
                    "SharedSize": 0,
                    "Containers": sum(one.image == image.id for one in containers),
                }
                for image in image_tags.distinct(core)
            ],
            "Containers": [{**row(core, one), **sizes(one)} for one in containers],
            "Volumes": [
                {**volumes.described(core, one), "UsageData": {"RefCount": len(users), "Size": 0}}
                for one, users in ((one, volumes.users(core, one)) for one in core.resources.volumes.values())
            ],
            "BuildCache": None,
            "BuilderSize": 0,
        }
    )


def prune_builds(core: Core, request: Request) -> Reply:
    """POST /build/prune: nothing is built here."""
    core.advance()
    return told({"CachesDeleted": None, "SpaceReclaimed": 0})


def events(core: Core, request: Request) -> Reply:
    """GET /events: what is remembered since ``since``, and what comes until ``until``, or without end."""
    core.advance()
    log = core.journal.log
    if log is None:
        return Reply(kind=JSON)
    span = asked_moment(request.value("since")), asked_moment(request.value("until"))
    return Reply(kind=JSON, stream=_told_events(core, log, span, filters_of(request)))


def _told_events(core: Core, log: EventLog, span: tuple[int | None, int | None], filters: Filters) -> Stream:
    since, until = span
    read = log.count
    past = log.since(0) if since is not None else []
    for event in past:
        within = event["timeNano"] >= (since or 0) and (until is None or event["timeNano"] <= until)
        if within and _fits(event, filters):
            yield _line(event)
    yield b""  # the head goes out
    while (left := _left(core, until)) is None or left > 0:
        if not (yield Until(partial(log.has_more, read), left)) and left is None:
            return
        for event in log.since(read):
            if _fits(event, filters):
                yield _line(event)
        read = log.count


def _left(core: Core, until: int | None) -> float | None:
    """Seconds of the core's clock until that moment; None where there is no end."""
    return None if until is None else core.calendar.moment(until / 10**9) - core.clock.now()


def _line(event: Json) -> bytes:
    return json.dumps(event).encode() + b"\n"


def _fits(event: Json, filters: Filters) -> bool:
    actor = event["Actor"]
    attributes = actor["Attributes"]
    image = actor["ID"] if event["Type"] == "image" else attributes.get("image", "")

    def called(value: str) -> bool:
        return any(name.startswith(value) for name in (actor["ID"], attributes.get("name", "")))

    return (
        one_of(filters, "type", event["Type"].__eq__)
        and one_of(filters, "event", event["Action"].__eq__)
        and one_of(filters, "scope", event["scope"].__eq__)
        and one_of(
            filters, "image", lambda value: value in (image, image.rpartition(":")[0], attributes.get("name", ""))
        )
        and all(one_of(filters, kind, called) for kind in ("container", "network", "volume"))  # of whatever kind it is
        and labelled(attributes, filters)
    )


_SAME_FOR_ALL: dict[str, Any] = {
    "Driver": "overlay2",
    "DriverStatus": [["Backing Filesystem", "emulated"]],
    "Plugins": {"Volume": ["local"], "Network": _NETWORKS, "Authorization": None, "Log": _LOGS},
    **dict.fromkeys(("MemoryLimit", "SwapLimit", "CpuCfsPeriod", "CpuCfsQuota", "CPUShares", "CPUSet"), True),
    **dict.fromkeys(("PidsLimit", "IPv4Forwarding", "BridgeNfIptables", "BridgeNfIp6tables"), True),
    "OomKillDisable": True,
    "Debug": False,
    "NFd": 0,
    "NGoroutines": 0,
    "LoggingDriver": "json-file",
    "CgroupDriver": "cgroupfs",
    "CgroupVersion": "1",
    "NEventsListener": 0,
    "KernelVersion": "",
    "OperatingSystem": "churn, an emulated engine",
    "OSVersion": "",
    "OSType": "linux",
    "Architecture": "x86_64",
    "IndexServerAddress": "",
    "RegistryConfig": None,
    "NCPU": 2,
    "MemTotal": 2**33,
    "GenericResources": None,
    "DockerRootDir": "/var/lib/docker",
    **dict.fromkeys(("HttpProxy", "HttpsProxy", "NoProxy", "Isolation", "InitBinary"), ""),
    "Name": "emulated",
    "Labels": [],
    "ExperimentalBuild": False,
    "ServerVersion": VERSION,
    "DefaultRuntime": "runc",
    "Swarm": {
        "NodeID": "",
        "NodeAddr": "",
        "LocalNodeState": "inactive",
        "ControlAvailable": False,
        "Error": "",
    },
    "LiveRestoreEnabled": False,
    **{key: {"ID": "", "Expected": ""} for key in ("ContainerdCommit", "RuncCommit", "InitCommit")},
    "SecurityOptions": ["name=seccomp,profile=default"],
    "Warnings": None,
}
"""What every emulated engine tells of itself."""
