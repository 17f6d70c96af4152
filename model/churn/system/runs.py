"""Runs: ids that say in which process a run lives, so that anybody on its machine can tell whether it is over.

An id is ``WHERE-PID-STARTED-RANDOM``. WHERE stands for a boot of a machine and for the namespaces in which its PID and the time
STARTED (in the kernel's ticks since that boot) count. So liveness is told from the id and the kernel alone: no file has to be
found, shared, opened or locked, whoever asks and wherever their home is.
"""

import hashlib
import os
import re
import secrets
from enum import Enum
from pathlib import Path

_PROC = Path("/proc")
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACES = ("pid", "time")
"""Those by which process ids and start times are counted."""
_WHERE_DIGITS, _RANDOM_BYTES = 12, 3
RUN = re.compile(rf"([0-9a-f]{{{_WHERE_DIGITS}}})-([1-9]\d{{0,8}})-(\d{{1,18}})-[0-9a-f]{{{2 * _RANDOM_BYTES}}}")
"""An id, in groups: where, pid, when it started."""
_STARTED = 19
"""The place of the start time in /proc/PID/stat, behind the name and counted from the state."""
_ENDED = ("Z", "X")
"""States of processes that have ended, and that nobody has waited for yet."""


class Life(Enum):
    """Whether a run is over."""

    ALIVE = "alive"
    OVER = "over"
    """Its process has ended."""
    UNKNOWN = "unknown"
    """It cannot be told from here: it is of another machine, another boot or another pid namespace, or its id tells nothing."""


def new_run() -> str:
    """An id for a run of this process that no other run has."""
    pid = os.getpid()
    _, started = _status("self") or ("", 0)
    return f"{_where()}-{pid}-{started}-{secrets.token_hex(_RANDOM_BYTES)}"


def life(run: str) -> Life:
    """Whether the run's process is alive. What cannot be proved is `Life.UNKNOWN`."""
    told = RUN.fullmatch(run)
    if told is None or told[1] != _where():
        return Life.UNKNOWN
    pid, started = int(told[2]), int(told[3])
    if not _is_there(pid):
        return Life.OVER
    # Where /proc is another namespace's, or hides the processes of other users, nothing more can be told.
    status = _status(told[2]) if _is_own_proc() else None
    if status is None:
        return Life.UNKNOWN if _is_there(pid) else Life.OVER
    state, since = status
    return Life.ALIVE if since == started and state not in _ENDED else Life.OVER


def process_of(run: str) -> str:
    """The process that the run lives in, for people; empty where its id does not tell."""
    told = RUN.fullmatch(run)
    return f"process {told[2]}" if told else ""


def _where() -> str:
    """This boot of this machine, and the namespaces that this process counts in; where that is not told, a place of its own."""
    try:
        told = [_BOOT.read_bytes()]
        told += [
            os.fsencode(os.readlink(space))
            for kind in _NAMESPACES
            if (space := _PROC / "self" / "ns" / kind).is_symlink()
        ]
    except OSError:
        told = [secrets.token_bytes()]
    return hashlib.sha256(b"\n".join(told)).hexdigest()[:_WHERE_DIGITS]


def _is_there(pid: int) -> bool:
    """Whether there is a process of that id, whosever. It gets no signal."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_own_proc() -> bool:
    try:
        return os.readlink(_PROC / "self") == str(os.getpid())
    except OSError:
        return False


def _status(pid: str) -> tuple[str, int] | None:
    """The state of a process, and when it started; None where that cannot be read."""
    try:
        told = (_PROC / pid / "stat").read_text(errors="replace").rpartition(") ")[2].split()
        return told[0], int(told[_STARTED])
    except (OSError, IndexError, ValueError):
        return None
