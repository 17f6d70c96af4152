"""Forms of containers, from what an engine tells of one, in the words of its API."""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from churn.lifecycle.form import Form
from churn.lifecycle.observation import is_nameless
from churn.system.protocols import MountedVolume

LIMITS = (
    "Memory", "MemorySwap", "MemoryReservation", "NanoCpus", "CpuQuota", "CpuPeriod", "CpuShares", "CpusetCpus", "PidsLimit",
    "ShmSize", "Ulimits", "DeviceRequests",
)  # fmt: skip
"""What a container may use, by the keys of `HostConfig`."""
NAMELESS = "a volume of its own"
"""What is mounted where nobody gave the volume a name: its name is another one for each container."""


def form_of(
    image: str,
    argv: Sequence[str],
    environment: Iterable[str],
    labels: Mapping[str, str],
    mounts: Iterable[Mapping[str, Any]],
    host: Mapping[str, Any],
) -> Form:
    """The form. `environment` are words ``NAME=value``, `mounts` and `host` the `Mounts` and the `HostConfig` of inspect."""
    variables = (one.partition("=") for one in environment)
    return {
        "image": image,
        "command": shlex.join(argv),
        **{f"env {name}": value for name, _, value in variables},
        **{f"label {name}": value for name, value in labels.items()},
        **{f"mount {mount['Destination']}": _mounted(mount) for mount in mounts},
        **{f"limit {key}": json.dumps(host[key]) for key in LIMITS if host.get(key)},
    }


def _mounted(mount: Mapping[str, Any]) -> str:
    how = "" if mount["RW"] else ", read-only"
    if mount["Type"] != "volume":
        return f"{mount['Type']} {mount['Source']}{how}"
    name = mount["Name"]
    return f"{NAMELESS if is_nameless(name) else f'volume {name}'}{how}"


def volumes_of(mounts: Iterable[Mapping[str, Any]]) -> Iterator[MountedVolume]:
    """The volumes among the `Mounts` of inspect."""
    for mount in mounts:
        if mount["Type"] == "volume":
            name = mount["Name"]
            yield MountedVolume(name, mount["Destination"], is_nameless(name), not mount["RW"])
