"""What the engine refuses of a container that it is asked to create, whose request it could read."""

import re
from collections.abc import Callable, Mapping, Sequence
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
_CAPABILITIES = (
    "ALL", "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN", "DAC_OVERRIDE",
    "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN",
    "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "PERFMON", "SETFCAP", "SETGID",
    "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE",
    "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "WAKE_ALARM",
)  # fmt: skip
_LEAST_PERIOD, _MOST_PERIOD = 1_000, 1_000_000
"""Microseconds of a period of the processor."""


def check(body: Json) -> None:
    """Raises what the engine says of it."""
    host = body.get("HostConfig") or {}
    check_resources(host)
    _check_config(body)
    _check_host(host)
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
    for key, is_wrong, code, words in _RESOURCES:
        asked = host.get(key)
        if asked and is_wrong(asked, host):
            raise refusal(code, words.format(asked=asked))


def _is_little(asked: int, _: Mapping[str, Any]) -> bool:
    return 0 < asked < _LEAST_MEMORY


def _is_no_list(asked: str, _: Mapping[str, Any]) -> bool:
    return re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", asked) is None


_RESOURCES: tuple[tuple[str, Callable[[Any, Mapping[str, Any]], bool], int, str], ...] = (
    ("Memory", lambda asked, _: asked < _LEAST_MEMORY, 400, "Minimum memory limit allowed is 6MB"),
    ("MemorySwap", lambda asked, host: asked > 0 and not host.get("Memory"), 400,
     "You should always set the Memory limit when using Memoryswap limit, see usage"),
    ("MemoryReservation", _is_little, 400, "Minimum memory reservation allowed is 6MB"),
    ("KernelMemory", _is_little, 400, "Minimum kernel memory limit allowed is 6MB"),
    ("CpuPeriod", lambda asked, _: not _LEAST_PERIOD <= asked <= _MOST_PERIOD, 400,
     "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"),
    ("CpuQuota", lambda asked, _: 0 < asked < _LEAST_PERIOD, 400, "CPU cfs quota can not be less than 1ms (i.e. 1000)"),
    ("CpusetCpus", _is_no_list, 400, "Invalid value {asked} for cpuset cpus: invalid format: {asked}"),
    ("CpusetMems", _is_no_list, 400, "Invalid value {asked} for cpuset mems: invalid format: {asked}"),
    ("IOMaximumIOps", lambda *_: True, 500, "Invalid QoS settings: linux does not support configuration of maximum IOPs"),
    ("IOMaximumBandwidth", lambda *_: True, 500,
     "Invalid QoS settings: linux does not support configuration of maximum bandwidth"),
)  # fmt: skip
"""What is refused: the key, whether what is asked for there is wrong, beside the rest, and what the engine says then."""


def _check_host(host: Json) -> None:
    """What a container may do, and what it shares with others."""
    for key in ("CapAdd", "CapDrop"):
        _check_capabilities(key, host.get(key))
    for line in host.get("ExtraHosts") or ():
        if ":" not in line:
            raise refusal(400, f'bad format for add-host: "{line}"')
    if (mode := host.get("CgroupnsMode") or "") not in ("", "host", "private"):
        raise refusal(400, f"invalid cgroup namespace mode: {mode}")
    if (isolation := host.get("Isolation") or "").lower() not in ("", "default"):
        raise refusal(500, f"Invalid isolation: \"{isolation}\" - linux only supports 'default'")


def _check_capabilities(key: str, asked: str | list[str] | None) -> None:
    for name in [asked] if isinstance(asked, str) else asked or ():
        word = name.upper().removeprefix("CAP_")
        if word not in _CAPABILITIES:
            raise refusal(400, f'invalid {key}: unknown capability: "CAP_{word}"')


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
