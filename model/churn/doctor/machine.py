"""Checks of this machine: ports, folders, space, processes, Python."""

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from churn.doctor.findings import CheckFinding, note, ok, problem
from churn.lifecycle.observation import Port
from churn.system.managers.aima import PORTS as AIMA_PORTS
from churn.system.protocols import ListedContainer

EPHEMERAL = 10
"""How many ports Docker tries for a container that names none, before it gives up."""

_OLDEST_PYTHON = (3, 11)
_MEBIBYTE = 1 << 20
_LEAST, _ENOUGH = 100 * _MEBIBYTE, 1024 * _MEBIBYTE
"""Bytes that a run needs, traces and reproducers included, and that it cannot use up."""
_INIT = 1
"""The process that every /proc has which shows those of other users."""

Look = Callable[[Mapping[int, str], tuple[int, ...]], dict[int, Port]]
"""As `Host.look`."""


def fixed_ports(look: Look, rows: Iterable[ListedContainer]) -> CheckFinding:
    """Whether the ports that AIMA chooses are free. `rows` are the engine's containers."""
    seen, published = look({}, AIMA_PORTS), _published(rows)
    span = f"{AIMA_PORTS[0]}-{AIMA_PORTS[-1]}"
    held = _held(seen, published)
    if held:
        fix = "end what holds them, or run in a network namespace of your own: AIMA takes these, free or not"
        return problem("; ".join(held), fix)
    if _untried(seen):
        return note(f"whether {span} are free cannot be told from here: {_untried(seen)}")
    return ok(f"{span} can be bound on all interfaces")


def ephemeral_ports(look: Look, rows: Iterable[ListedContainer], first: int) -> CheckFinding:
    """Whether there are free ports, from `first`, for containers that name none, and for the reference manager."""
    ports = tuple(range(first, first + EPHEMERAL))
    seen, span = look({}, ports), f"{ports[0]}-{ports[-1]}"
    held = _held(seen, _published(rows))
    if len(held) == len(ports):
        fix = "end what holds them, or move net.ipv4.ip_local_port_range and restart Docker"
        return problem(f"none of {span} is free: {'; '.join(held)}", fix)
    if held:
        return note("; ".join(held), "nothing, unless a service is to have these: there are others")
    if _untried(seen):
        return note(f"whether {span} are free cannot be told from here: {_untried(seen)}")
    return ok(f"{span} can be bound on all interfaces")


def _published(rows: Iterable[ListedContainer]) -> dict[int, str]:
    return {port: f"container {row.name}" for row in rows for port in row.ports}


def _held(seen: Mapping[int, Port], published: Mapping[int, str]) -> list[str]:
    """A line for each port that cannot be had: one that a container publishes may be had all the same, but not for long."""
    return [
        f"{port} is held by {published.get(port) or place.detail or 'a process that cannot be seen'}"
        for port, place in seen.items()
        if place.bindable is False or port in published
    ]


def _untried(seen: Mapping[int, Port]) -> str:
    """Those ports for which no probe was possible."""
    return ", ".join(str(port) for port, place in seen.items() if place.bindable is None)


def folder(place: Path, setting: str) -> CheckFinding:
    """Whether files can be made in that folder, or in the one where it would be made; `setting` is what names another."""
    try:
        there = next(one for one in (place, *place.parents) if one.exists())
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        return problem(
            f"expected to write in {place}, but: {error.strerror}", f"make it writable, or name another with {setting}"
        )
    return ok(f"{place} can be written" if there == place else f"{place} can be made in {there}")


def space(place: Path) -> CheckFinding:
    """Whether there is room on the disk of that folder."""
    free = shutil.disk_usage(place).free
    found = f"{free / _MEBIBYTE:,.0f} MiB are free in {place}"
    if free < _LEAST:
        return problem(f"{found}; expected at least {_LEAST // _MEBIBYTE}", "make room, or name another with TMPDIR")
    return ok(found) if free >= _ENOUGH else note(found, "make room before a long run, or name another with TMPDIR")


def python(version: tuple[int, int, int]) -> CheckFinding:
    """Whether this Python is one that Churn is made for."""
    found = ".".join(map(str, version))
    if version[:2] < _OLDEST_PYTHON:
        return problem(f"{found}; expected 3.11 or newer", "install churn for a newer Python")
    return ok(found)


def processes(*, visible: bool, pids: Collection[int], root: bool) -> CheckFinding:
    """Whether what a manager leaves running can be seen, and who holds a port: all of it, or this user's part."""
    if not visible:
        return problem(
            "expected processes in /proc, but there is none: what a manager leaves running would be missed",
            "run on Linux, with /proc mounted",
        )
    if _INIT not in pids:
        return note("only this user's processes are shown (hidepid)", "run as the manager's user, or as root")
    return ok("all can be seen" if root else "all can be seen; of others' processes, not which ports they hold")
