"""What runs have left: containers, networks, volumes and images of an engine, processes and temporary folders of this machine."""

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from attrs import frozen

from churn.errors import NotFound
from churn.lifecycle.observation import Resource
from churn.system import process
from churn.system.ownership import HOST, JOB, OWNER, marker, remove, run_of
from churn.system.protocols import ListedContainer
from churn.system.runs import RUN, Life, life


class Cleanable(Protocol):
    """What is needed of an engine."""

    def list(self, labels: Mapping[str, str] | None = None) -> tuple[ListedContainer, ...]:
        """Its containers that carry these labels."""

    def labelled(self, label: str) -> Mapping[Resource, str]:
        """Its networks, volumes and images that carry the label, each with its value."""

    def remove(self, reference: str, *, force: bool = False, volumes: bool = False) -> None:
        """Remove a container."""

    def remove_resource(self, resource: Resource) -> None:
        """Remove one of `labelled`."""


@frozen
class Owned:
    """One thing that a run has made. `host` is the name of that run's machine, `job` the job's id; empty where not told."""

    what: str
    run: str
    host: str
    remove: Callable[[], None]
    job: str = ""

    @property
    def life(self) -> Life:
        """Whether its run is over."""
        return life(self.run)


def on_engine(engine: Cleanable) -> Iterator[Owned]:
    """What runs have on an engine. Containers come first: what they use cannot be removed before."""
    for row in engine.list({OWNER: ""}):
        what = f"container {row.name} ({row.state})"
        host, job = row.labels.get(HOST, ""), row.labels.get(JOB, "")
        yield Owned(what, row.labels[OWNER], host, partial(remove, engine, row), job)
    jobs = engine.labelled(JOB)
    for resource, run in sorted(engine.labelled(OWNER).items()):
        yield Owned(str(resource), run, "", partial(_discard, engine, resource), jobs.get(resource, ""))


def _discard(engine: Cleanable, resource: Resource) -> None:
    with suppress(NotFound):  # it went with its container
        engine.remove_resource(resource)


def folders(place: Path | None = None) -> Iterator[Owned]:
    """Temporary folders of runs in `place`, by default where this process has its own."""
    for path in sorted((place or Path(tempfile.gettempdir())).glob(f"{marker('')}*")):
        run = RUN.match(run_of(path.name))
        if run is not None and path.is_dir() and not path.is_symlink():
            yield Owned(f"folder {path}", run[0], "", partial(shutil.rmtree, path))


def processes(runs: Collection[str]) -> Iterator[Owned]:
    """Processes that managers of runs have left: of these runs, and of all whose processes say so by their environment."""
    told = {run_of(one) for one in process.markers()}
    for run in sorted({*runs, *(one for one in told if RUN.fullmatch(one))}):
        carried = marker(run)
        for line in process.marked(carried) or ():
            yield Owned(f"process {line}", run, "", partial(process.end_marked, carried))
