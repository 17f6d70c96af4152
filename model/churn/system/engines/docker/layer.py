"""What an engine itself puts into a container's layer: mount targets, its init, files that it writes for each container."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

_DELETED = 2
"""The kind of change that an engine never makes by itself."""
_ENGINES_OWN = (
    "/sbin/docker-init", "/dev/init", "/run/podman-init", "/dev/console",
    "/.dockerenv", "/run/.containerenv", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/mtab", "/run/secrets",
)  # fmt: skip
"""Its init and its files, as Docker and Podman of any version place them."""

_OF_GPUS = re.compile(
    r"/(etc/ld\.so\.cache|.*(nvidia|/lib(cuda|cudadebugger|nvcuvid|nvoptix|vdpau|GL|EGL)[^/]*\.so).*)", re.IGNORECASE
)
"""What NVIDIA's hook brings into a container that has asked for a GPU: drivers and their tools, and the linker's cache."""

Told = Mapping[str, Any]


def own_changes(changed: Iterable[Told], container: Told) -> tuple[str, ...]:
    """The changed paths, without those that the engine makes for a container like this, and the folders on the way there.

    `changed` is what the engine tells of its layer, `container` what it tells of the container.
    """
    changed = tuple(changed)
    brought = (one["Path"] for one in changed if _has_gpus(container) and _OF_GPUS.fullmatch(one["Path"]))
    made = set(_with_parents((*_ENGINES_OWN, *_targets(container), *brought)))
    return tuple(sorted(one["Path"] for one in changed if one["Kind"] == _DELETED or one["Path"] not in made))


def _targets(container: Told) -> Iterator[str]:
    """Where something is mounted, and the folder that its server runs in: they are made where the image lacks them."""
    host, config = container.get("HostConfig") or {}, container.get("Config") or {}
    for mount in container.get("Mounts") or ():
        yield mount["Destination"]
    yield from host.get("Tmpfs") or ()
    yield from config.get("Volumes") or ()
    yield config.get("WorkingDir") or "/"


def _has_gpus(container: Told) -> bool:
    host = container.get("HostConfig") or {}
    return bool(host.get("DeviceRequests")) or host.get("Runtime") == "nvidia"


def _with_parents(paths: Iterable[str]) -> Iterator[str]:
    for path in map(PurePosixPath, paths):
        yield str(path)
        yield from map(str, path.parents)
