"""`churn doctor` as its users meet it: without an engine, on an emulated one that is served, and on a real Docker."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from click.testing import CliRunner

from churn.cli import churn
from churn.doctor import aima, images
from churn.doctor.machine import AIMA_PORTS
from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.engines.emulated.api.server import ServerSettings, served
from churn.system.host import RealHost
from churn.system.ownership import OWNER, labels
from churn.system.protocols import Spec
from churn.system.runs import new_run
from churn.system.standin.image import TAG
from sandbox import run_that_is_over

VERDICTS = {"ok", "note", "problem"}


def doctor(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "churn", "doctor", *words]
    own = {"NO_COLOR": "1", "COLUMNS": "150", **environ}
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **own})


@frozen
class Told:
    """What it told as JSON."""

    code: int
    lines: dict[str, dict[str, str]]

    def of(self, name: str) -> tuple[str, str]:
        return self.lines[name]["verdict"], self.lines[name]["found"]

    @property
    def problems(self) -> set[str]:
        return {name for name, line in self.lines.items() if line["verdict"] == "problem"}


def told(*words: str, **environ: str) -> Told:
    done = doctor("--json", *words, **environ)
    assert done.stderr == ""
    return read(done.returncode, done.stdout)


def read(code: int, printed: str) -> Told:
    findings = json.loads(printed)
    assert isinstance(findings, list)
    for finding in findings:
        assert list(finding) == ["name", "verdict", "found", "fix"]
        assert finding["verdict"] in VERDICTS
        assert finding["found"]
        assert finding["fix"] or finding["verdict"] != "problem"
    lines = {finding["name"]: finding for finding in findings}
    assert len(lines) == len(findings), "each has its name"
    made = Told(code, lines)
    assert code == (1 if made.problems else 0)
    return made


def state(engine: DockerEngine) -> tuple[Any, ...]:
    """All that is on an engine, as far as it shows, and what happened to its containers since it was last looked at."""
    rows = [(row.id, row.name, row.state, row.ports) for row in engine.list()]
    return engine.events(), rows, engine.resources()


def test_without_an_engine_it_says_so_and_what_to_do(tmp_path: Path) -> None:
    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/nosuch.sock"}
    found = doctor(**nowhere, DOCKER_CONFIG=str(tmp_path))
    assert found.returncode == 1
    assert found.stderr == ""
    assert "nosuch.sock" in found.stdout
    assert "fix " in found.stdout
    assert "problem" in found.stdout.splitlines()[-1]
    findings = told(**nowhere, DOCKER_CONFIG=str(tmp_path))
    assert findings.code == 1
    assert "engine" in findings.problems
    assert "nosuch.sock" in findings.of("engine")[1]
    assert findings.of("leftovers") == ("note", "not looked at: no engine answers")
    assert list(tmp_path.iterdir()) == [], "it leaves no file either"


def test_for_the_emulated_engine_nothing_more_is_needed(tmp_path: Path) -> None:
    own = {"DOCKER_HOST": f"unix://{tmp_path}/nosuch.sock"}
    found = doctor("--engine", "emulated", **own)
    assert found.returncode == 0, found.stdout
    assert "no problems" in found.stdout.splitlines()[-1]
    assert "\x1b" not in found.stdout
    findings = told("--engine", "emulated", **own)
    programs, folders = {"docker command", "AIMA's program"}, {"report folder", "temporary folder"}
    assert set(findings.lines) == programs | folders | {"disk space", "Python"}


def test_a_folder_that_cannot_be_written_is_a_problem_there_too(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    findings = told("--engine", "emulated", TMPDIR=str(tmp_path / "file"))
    assert "temporary folder" in findings.problems


def test_arguments_that_are_not_known_are_refused() -> None:
    assert doctor("--engine", "podman").returncode == 2


def test_a_check_that_breaks_is_a_line_and_no_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(aima, "program", broken)
    environ = {"DOCKER_HOST": f"unix://{tmp_path}/nosuch.sock"}
    done = CliRunner().invoke(churn, ["doctor", "--json"], env=environ, catch_exceptions=False)
    findings = read(done.exit_code, done.stdout)
    assert findings.of("AIMA's program") == ("problem", "the check itself failed: RuntimeError: planted")
    assert findings.of("Python")[0] == "ok"


@pytest.fixture
def emulated(tmp_path: Path) -> Iterator[DockerEngine]:
    with (
        served(tmp_path, ServerSettings(frozenset({"nginx:latest"}), gpu=True)) as server,
        closing(DockerEngine({}, f"unix://{server.path}")) as engine,
    ):
        yield engine


def test_what_is_on_an_engine_is_told_and_left_as_it_is(emulated: DockerEngine, tmp_path: Path) -> None:
    dead, living = run_that_is_over(), new_run()
    folder = tmp_path / f"churn-{dead}-x"
    folder.mkdir()
    emulated.create(Spec(image="nginx", name="left-by-a-dead-run", labels=labels(dead)))
    emulated.create(Spec(image="nginx", name="of-a-living-run", labels=labels(living)))
    emulated.create(Spec(image="nginx", name="aima-tts-1", labels={"aima.managed": "true"}))
    emulated.create_volume("volume-of-a-dead-run", labels(dead))
    state(emulated)
    before = state(emulated)
    findings = told(DOCKER_HOST=emulated.url, TMPDIR=str(tmp_path), PATH=str(tmp_path))
    assert state(emulated) == before
    assert {"leftovers", "AIMA's containers"} <= findings.problems
    assert findings.of("leftovers")[1] == (
        "left by runs that are over: container left-by-a-dead-run (created), volume volume-of-a-dead-run"
    )
    assert findings.lines["leftovers"]["fix"] == "churn clean"
    assert findings.of("left on this machine")[0] == "problem"
    assert str(folder) in findings.of("left on this machine")[1]
    assert "aima-tts-1 (created)" in findings.of("AIMA's containers")[1]
    assert findings.of("engine") == ("ok", f"{emulated.url} answers (named by DOCKER_HOST)")
    assert findings.of("engine's version") == ("ok", "20.10.24, API 1.41")
    assert findings.of("GPU")[0] == "ok"
    assert findings.of("docker command")[0] == "note"
    assert TAG in findings.of("stand-in image")[1]
    assert folder.exists()


# -- a real Docker ----------------------------------------------------------------------------------------------------


@pytest.fixture
def healthy(docker_engine: DockerEngine, standin: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a run here, if AIMA's ports are free and the engine has no containers of its, or of other runs."""
    assert standin
    seen = RealHost(folders=tmp_path, clock=RealClock()).look({}, AIMA_PORTS)
    held = [port for port, place in seen.items() if not place.bindable]
    rows = [row.name for label in ("aima.managed", OWNER) for row in docker_engine.list({label: ""})]
    if held or rows:
        pytest.skip(f"this machine is in use: ports {held} are held, AIMA or runs have the containers {rows}")
    return {"TMPDIR": str(tmp_path)}


