"""Processes: the one home of `subprocess`, and of telling whose process a process is."""

import hashlib
import os
import resource
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO

from attrs import field, frozen

from churn import errors

MARKER = "CHURN_MARKER"
"""The variable whose value tells a process's descendants, however daemonised: they inherit the environment."""

_SEAL = 10
"""RLIMIT_LOCKS, a limit that Linux has not heeded since 2.4 and still hands down from process to process.

Some managers give their children an environment of their own, and with it no marker; a number that is this limit goes to
them all the same, and to whatever calls setsid or changes its folder.
"""
_SEAL_SIGN, _SEAL_BYTES = 0xC42, 5
"""What all seals begin with, and how many bytes of them tell one marker from another."""

MOST_KEPT = 1 << 19
"""Bytes that are kept of what a command writes to its standard output, and as many to its standard error: 1 MiB in all."""

_PROC = Path("/proc")
_MILLISECONDS = 1000


@frozen
class Finished:
    """A command that ended: its exit code (a signal's number negated), or None where it was cut off at its timeout.

    `stdout` and `stderr` hold what had been written by the time it ended; bytes that are not UTF-8 are shown as ``\\xff``.
    `raw` are the bytes of its standard output, as they came. Of more than `MOST_KEPT` bytes both ends are kept, and between
    them stands how many are left out.
    """

    argv: tuple[str, ...]
    code: int | None
    stdout: str
    stderr: str
    raw: bytes | None = field(default=None, eq=False, repr=False)

    @property
    def cut_off(self) -> bool:
        """Whether it was cut off at its timeout."""
        return self.code is None

    @property
    def printed(self) -> bytes:
        """The bytes that it wrote to its standard output."""
        return self.stdout.encode() if self.raw is None else self.raw

    @property
    def killed_by(self) -> str:
        """The signal that ended it, or one that a program of its own was ended by, as a shell tells: ``SIGKILL``; else empty.

        Who sent it is not known: the engine of this machine, when memory runs out, or a user. So nothing is known of what the
        command did.
        """
        code = self.code or 0
        if code < 0:
            return signal.Signals(-code).name
        return signal.Signals(code - _BY_SIGNAL).name if code - _BY_SIGNAL in _FATAL else ""


_BY_SIGNAL = 128
"""A shell's exit code is that, and the number of the signal, where a signal ended a program."""
_FATAL = frozenset({1, 2, 3, 4, 6, 7, 8, 9, 11, 13, 14, 15, 24, 25})
"""Signals that end a program by default, and that programs are ended by."""


def shown(argv: Sequence[str]) -> str:
    """The command as one would type it in a shell."""
    return shlex.join(argv)


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | None = None,
    timeout: float,
    marker: str = "",
) -> Finished:
    """Run a command to its end, at most `timeout` seconds; then it is killed with its whole process group.

    It is killed likewise when an exception interrupts the wait. It has a session of its own, so a Ctrl-C at the terminal
    reaches Churn only, and nothing to read. With a `marker` it and its descendants carry that, for `marked`. What it leaves
    running in the background is neither waited for nor killed.
    Raises `EnvironmentFault` where it cannot be run at all.
    """
    # Files, not pipes: a process left in the background holds a pipe open, and reading to its end would hang.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with _sealing(marker):
            child = _start(argv, _environment(env, marker), cwd, out, err)
        with _running(marker, child), _killed_unless_ended(child):
            ended = _await(child, timeout)
        printed = _bytes(out)
        return Finished(
            argv=tuple(argv),
            code=child.returncode if ended else None,
            stdout=text(printed),
            stderr=text(_bytes(err)),
            raw=printed,
        )


def marked(marker: str) -> tuple[str, ...] | None:
    """Live processes that carry `marker`, as ``pid name`` by pid; None where there is no /proc.

    Those of other users are seen by root only.
    """
    if not visible():
        return None
    return tuple(f"{pid} {name(pid)}" for pid in _carriers(marker))


def markers() -> frozenset[str]:
    """The markers that live processes have in their environments, as far as this user may read them."""
    return frozenset(found for pid in pids() if (found := _variable_of(pid)) is not None)


def interrupt(marker: str, name: str) -> bool:
    """Send the signal of that name (``TERM``) to the whole process group of the command that `run` runs with that marker.

    Whether one runs; nothing happens where none does.
    """
    child = _COMMANDS.get(marker)
    if child is None or child.returncode is not None:
        return False
    try:
        os.killpg(child.pid, signal.Signals[f"SIG{name}"])
    except ProcessLookupError:
        return False
    return True


def visible() -> bool:
    """Whether processes can be seen at all: whether there is a /proc."""
    return (_PROC / "self" / "environ").exists()


