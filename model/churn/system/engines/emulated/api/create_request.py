"""What a request to create a container asks for: its body, checked and turned into a `Spec`."""

from collections.abc import Iterator, Mapping
from typing import Any

from churn.system.engines.emulated.api.bindings import bindings
from churn.system.engines.emulated.api.bodies import CREATE
from churn.system.engines.emulated.api.checks import check
from churn.system.engines.emulated.api.message import Json, Request
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.images import Image
from churn.system.engines.emulated.program import gpus_of
from churn.system.protocols import Spec
from churn.system.refusals import refusal

_POLICIES = ("", "no", "always", "unless-stopped", "on-failure")


def read(core: Core, request: Request) -> Json:
    """The request's body, and what its image adds to it: ports that are exposed, and places for volumes.

    Raises the refusal of what the engine would refuse in it, `NoSuchImage` and `NotFound`.
    """
    body = request.json(CREATE)
    if not body:
        raise refusal(400, "Config cannot be empty in order to create a container")
    check(body)
    image = core.find_image(str(body.get("Image") or ""))
    more = {key: {**(image.config.get(key) or {}), **(body.get(key) or {})} for key in ("ExposedPorts", "Volumes")}
    return {**body, **{key: value for key, value in more.items() if value}}


def spec_of(core: Core, body: Json, name: str) -> Spec:
    """What the container is to be, apart from its mounts."""
    host = body.get("HostConfig") or {}
    policy = policy_of(host)
    ports = tuple(_fixed_ports(body))
    image = core.find_image(str(body.get("Image") or ""))
    _check_command(body, image)
    return Spec(
        image=str(body["Image"]),
        name=name,
        labels={**image.labels, **(body.get("Labels") or {})},
        ports=ports,
        restart_policy=policy,
        gpu=gpus_of(body) is not None,
    )


def networks_of(body: Json) -> Mapping[str, Mapping[str, Any]]:
    """The networks that it is to be on, with what was asked for of its place there. Raises `BadParameter`."""
    asked = dict((body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {})
    if len(asked) > 1:
        raise refusal(400, f"Container cannot be connected to network endpoints: {', '.join(asked)}")
    mode = (body.get("HostConfig") or {}).get("NetworkMode") or "default"
    if mode == "default":
        name = next((name for name in asked if name != mode), "bridge")
        return {name: asked.get(name) or asked.get(mode) or {}}
    return {mode: asked.get(mode) or {}}


def left_to_engine(body: Json) -> int:
    """How many host ports the engine is to choose."""
    return sum(
        host in ("", "0")
        for _, _, host in bindings(EmulatedContainer(id="", spec=Spec(image="", name=""), name="", body=body))
    )


def _check_command(body: Json, image: Image) -> None:
    own = body.get("Entrypoint")
    command = body.get("Cmd") or (image.command if not own else ())
    program = image.entrypoint if own is None else own
    if not (command or program) and image.files:
        raise refusal(400, "No command specified")


def policy_of(host: Mapping[str, Any]) -> str:
    """The restart policy, in one word with the number of its attempts. Raises `BadParameter`."""
    asked = host.get("RestartPolicy") or {}
    name, most = str(asked.get("Name") or ""), int(asked.get("MaximumRetryCount") or 0)
    if name not in _POLICIES:
        raise refusal(400, f"invalid restart policy '{name}'")
    if most < 0:
        raise refusal(400, "maximum retry count cannot be negative")
    if most and name != "on-failure":
        raise refusal(400, f"maximum retry count cannot be used with restart policy '{name or 'no'}'")
    if host.get("AutoRemove") and name not in ("", "no"):
        raise refusal(400, "can't create 'AutoRemove' container with restart policy")
    return f"{name}:{most}" if most else name or "no"


def _fixed_ports(body: Json) -> Iterator[int]:
    """The TCP ports of the host that it names."""
    for port, _, host in bindings(EmulatedContainer(id="", spec=Spec(image="", name=""), name="", body=body)):
        if host not in ("", "0") and port.endswith("/tcp"):
            yield int(host)
