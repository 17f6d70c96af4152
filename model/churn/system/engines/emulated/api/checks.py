"""What the engine refuses of a container that it is asked to create, whose request it could read."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from churn.system.engines.emulated.api.bindings import number_of, split
from churn.system.engines.emulated.api.message import Json
from churn.system.refusals import refusal

_RUNTIMES = ("", "runc", "io.containerd.runc.v2", "io.containerd.runtime.v1.linux")
_PROTOCOLS = ("tcp", "udp", "sctp")
_SIGNALS = (
    "ABRT", "ALRM", "BUS", "CHLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "KILL", "PIPE", "PROF", "PWR", "QUIT",
    "SEGV", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU",
    "XFSZ",
)  # fmt: skip
_HIGHEST_SIGNAL = 64
_LEAST_MEMORY = 6 * 2**20


def check(body: Json) -> None:
    """Raises what the engine says of it."""
    host = body.get("HostConfig") or {}
    check_resources(host)
    _check_config(body)
    if (host.get("ShmSize") or 0) < 0:
        raise refusal(400, "SHM size can not be less than 0")
    if (runtime := host.get("Runtime") or "") not in _RUNTIMES:
        raise refusal(400, f"Unknown runtime specified {runtime}")
    if host.get("NetworkMode") == "container:":
        raise refusal(400, "Invalid network mode: invalid container format container:<name|id>")
    for port, places in (host.get("PortBindings") or {}).items():
        _check_binding(port, places or ())
    _check_published(body, host)
    for name, endpoint in ((body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}).items():
        _check_endpoint(name, endpoint)


def _check_config(body: Json) -> None:
    for variable in body.get("Env") or ():
        if variable.startswith("=") or not variable:
            raise refusal(400, f"invalid environment variable: {variable}")
    if (place := body.get("WorkingDir") or "/")[0] != "/":
        raise refusal(400, f"the working directory '{place}' is invalid, it needs to be an absolute path")
    signal_of(body.get("StopSignal") or "TERM")


def check_resources(host: Mapping[str, Any]) -> None:
    """Raises what the engine says of resources that it cannot give."""
    if host.get("Memory") and host["Memory"] < _LEAST_MEMORY:
        raise refusal(400, "Minimum memory limit allowed is 6MB")


def signal_of(text: str) -> str:
    """A signal by its name without ``SIG``, or its number. Raises `BadParameter`."""
    signal = text.upper().removeprefix("SIG")
    if signal not in _SIGNALS and not 0 < (number_of(signal) or 0) <= _HIGHEST_SIGNAL:
        raise refusal(400, f"Invalid signal: {text}")
    return signal


def _check_binding(port: str, places: Sequence[Json]) -> None:
    number = split(port)[0]
    if number_of(number) is None:
        raise refusal(400, f'invalid port specification: "{number}"')
    for place in places:
        asked = place.get("HostPort") or ""
        first, dash, last = split(asked)[0].partition("-")
        ends = number_of(first), number_of(last if dash else first)
        if None in ends or ends[0] > ends[1] or (dash and "" in (first, last)):  # type: ignore[operator]  # both are numbers here
            raise refusal(400, f'invalid port specification: "{asked}"')
        if ends[0] == 0 != ends[1]:  # an engine says so when it starts
            raise refusal(500, f"invalid port range: {asked}")


def _check_published(body: Json, host: Json) -> None:
    """An engine says so when it starts."""
    for port in body.get("ExposedPorts") or ():
        published = host.get("PublishAllPorts") or port in (host.get("PortBindings") or ())
        if published and split(port)[1].lower() not in _PROTOCOLS:
            raise refusal(500, "invalid transport protocol: 0")


def _check_endpoint(name: str, endpoint: Json | None) -> None:
    if endpoint is None:
        raise refusal(400, f"no EndpointSettings for {name}")
    asked = endpoint.get("IPAMConfig") or {}
    for kind, word in ((IPv4Address, "IPv4"), (IPv6Address, "IPv6")):
        address = asked.get(f"{word}Address") or ""
        try:
            kind(address or kind(0))
        except ValueError:
            raise refusal(400, f"invalid {word} address: {address}") from None