def end_marked(marker: str) -> None:
    """Kill the processes that carry `marker`; none for an empty one."""
    for pid in _carriers(marker) if marker else ():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def detach(name: str, seconds: float) -> None:
    """Start a process called `name` that does nothing for so many seconds and outlives this one.

    It inherits the marker.
    """
    subprocess.Popen(  # noqa: S603 - a fixed program
        [name, f"{seconds:g}"],
        executable=shutil.which("sleep"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def pids() -> list[int]:
    """All processes of this machine, in the order of their ids; none where there is no /proc."""
    return sorted(int(entry.name) for entry in _PROC.glob("[0-9]*"))


def name(pid: int) -> str:
    """What the process is called, at most 15 characters; empty where it has gone."""
    try:
        return (_PROC / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return ""


def is_marked(pid: int) -> bool:
    """Whether the process carries a marker, whosever; False where it has gone, is a zombie or may not be read."""
    return _variable_of(pid) is not None or _seal_of(pid) is not None


def _carriers(marker: str) -> Iterator[int]:
    seal = _seal(marker)
    found = (pid for pid in pids() if _variable_of(pid) == marker or _seal_of(pid) == seal)
    return (pid for pid in found if pid != os.getpid())  # it carries the seal itself while it starts a child


def _seal(marker: str) -> int:
    digest = hashlib.sha256(os.fsencode(marker)).digest()[:_SEAL_BYTES]
    return int.from_bytes(digest) + (_SEAL_SIGN << 8 * _SEAL_BYTES)


def _seal_of(pid: int) -> int | None:
    try:
        seal, _ = resource.prlimit(pid, _SEAL)
    except (OSError, ValueError):
        return None
    sealed = seal >> 8 * _SEAL_BYTES == _SEAL_SIGN
    return seal if sealed and _lives(pid) else None


def _lives(pid: int) -> bool:
    """Whether it is there, and no zombie: of these the limits are still told."""
    try:
        return (_PROC / str(pid) / "stat").read_bytes().rpartition(b") ")[2][:1] not in (b"Z", b"X")
    except OSError:
        return False


_ONE_AT_A_TIME = Lock()


@contextmanager
def _sealing(marker: str) -> Iterator[None]:
    """Whatever is started within this carries the marker's seal, where the system lets it."""
    if not marker or not visible():
        yield
        return
    with _ONE_AT_A_TIME:  # or one thread would take another's seal for what was there before
        before = resource.getrlimit(_SEAL)
        with suppress(OSError, ValueError):
            resource.setrlimit(_SEAL, (_seal(marker), before[1]))
        try:
            yield
        finally:
            with suppress(OSError, ValueError):
                resource.setrlimit(_SEAL, before)


def _variable_of(pid: int) -> str | None:
    """The marker in its environment; None where there is none, or it has gone, is a zombie or may not be read."""
    try:
        environment = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return None
    prefix = f"{MARKER}=".encode()
    found = (entry for entry in environment.split(b"\0") if entry.startswith(prefix))
    value = next(found, None)
    return None if value is None else os.fsdecode(value.removeprefix(prefix))


def _environment(env: Mapping[str, str], marker: str) -> dict[str, str]:
    return {**env, MARKER: marker} if marker else dict(env)


def _start(
    argv: Sequence[str], env: dict[str, str], cwd: str | None, out: IO[bytes], err: IO[bytes]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - running the manager's commands is the purpose; no shell reads them
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env, cwd=cwd, start_new_session=True
        )
    except FileNotFoundError as error:
        raise errors.EnvironmentFault(_missing(argv, cwd, error)) from error
    except OSError as error:
        raise errors.EnvironmentFault(
            f"expected to run {shown(argv)!r}, but: {error.strerror}; "
            f"make {argv[0]!r} a program that this user may execute on this machine"
        ) from error


def _missing(argv: Sequence[str], cwd: str | None, error: FileNotFoundError) -> str:
    if cwd is not None and error.filename == cwd:
        return f"expected to run {shown(argv)!r} in {cwd!r}, but there is no such folder; create it or name another"
    return f"expected to run {shown(argv)!r}, but there is no program {argv[0]!r}; install it or put it on PATH"


_COMMANDS: dict[str, subprocess.Popen[bytes]] = {}
"""The commands that `run` runs at this moment, by their markers."""


@contextmanager
def _running(marker: str, child: subprocess.Popen[bytes]) -> Iterator[None]:
    _COMMANDS[marker] = child
    try:
        yield
    finally:
        _COMMANDS.pop(marker, None)


@contextmanager
def _killed_unless_ended(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave no child behind, whatever ends the wait: the timeout, Ctrl-C, an exception."""
    try:
        yield
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _await(child: subprocess.Popen[bytes], timeout: float) -> bool:
    """Whether the child ended within `timeout` seconds; if so, it is reaped.

    `Popen.wait` with a timeout looks every 50 ms; this wakes at once.
    """
    watched = os.pidfd_open(child.pid)
    try:
        waiting = select.poll()
        waiting.register(watched, select.POLLIN)
        ended = bool(waiting.poll(max(timeout, 0) * _MILLISECONDS))
    finally:
        os.close(watched)
    if ended:
        child.wait()
    return ended


def _bytes(file: IO[bytes]) -> bytes:
    """What is in the file, or its beginning and its end where that is more than is kept."""
    size, half = file.seek(0, os.SEEK_END), MOST_KEPT // 2
    file.seek(0)
    if size <= MOST_KEPT:
        return file.read(size)
    beginning = file.read(half)
    file.seek(size - half)
    return beginning + f"\n… [{size - 2 * half} bytes left out] …\n".encode() + file.read(half)


def text(printed: bytes) -> str:
    """What a program printed, as text that any file can hold and that keeps every byte."""
    return printed.decode(errors="backslashreplace")
