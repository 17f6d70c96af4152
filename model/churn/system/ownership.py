"""What is ours: labels that mark it, what is held alone, and the removal of what is ours and nothing else.

Everything that Churn has made on an engine carries `OWNER` (the run's id, by which it is told whether that is over) and `HOST`
(the name of its machine, for people); what a job of a campaign has made carries `JOB`, too (the job's id, for people).
"""

import fcntl
import os
import re
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from churn.errors import EnvironmentFault, NotFound, RemovalInProgress
from churn.system.clock import Clock
from churn.system.protocols import ListedContainer

OWNER, HOST, JOB = "churn.owner", "churn.host", "churn.job"
LEASES = Path("/tmp/churn-leases")  # noqa: S108 -- the one folder that all users of a machine share, whatever TMPDIR says
"""Where runs of this machine hold what only one of them may have."""
_LOOK_EVERY = 0.1
"""Seconds between two looks at a lock that another one holds."""
_FOR_ALL = 0o666
_FOLDER_FOR_ALL = stat.S_ISVTX | 0o777


def labels(run: str, job: str = "") -> dict[str, str]:
    """The labels of everything that the run makes on an engine, for that job, if it is for one."""
    return {OWNER: run, HOST: socket.gethostname()} | ({JOB: job} if job else {})


def marker(run: str) -> str:
    """What the processes of the run's manager carry."""
    return f"{_PREFIX}{run}"


def run_of(name: str) -> str:
    """The run of a marker, or of the name of a `folder`; empty where it is none."""
    return name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else ""


_PREFIX = "churn-"


@contextmanager
def folder(run: str) -> Iterator[Path]:
    """A temporary folder of the run's, whose name says whose it is. What cannot be removed after is left to `churn clean`."""
    try:
        made = tempfile.TemporaryDirectory(prefix=f"{marker(run)}-", ignore_cleanup_errors=True)
    except OSError as error:
        raise EnvironmentFault(
            f"expected to make a temporary folder in {tempfile.gettempdir()}, but: {error.strerror}; make room, or name "
            "another with TMPDIR"
        ) from error
    with made as path:
        yield Path(path)


@contextmanager
def lease(what: str, folder: Path, clock: Clock, patience: float = 10.0) -> Iterator[None]:
    """Hold `what` alone, among those on this machine that share `folder`; it goes with the process, however that ends.

    Raises `EnvironmentFault` where another one still holds it after `patience` seconds, or where `folder` cannot be used.
    """
    path = folder / f"{re.sub(r'[^A-Za-z0-9.-]', '_', what)}.lock"
    deadline = clock.now() + patience
    with _shared(path) as lock:
        while not _locked(lock):
            if clock.now() >= deadline:
                raise EnvironmentFault(
                    f"expected to hold {what} alone, but for {patience:g} s another run has had it (its lock is {path}); "
                    "wait for its end, or end it"
                )
            clock.sleep(_LOOK_EVERY)
        yield


@contextmanager
def _shared(path: Path) -> Iterator[int]:
    """A file that every user of this machine can lock. It is never removed: another one may have it open by then."""
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.parent.chmod(_FOLDER_FOR_ALL)
        opened = _opened(path)
    except OSError as error:
        raise EnvironmentFault(
            f"expected a file {path} for a lock, which all users of this machine share, but: {error.strerror}; make that "
            "folder one that all may write to (mode 1777)"
        ) from error
    try:
        yield opened
    finally:
        os.close(opened)


def _opened(path: Path) -> int:
    # Opened to be read: in a folder of all users the kernel lets nobody write to, or create anew, what is another user's.
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        with suppress(FileExistsError):
            made = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _FOR_ALL)
            os.fchmod(made, _FOR_ALL)
            return made
        return _opened(path)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Remover(Protocol):
    """What removes containers."""

    def remove(self, reference: str, *, force: bool = False, volumes: bool = False) -> None:
        """As `Engine.remove`."""


def remove(engine: Remover, container: ListedContainer) -> None:
    """Remove a container, in whatever state, with its volumes that have no name; one that is gone, or going, is fine."""
    with suppress(NotFound, RemovalInProgress):
        engine.remove(container.id, force=True, volumes=True)
