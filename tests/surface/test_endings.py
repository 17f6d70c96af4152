"""However a run ends, it tells what is known by then: a frozen engine, a full disk, a closed terminal."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import frozen

from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.managers.reference.manager import SESSION
from churn.system.ownership import OWNER
from churn.system.standin.image import TAG

PLAIN = {"NO_COLOR": "1", "COLUMNS": "250"}
BOUND = 15.0
"""Seconds after an interrupt within which a run has ended."""


@frozen
class Bed:
    """An emulated engine in a process of its own, which can be stopped and killed."""

    server: subprocess.Popen[str]
    engine: DockerEngine
    folder: Path

    def run(self, *words: str, **how: object) -> subprocess.Popen[str]:
        """A run against it."""
        command = [sys.executable, "-m", "churn", "run", "--engine", "docker", "--report", str(self.folder), *words]
        environ = {**os.environ, **PLAIN, "DOCKER_HOST": self.engine.url}
        settings: dict[str, object] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **how}
        return subprocess.Popen(command, text=True, env=environ, **settings)  # type: ignore[call-overload, no-any-return]  # passed on

    def running(self) -> bool:
        """Whether a service runs."""
        return any(row.state == "running" for row in self.engine.list({SESSION: ""}))

    def connections(self) -> int:
        """Those to the engine, also those that it has not taken yet."""
        return Path("/proc/net/unix").read_text(encoding="utf-8").count(self.engine.url.removeprefix("unix://"))

    @property
    def report(self) -> dict[str, object]:
        """The report on disk."""
        told: dict[str, object] = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
        return told


def answers(path: Path) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as client:
        return client.connect_ex(str(path)) == 0


@pytest.fixture
def bed(folder: Path, tmp_path: Path, until: Callable[..., float]) -> Iterator[Bed]:
    place = folder / "ended.sock"
    command = [
        sys.executable,
        "-m",
        "churn",
        "engine",
        "serve",
        "--socket",
        str(place),
        "--image",
        TAG,
        "--load",
        "0.1",
    ]
    with subprocess.Popen([*command, "--quiet"], text=True, stderr=subprocess.DEVNULL) as server:
        try:
            until(lambda: answers(place), 30.0)
            with closing(DockerEngine({}, f"unix://{place}")) as engine:
                yield Bed(server, engine, tmp_path / "report")
        finally:
            server.kill()
            place.unlink(missing_ok=True)


def test_an_interrupt_ends_a_run_in_time_though_its_engine_is_frozen(bed: Bed, until: Callable[..., float]) -> None:
    clock = RealClock()
    with bed.run() as child:
        until(bed.running, 60.0)
        bed.server.send_signal(signal.SIGSTOP)
        child.send_signal(signal.SIGINT)
        began = clock.now()
        said, _ = child.communicate(timeout=60)
    assert child.returncode == 130, said
    assert clock.now() - began < BOUND
    assert "interrupted: cleaning up" in said
    assert bed.report["interrupted"] is True
    assert "churn clean removes what is left" in str(bed.report["faults"])


def test_an_interrupt_during_the_set_up_says_so(bed: Bed, until: Callable[..., float]) -> None:
    bed.server.send_signal(signal.SIGSTOP)
    before = bed.connections()
    with bed.run(stdout=subprocess.PIPE) as child:
        until(lambda: bed.connections() > before, 60.0)  # then it waits for an answer
        child.send_signal(signal.SIGINT)
        said, _ = child.communicate(timeout=BOUND)
    assert child.returncode == 130, said
    assert "interrupted during the set-up: no step was done" in said


def test_a_run_whose_terminal_is_closed_cleans_up_and_reports(bed: Bed, until: Callable[..., float]) -> None:
    """The kernel sends SIGHUP, and what is written to the terminal fails from then on."""
    ours, its = pty.openpty()
    child = bed.run(stdin=its, stdout=its, stderr=its, preexec_fn=_take_terminal)
    os.close(its)
    until(bed.running, 60.0)
    os.close(ours)
    assert child.wait(timeout=60) == 130
    assert bed.report["interrupted"] is True
    assert bed.engine.list({OWNER: ""}) == ()


def _take_terminal() -> None:
    """In the child: a session of its own, whose terminal is that on its standard input, and whose end it is told of."""
    import fcntl
    import termios

    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # it may be ignored where these tests are run
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_report_that_cannot_be_written_is_shown_and_the_verdict_is_no_pass(tmp_path: Path) -> None:
    """Its folder goes while it runs, as on a disk that is full."""
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "report.md").mkdir()  # a file cannot take its place
    (folder / "report.md" / "inside").touch()
    command = [sys.executable, "-m", "churn", "run", "--max-operations", "10", "--report", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **PLAIN})
    assert done.returncode == 3, done.stdout + done.stderr
    assert "the report could not be written to" in done.stdout
    assert "A service can be started and stopped 5 times" in done.stdout
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["exit_code"] == 0, (
        "what could be written is there"
    )


def test_a_trace_that_cannot_be_written_to_its_end_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "trace.jsonl").symlink_to("/dev/full")
    command = [sys.executable, "-m", "churn", "run", "--max-operations", "10", "--report", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **PLAIN})
    assert done.returncode == 3, done.stdout + done.stderr
    assert "the trace could not be written to its end: No space left on device" in done.stdout
