"""What is to be mounted in a container, by the three ways in which a client may say so."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from churn.system.engines.emulated.container import MountPoint
from churn.system.engines.emulated.contents import NEVER_WRITTEN
from churn.system.engines.emulated.core import Core
from churn.system.refusals import refusal

_VOLUME_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_MODES = frozenset(("ro", "rw", "z", "Z", "nocopy", "rprivate", "private", "rshared", "shared", "rslave", "slave"))
_COPIED = "z"
"""How the engine notes that a new volume gets what the image has at its place."""
_KINDS = ("bind", "volume", "tmpfs")


def mount_points(core: Core, body: Mapping[str, Any]) -> tuple[MountPoint, ...]:
    """Where what is mounted; volumes without a name get one. Raises `BadParameter` and `ServerError`."""
    host = body.get("HostConfig") or {}
    found: dict[str, MountPoint] = {}
    binds = (_bound(core, str(bind)) for bind in host.get("Binds") or ())
    for one in (*binds, *(_asked(core, mount) for mount in host.get("Mounts") or ())):
        if one.target in found:
            raise refusal(400, f"Duplicate mount point: {one.target}")
        found[one.target] = one
    for target in body.get("Volumes") or ():
        found.setdefault(target, MountPoint(kind="volume", source=core.identities.new(), target=target, nameless=True))
    return tuple(found.values())


def check_volume(name: str) -> None:
    """Raises `BadParameter` where a volume cannot be called so."""
    if len(name) == 1:
        short = "volume name is too short, names should be at least two alphanumeric characters"
        raise refusal(400, f"create {name}: {short}")
    if not _VOLUME_NAME.fullmatch(name):
        allowed = _VOLUME_NAME.pattern[:-1]
        raise refusal(
            400,
            f'create {name}: "{name}" includes invalid characters for a local volume name, only "{allowed}" are allowed. '
            "If you intended to pass a host directory, use absolute path",
        )


def _bound(core: Core, text: str) -> MountPoint:
    """One of ``Binds``: what, where and how, with colons between; one without a colon says only where."""
    source, colon, rest = text.partition(":")
    target, _, mode = (rest or source).partition(":")
    kind = "bind" if source.startswith("/") and colon else "volume"
    if problem := _misplaced(target):
        raise refusal(
            500, f"invalid volume specification: '{text}': invalid mount config for type \"{kind}\": {problem}"
        )
    if not colon:
        return MountPoint(kind="volume", source=core.identities.new(), target=target, mode=_COPIED, nameless=True)
    words = [word for word in mode.split(",") if word]
    if any(word not in _MODES for word in words):
        raise refusal(500, f"invalid mode: {mode}")
    if kind == "volume":
        check_volume(source)
    return MountPoint(
        kind=kind,
        source=source,
        target=target,
        mode=mode or (_COPIED if kind == "volume" else ""),
        read_only="ro" in words,
    )


def _asked(core: Core, mount: Mapping[str, Any]) -> MountPoint:
    """One of ``Mounts``."""
    kind, source, target = (str(mount.get(key) or "") for key in ("Type", "Source", "Target"))
    problem = "field Target must not be empty" if not target else "" if kind in _KINDS else "mount type unknown"
    problem = problem or _misplaced(target)
    if kind == "bind" and not source.startswith("/"):
        problem = problem or f"invalid mount path: '{source}' mount path must be absolute"
    nameless, read_only = kind == "volume" and not source, bool(mount.get("ReadOnly"))
    if nameless and read_only:
        problem = problem or NEVER_WRITTEN
    if problem:
        raise refusal(400, f'invalid mount config for type "{kind}": {problem}')
    if kind == "volume" and source:
        check_volume(source)
    mode = _COPIED if kind == "volume" else ""
    return MountPoint(
        kind=kind,
        source=core.identities.new() if nameless else source,
        target=target,
        mode=mode,
        read_only=read_only,
        nameless=nameless,
    )


def _misplaced(target: str) -> str:
    if not target.startswith("/"):
        return f"invalid mount path: '{target}' mount path must be absolute"
    return "invalid specification: destination can't be '/'" if PurePosixPath(target) == PurePosixPath("/") else ""
