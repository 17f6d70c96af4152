"""What is ours: labels that mark it, runs that are alive, and the removal of what is ours and nothing else.

Everything that Churn has made on an engine carries `OWNER` (the run's id) and `HOST` (where that run lives). A run that is
alive holds a lock on a file of its own, so that a cleaner tells the dead from the living.
"""

import fcntl
import re
import socket
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from churn.errors import EnvironmentFault, NotFound, RemovalInProgress
from churn.lifecycle.observation import Resource
from churn.system.clock import Clock
from churn.system.protocols import Engine, ListedContainer

OWNER, HOST = "churn.owner", "churn.host"
_LOOK_EVERY = 0.1
"""Seconds between two looks at a lock that another one holds."""

Resources = Callable[[Mapping[str, str]], Iterable[Resource]]
"""As `Engine.resources`."""


def new_run() -> str:
    """An id for a run that no other has."""
    return uuid.uuid4().hex[:12]


def labels(run: str) -> dict[str, str]:
    """The labels of everything that the run makes on an engine."""
    return {OWNER: run, HOST: socket.gethostname()}


@contextmanager
def alive(run: str, folder: Path) -> Iterator[None]:
    """Hold the run's lock in `folder` for as long as it lives; the file goes when it ends in order."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run}.lock"
    with path.open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            with suppress(FileNotFoundError):
                path.unlink()


@contextmanager
def lease(what: str, folder: Path, clock: Clock, patience: float = 10.0) -> Iterator[None]:
    """Hold `what` alone, among those on this machine that share `folder`; it goes with the process, however that ends.

    Raises `EnvironmentFault` where another one still holds it after `patience` seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{re.sub(r'[^A-Za-z0-9.-]', '_', what)}.lock"
    deadline = clock.now() + patience
    with path.open("a", encoding="utf-8") as lock:  # never removed: another one may have it open by then
        while not _locked(lock):
            if clock.now() >= deadline:
                raise EnvironmentFault(
                    f"expected to hold {what} alone, but for {patience:g} s another run has had it (its lock is {path}); "
                    "wait for its end, or end it"
                )
            clock.sleep(_LOOK_EVERY)
        yield


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_alive(run: str, folder: Path) -> bool:
    """Whether a process of this machine holds that run's lock."""
    try:
        with (folder / f"{run}.lock").open("r", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def dead_runs(folder: Path) -> tuple[str, ...]:
    """The runs whose locks lie in `folder` though nobody holds them: they were killed."""
    return tuple(path.stem for path in sorted(folder.glob("*.lock")) if not is_alive(path.stem, folder))


def abandoned(resources: Resources, folder: Path) -> Iterator[tuple[Resource, str]]:
    """The networks and volumes of `dead_runs`, each with its run; `resources` is the engine's."""
    for run in dead_runs(folder):
        for resource in sorted(resources({OWNER: run})):
            yield resource, run


def bury(run: str, folder: Path) -> None:
    """Remove a dead run's lock: nothing of it is left."""
    (folder / f"{run}.lock").unlink(missing_ok=True)


def is_dead(marks: Mapping[str, str], folder: Path) -> bool:
    """Whether labels are those of a run of this machine that is no longer alive."""
    return OWNER in marks and marks.get(HOST) == socket.gethostname() and not is_alive(marks[OWNER], folder)


def remove(engine: Engine, container: ListedContainer) -> None:
    """Remove a container, in whatever state, with its volumes that have no name; one that is gone, or going, is fine."""
    with suppress(NotFound, RemovalInProgress):
        engine.remove(container.id, force=True, volumes=True)
