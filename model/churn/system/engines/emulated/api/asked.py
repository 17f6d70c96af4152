"""What a request to create a container asks for: its body, checked and turned into a `Spec`."""

from collections.abc import Iterator, Mapping
from typing import Any

from churn.system.engines.emulated.api.message import Json
from churn.system.engines.emulated.api.shapes import bindings
from churn.system.engines.emulated.container import Container
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.things import Image
from churn.system.engines.refusals import refusal
from churn.system.protocols import Mount, Spec

_POLICIES = ("", "no", "always", "unless-stopped", "on-failure")
_RUNTIMES = ("", "runc", "io.containerd.runc.v2", "io.containerd.runtime.v1.linux")
_HIGHEST_PORT = 65535


def spec_of(core: Core, body: Json, name: str) -> Spec:
    """What the container is to be. Raises `BadParameter`, `NoSuchImage`, `NotFound`."""
    if not body:
        raise refusal(400, "Config cannot be empty in order to create a container")
    host = body.get("HostConfig") or {}
    policy = _policy(host)
    if (runtime := host.get("Runtime") or "") not in _RUNTIMES:
        raise refusal(400, f"Unknown runtime specified {runtime}")
    ports = tuple(_fixed_ports(body))
    image = core.find_image(str(body.get("Image") or ""))
    _check_command(body, image)
    return Spec(
        str(body["Image"]),
        name,
        labels={**image.labels, **(body.get("Labels") or {})},
        ports=ports,
        mounts=tuple(_mounts(host)),
        restart_policy=policy,
        gpu=gpu_driver(body) is not None,
    )


def left_to_engine(body: Json) -> int:
    """How many host ports the engine is to choose."""
    return sum(host in ("", "0") for _, _, host in bindings(Container("", Spec("", ""), "", body=body)))


def gpu_driver(body: Mapping[str, Any]) -> str | None:
    """The driver of the GPUs that it asks for (empty: any); None where it asks for none."""
    for device in (body.get("HostConfig") or {}).get("DeviceRequests") or ():
        wanted = [word for group in device.get("Capabilities") or () for word in group]
        if "gpu" in wanted or device.get("Driver"):
            return str(device.get("Driver") or "")
    return None


def _check_command(body: Json, image: Image) -> None:
    given = body.get("Cmd") or body.get("Entrypoint") or image.entrypoint or image.command
    if not given and image.files:
        raise refusal(400, "No command specified")


def _policy(host: Mapping[str, Any]) -> str:
    asked = host.get("RestartPolicy") or {}
    name, most = str(asked.get("Name") or ""), int(asked.get("MaximumRetryCount") or 0)
    if name not in _POLICIES:
        raise refusal(400, f"invalid restart policy '{name}'")
    if most and name != "on-failure":
        raise refusal(400, f"maximum retry count cannot be used with restart policy '{name or 'no'}'")
    if host.get("AutoRemove") and name not in ("", "no"):
        raise refusal(400, "can't create 'AutoRemove' container with restart policy")
    return f"{name}:{most}" if most else name or "no"


def _fixed_ports(body: Json) -> Iterator[int]:
    """The TCP ports of the host that it names."""
    for port, _, host in bindings(Container("", Spec("", ""), "", body=body)):
        if host in ("", "0"):
            continue
        if not host.isdecimal() or int(host) > _HIGHEST_PORT:
            raise refusal(400, f'invalid port specification: "{host}"')
        if port.endswith("/tcp"):
            yield int(host)


def _mounts(host: Mapping[str, Any]) -> Iterator[Mount]:
    for bind in host.get("Binds") or ():
        source, _, rest = str(bind).partition(":")
        target, _, mode = rest.partition(":")
        yield Mount(source, target, read_only="ro" in mode.split(","))
    for mount in host.get("Mounts") or ():
        yield Mount(str(mount.get("Source") or ""), str(mount.get("Target")), read_only=bool(mount.get("ReadOnly")))
