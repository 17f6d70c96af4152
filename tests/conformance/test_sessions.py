"""Sessions of the stock docker command on the emulated engine, served on a socket, and on a real one: the same to the letter.

`transcripts.py` says what of the output may differ, `chapters.py` has the lines and the differences that stay.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from uuid import uuid4

import calls
import docker
import pytest
from attrs import define
from chapters import CHAPTERS, KEPT, Kept
from transcripts import Side, run_on_both

from churn.system.clock import RealClock
from churn.system.host import RealHost
from churn.system.standin.image import TAG

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("one_tag")]

ATTEMPTS = 3
"""Runs of a session at most: a line that differs counts if it differs in each."""


def clients() -> list[tuple[str, str]]:
    """Every docker command on PATH: its version and its place."""
    found = {}
    for folder in os.get_exec_path():
        place = shutil.which("docker", path=folder)
        if place and (real := os.path.realpath(place)) not in found:
            told = subprocess.run([place, "--version"], capture_output=True, text=True, check=False, timeout=10)
            found[real] = told.stdout.partition("version ")[2].partition(",")[0]
    return [(version, place) for place, version in found.items()]


CLIENTS = [pytest.param(place, id=version) for version, place in clients()] or [
    pytest.param("", id="no client", marks=pytest.mark.skip(reason="there is no docker command on PATH"))
]


@define
class Session:
    """Both engines, side by side, and the words of one run."""

    real: Side
    emulated: Side
    run: str

    def lines(self, *lines: str) -> list[str]:
        """Run them on both; how those are told that do not do the same."""
        return list(self.different(*lines).values())

    def different(self, *lines: str) -> dict[str, str]:
        """Those that do not do the same, each with how it is told."""
        return {ran.line: str(ran) for ran in run_on_both(lines, self.real, self.emulated) if not ran.alike}


Begin = Callable[[], AbstractContextManager[Session]]


@pytest.fixture
def session(request: pytest.FixtureRequest, folder: Path, served_engine: str, real_engine: str) -> Iterator[Session]:
    """A run with a client."""
    with begun(folder, served_engine, real_engine, request.param) as made:
        yield made


@pytest.fixture
def begin(request: pytest.FixtureRequest, folder: Path, served_engine: str, real_engine: str) -> Begin:
    """A way to such runs, one after the other."""
    return lambda: begun(folder, served_engine, real_engine, request.param)


@contextmanager
def begun(folder: Path, served_engine: str, real_engine: str, client: str) -> Iterator[Session]:
    """A run with a client, of which nothing is left on either engine."""
    run = uuid4().hex[:8]
    sides = [
        side(folder / f"{run}-{name}", address, run, client)
        for name, address in zip("re", (real_engine, served_engine), strict=True)
    ]
    yield Session(*sides, run)
    for address in (real_engine, served_engine):
        with closing(docker.DockerClient(address)) as engine:
            calls.Side(engine.api, RealClock(), {"run": run}).clear()


def side(place: Path, address: str, run: str, client: str) -> Side:
    """What a shell on that engine needs, with a folder of its own."""
    for part in ("bin", "config", "here"):
        (place / part).mkdir(parents=True)
    (place / "bin" / "docker").symlink_to(client)
    host = RealHost(folders=place, clock=RealClock())
    own = {"PORT": str(host.free_port()), "OTHER": str(host.free_port()), "HERE": str(place / "here")}
    shared = {"A": f"churn-test-{run}-a", "B": f"churn-test-{run}-b", "OURS": f"churn.test={run}", "IMAGE": TAG}
    variables = {
        **own,
        **shared,
        "DOCKER_HOST": address,
        "DOCKER_CONFIG": str(place / "config"),
        "HOME": str(place),
        "LC_ALL": "C",
        "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    return Side(variables, {value: word for word, value in own.items()})


@pytest.mark.parametrize("chapter", CHAPTERS)
@pytest.mark.parametrize("begin", CLIENTS, indirect=True)
def test_a_session_is_the_same(begin: Begin, chapter: str) -> None:
    """What differs each time is a difference: a busy machine lets a client see one engine earlier than the other."""
    lasting: dict[str, str] | None = None
    for _ in range(ATTEMPTS):
        with begin() as session:
            different = session.different(*CHAPTERS[chapter])
        lasting = {line: told for line, told in different.items() if lasting is None or line in lasting}
        if not lasting:
            return
    assert not lasting, "\n".join((lasting or {}).values())


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.name)
@pytest.mark.parametrize("session", CLIENTS[:1], indirect=True)
def test_a_difference_that_stays_is_still_there(session: Session, kept: Kept) -> None:
    assert session.lines(*kept.before) == []
    ran = run_on_both([kept.line], session.real, session.emulated)[0]
    run_on_both(kept.after, session.real, session.emulated)
    assert not ran.alike, f"this difference has gone: move {kept.line!r} to a chapter"
    assert kept.told in f"{ran.emulated}", str(ran)
    assert kept.told not in f"{ran.real}" or kept.told == "<id", str(ran)
