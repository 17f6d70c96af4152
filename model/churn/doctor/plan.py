"""Which checks a run on an engine needs, in the order in which they are told."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from attrs import frozen

from churn.doctor import aima, engine, images, leftovers, machine
from churn.doctor.engine import Reach, Shown, reached
from churn.doctor.findings import Check, CheckFinding
from churn.lifecycle.observation import Port
from churn.system import process
from churn.system.clock import RealClock
from churn.system.host import RealHost, first_ephemeral, interfaces
from churn.system.protocols import ListedContainer

_HERE = "127.0.0.1"


@frozen
class Surroundings:
    """What a run would be started with: its engine (``emulated``, ``docker``), its environment, its folders.

    `report` is where the report goes. `aima` is a path that was given for AIMA's program.
    """

    engine: str
    environ: Mapping[str, str]
    report: Path
    aima: str = ""

    @property
    def temporary(self) -> Path:
        """Where files go that are gone after a run. Raises `FileNotFoundError` where no such folder can be written."""
        return Path(self.environ.get("TMPDIR") or tempfile.gettempdir())


@contextmanager
def planned(around: Surroundings) -> Iterator[tuple[Check, ...]]:
    """The checks, which can be run for as long as this lasts."""
    if around.engine == "emulated":
        yield (
            Check("docker command", partial(engine.command_alone, around.environ)),
            Check("AIMA's program", partial(aima.program, around.aima, around.environ)),
            *_folders(around),
            *_python(),
        )
        return
    with reached(around.environ) as reach:
        yield (
            *_engine(reach, around),
            *_images(reach),
            *_ports(reach, around),
            *_leftovers(reach, around),
            Check("AIMA's program", partial(aima.program, around.aima, around.environ)),
            *_folders(around),
            *_python(),
            Check("processes", _processes),
        )


def _engine(reach: Reach, around: Surroundings) -> Iterator[Check]:
    yield Check("engine", partial(engine.answers, reach, partial(engine.elsewhere, around.environ)))
    yield Check("engine's version", reach.asking(engine.version))
    yield Check("engine's network", reach.asking(lambda one: engine.bridge(one, interfaces())))
    yield Check("docker command", partial(engine.command, reach, around.environ))
    yield Check("GPU", reach.asking(engine.gpu))


def _images(reach: Reach) -> Iterator[Check]:
    yield Check("stand-in image", reach.asking(lambda one: images.stand_in(one, images.static_busybox(one))))
    yield Check("busybox", reach.asking(lambda one: images.base(one, images.static_busybox(one))))
    yield Check("AIMA's images", reach.asking(images.aima))


def _ports(reach: Reach, around: Surroundings) -> Iterator[Check]:
    """Of the host where the engine publishes them, whether it answers or not."""

    def look(asks: Mapping[int, str], frees: tuple[int, ...]) -> dict[int, Port]:
        host = RealHost(address=_address(reach, around), folders=around.temporary, clock=RealClock())
        return host.look(asks, frees)

    yield Check("AIMA's ports", lambda: machine.fixed_ports(look, _rows(reach.engine)))
    yield Check("ephemeral ports", lambda: machine.ephemeral_ports(look, _rows(reach.engine), first_ephemeral()))


def _address(reach: Reach, around: Surroundings) -> str:
    url = reach.engine.url if reach.engine is not None else around.environ.get("DOCKER_HOST", "")
    return urlsplit(url).hostname or _HERE


def _rows(shown: Shown | None) -> tuple[ListedContainer, ...]:
    return shown.list() if shown is not None else ()


def _leftovers(reach: Reach, around: Surroundings) -> Iterator[Check]:
    yield Check("leftovers", reach.asking(lambda one: leftovers.engines(one)))
    yield Check("left on this machine", lambda: leftovers.here(around.temporary))
    yield Check("AIMA's containers", reach.asking(leftovers.aima))


def _folders(around: Surroundings) -> Iterator[Check]:
    named: tuple[tuple[str, Callable[[], Path], str], ...] = (
        ("report folder", lambda: around.report, "--report"),
        ("temporary folder", lambda: around.temporary, "TMPDIR"),
    )
    for name, place, setting in named:
        yield Check(name, partial(_folder, place, setting))
    yield Check("disk space", lambda: machine.space(around.temporary))


def _folder(place: Callable[[], Path], setting: str) -> CheckFinding:
    return machine.folder(place(), setting)


def _python() -> Iterator[Check]:
    yield Check("Python", lambda: machine.python(sys.version_info[:3]))


def _processes() -> CheckFinding:
    return machine.processes(visible=process.visible(), pids=process.pids(), root=os.geteuid() == 0)
