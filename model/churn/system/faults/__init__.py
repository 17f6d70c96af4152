"""Faults of a container engine: one a file, named as on the wire; `gate` is where they strike."""

from collections.abc import Mapping
from typing import Any

from attrs import fields

from churn.errors import UsageError
from churn.system.faults.connection_reset import ConnectionReset
from churn.system.faults.container_dies import ContainerDies
from churn.system.faults.engine_restart import EngineRestart
from churn.system.faults.foreign_container import ForeignContainer
from churn.system.faults.gate import CHANGING, Fault
from churn.system.faults.hang import Hang
from churn.system.faults.image_gone import ImageGone
from churn.system.faults.latency import Latency
from churn.system.faults.missing_gpu_driver import MissingGpuDriver
from churn.system.faults.name_conflict import NameConflict
from churn.system.faults.noop import Noop
from churn.system.faults.oom_kill import OomKill
from churn.system.faults.port_allocated import PortAllocated
from churn.system.faults.removal_in_progress import RemovalInProgress
from churn.system.faults.reply_lost_after import ReplyLostAfter
from churn.system.faults.reply_lost_before import ReplyLostBefore
from churn.system.faults.server_error import ServerError
from churn.system.faults.server_exits import ServerExits
from churn.system.faults.sigterm_ignored import SigtermIgnored
from churn.system.faults.slow_ready import SlowReady
from churn.system.faults.truncated_json import TruncatedJson

KINDS: Mapping[str, type[Fault]] = {
    kind.name: kind
    for kind in (
        NameConflict, RemovalInProgress, PortAllocated, MissingGpuDriver, ImageGone, ServerExits, SlowReady,
        SigtermIgnored, ReplyLostBefore, ReplyLostAfter, ServerError, Hang, ConnectionReset, TruncatedJson,
        Latency, EngineRestart, ContainerDies, OomKill, ForeignContainer, Noop,
    )
}  # fmt: skip
"""Every fault there is, by its name."""


CALLS = CHANGING | {
    "list",
    "inspect",
    "logs",
    "wait",
    "ping",
    "top",
    "stats",
    "changes",
    "archive",
    "info",
    "version",
    "events",
}
"""The verbs by which a fault may be for one call only."""


def made(name: str, settings: Mapping[str, Any]) -> Fault:
    """The fault of that name with these settings, as numbers or texts. Raises `UsageError`."""
    if name not in KINDS:
        raise UsageError(f"expected a fault of {', '.join(KINDS)}; got {name!r}")
    kind = KINDS[name]
    known = {one.name: one for one in fields(kind) if one.init}
    for key in settings:
        if key not in known:
            raise UsageError(f"{name}: expected settings of {', '.join(known)}; got {key!r}")
    if "times" in settings and not str(settings["times"]).isdecimal():
        raise UsageError(f"{name}: expected times as a whole number, 0 for all; got {settings['times']!r}")
    if "call" in settings and settings["call"] not in CALLS:
        raise UsageError(f"{name}: expected a call of {', '.join(sorted(CALLS))}; got {settings['call']!r}")
    try:
        return kind(**{key: _converted(known[key].type, value) for key, value in settings.items()})
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}: expected {_wanted(known)}; got {dict(settings)} ({error})") from None


def _converted(kind: Any, value: Any) -> Any:
    if kind is bool:
        if str(value).lower() not in ("true", "false", "1", "0"):
            raise ValueError(f"expected true or false, got {value!r}")
        return str(value).lower() in ("true", "1")
    return kind(value)


def _wanted(known: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} ({one.type.__name__})" for key, one in known.items())