@pytest.mark.docker
def test_a_healthy_engine_has_no_problem_and_is_left_as_it_is(
    docker_engine: DockerEngine, healthy: dict[str, str]
) -> None:
    state(docker_engine)
    before = state(docker_engine)
    findings = told(**healthy)
    assert findings.problems == set(), findings.lines
    assert state(docker_engine) == before
    assert findings.of("engine")[1].startswith(docker_engine.url)
    assert findings.of("engine's version")[1].startswith(docker_engine.version())
    assert findings.of("engine's network")[0] == "ok"
    assert findings.of("stand-in image") == ("ok", f"{TAG} is there")
    assert findings.of("leftovers") == ("ok", "nothing of runs that are over")
    printed = doctor(**healthy)
    assert printed.returncode == 0
    assert "no problems" in printed.stdout.splitlines()[-1]


@pytest.mark.docker
def test_what_is_wrong_is_told_each_in_its_line(
    docker_engine: DockerEngine,
    healthy: dict[str, str],
    standin: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(images, "TAG", "churn/nosuch:1")
    run, port, host = run_that_is_over(), AIMA_PORTS[1], RealHost(folders=tmp_path, clock=RealClock())
    container = docker_engine.create(Spec(image=standin, name=f"churn-test-{run}", labels=labels(run)))
    assert host.hold(port)
    state(docker_engine)
    before = state(docker_engine)
    try:
        done = CliRunner().invoke(churn, ["doctor", "--json"], env=healthy, catch_exceptions=False)
        assert state(docker_engine) == before
    finally:
        host.release()
        docker_engine.remove(container)
    findings = read(done.exit_code, done.stdout)
    assert findings.code == 1
    assert findings.problems - {"stand-in image"} == {"leftovers", "AIMA's ports"}
    assert findings.of("AIMA's ports")[1].startswith(f"{port} is held by pid {os.getpid()} (")
    assert findings.of("leftovers")[1] == f"left by runs that are over: container churn-test-{run} (created)"
    assert findings.lines["leftovers"]["fix"] == "churn clean"
    assert "churn/nosuch:1 is not there" in findings.of("stand-in image")[1]
    assert "churn image build" in findings.lines["stand-in image"]["fix"]


@pytest.mark.docker
def test_a_port_that_a_container_publishes_is_told_by_its_name(
    docker_engine: DockerEngine, healthy: dict[str, str], standin: str
) -> None:
    run, port = new_run(), AIMA_PORTS[-1]
    command = ("serve", "/models", "--port", str(port))
    with_port = Spec(
        image=standin, name=f"churn-test-{run}", command=command, labels={"churn.test": run}, ports=(port,)
    )
    container = docker_engine.create(with_port)
    try:
        docker_engine.start(container)
        findings = told(**healthy)
    finally:
        docker_engine.remove(container, force=True)
    assert findings.problems == {"AIMA's ports"}
    assert findings.of("AIMA's ports")[1] == f"{port} is held by container churn-test-{run}"


@pytest.mark.docker
def test_a_docker_command_that_reaches_another_engine_is_told(healthy: dict[str, str], tmp_path: Path) -> None:
    other = tmp_path / "docker"
    other.write_text("#!/bin/sh\necho ANOTHER:ID\n")
    other.chmod(0o755)
    findings = told(**healthy, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert findings.problems == {"docker command"}
    assert f"{other} reaches another engine: ANOTHER:ID" in findings.of("docker command")[1]


@pytest.mark.docker
def test_an_engine_tells_what_it_is(docker_engine: DockerEngine) -> None:
    about = docker_engine.about()
    assert about.identity == docker_engine.identity().partition(",")[0]
    assert about.version == docker_engine.version()
    assert "runc" in about.runtimes
    assert docker_engine.bridge()
