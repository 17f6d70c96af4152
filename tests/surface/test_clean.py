"""`churn clean`: what runs that are over have left is removed, and of all others nothing."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import frozen

from churn.errors import NotFound
from churn.system import process
from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.engines.emulated.api.server import ServerSettings, served
from churn.system.ownership import HOST, JOB, OWNER, labels, marker
from churn.system.protocols import Spec
from churn.system.runs import new_run
from sandbox import run_that_is_over

FAR = {OWNER: "0123456789ab-7-8-abcdef", HOST: "far.example"}


@frozen
class Bed:
    """An engine, and a folder for temporary ones."""

    engine: DockerEngine
    folder: Path

    def clean(self, *words: str, code: int = 0, **environ: str) -> str:
        """Clean as a user whose HOME and state folder no run has; what it printed, errors included."""
        own = {"HOME": "/nowhere", "XDG_STATE_HOME": "/nowhere/else", "DOCKER_HOST": self.engine.url}
        done = subprocess.run(
            [sys.executable, "-m", "churn", "clean", *words],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **own, "TMPDIR": str(self.folder), **environ},
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def container(self, name: str, marks: dict[str, str]) -> str:
        """A container with those labels."""
        return self.engine.create(Spec(image="nginx", name=name, labels=marks))

    def names(self) -> list[str]:
        """The containers that are there."""
        return sorted(row.name for row in self.engine.list())


@pytest.fixture
def bed(folder: Path, tmp_path: Path) -> Iterator[Bed]:
    with (
        served(folder, ServerSettings(frozenset({"nginx:latest"}))) as server,
        closing(DockerEngine({}, f"unix://{server.path}")) as engine,
    ):
        yield Bed(engine, tmp_path)


def things(said: str, word: str) -> int:
    """Of how many things on the engine that is said. Processes of this machine may be of other tests."""
    return sum(line.startswith(word) and not line.startswith(f"{word} process") for line in said.splitlines())


def test_only_what_runs_that_are_over_have_made_is_removed(bed: Bed) -> None:
    dead, living = run_that_is_over(), new_run()
    for name, marks in {"left": labels(dead), "used": labels(living), "far": FAR, "web": {"app": "web"}}.items():
        bed.container(name, marks)
        bed.engine.create_volume(f"volume-{name}", marks)
        bed.engine.create_network(f"network-{name}", marks)
    said = bed.clean("--dry-run")
    assert f"would remove container left (created): made by run {dead}, which is over" in said
    assert things(said, "would remove") == 3
    assert bed.names() == ["far", "left", "used", "web"]

    said = bed.clean()
    assert f"leaving container used (created): run {living} is alive in process {os.getpid()}" in said
    assert f"run {FAR[OWNER]} on far.example may be alive" in said
    assert f"churn clean {FAR[OWNER]}" in said
    assert things(said, "removing") == 3
    assert bed.names() == ["far", "used", "web"]
    assert {one.name for one in bed.engine.resources() if "-" in one.name} == {
        f"{kind}-{name}" for kind in ("volume", "network") for name in ("used", "far", "web")
    }


def test_what_a_job_has_left_says_which_it_was(bed: Bed) -> None:
    dead = run_that_is_over()
    bed.container("left", labels(dead, "000012"))
    bed.engine.create_volume("volume", labels(dead, "000012"))
    bed.container("far", {**FAR, JOB: "000013"})
    said = bed.clean()
    assert f"removing container left (created): made by job 000012 in run {dead}, which is over" in said
    assert f"removing volume volume: made by job 000012 in run {dead}, which is over" in said
    assert f"leaving container far (created): job 000013 in run {FAR[OWNER]} on far.example may be alive" in said


def test_what_cannot_be_told_is_removed_when_it_is_named(bed: Bed) -> None:
    bed.container("far", FAR)
    bed.container("further", {OWNER: "made-by-an-older-churn"})
    assert "1 removed" in bed.clean(FAR[OWNER])
    assert bed.names() == ["further"]
    assert "1 removed" in bed.clean("made-by-an-older-churn")
    assert bed.names() == []


def test_a_run_that_is_no_text_is_none(bed: Bed) -> None:
    assert "0 removed" in bed.clean("\udcff")


def test_labels_of_others_do_not_steer_the_terminal(bed: Bed) -> None:
    bed.container("far", {OWNER: "x\x1b[2J\ny", HOST: "far\x9b2J"})
    said = bed.clean()
    assert r"leaving container far (created): run x\x1b[2J\ny on far\x9b2J may be alive" in said
    assert "\x1b" not in said


def test_what_is_alive_cannot_be_named(bed: Bed) -> None:
    living = new_run()
    bed.container("used", labels(living))
    said = bed.clean(living, code=2)
    assert f"expected runs that are over, got {living}, which is alive in process {os.getpid()}" in said
    assert bed.names() == ["used"]


def test_folders_and_processes_of_runs_that_are_over_go_also_where_no_engine_answers(bed: Bed) -> None:
    dead, living, clock = run_that_is_over(), new_run(), RealClock()
    for name in (f"{marker(dead)}-x", f"{marker(living)}-x", "churn-somebody's"):
        (bed.folder / name / "inside").mkdir(parents=True)
    (bed.folder / f"{marker(dead)}-link").symlink_to(bed.folder / "churn-somebody's")
    started = "import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True, env={})"
    for run in (dead, living):  # with an environment of their own: only the seal tells whose they are
        process.run([sys.executable, "-c", started], env={}, timeout=10, marker=marker(run))
    try:
        said = bed.clean(DOCKER_HOST="unix:///nowhere.sock", code=2)
        assert "the engine could not be asked" in said
        assert f"removing folder {bed.folder}/{marker(dead)}-x" in said
        assert sorted(path.name for path in bed.folder.iterdir()) == sorted(
            [f"{marker(living)}-x", "churn-somebody's", f"{marker(dead)}-link"]
        )
        assert (bed.folder / "churn-somebody's" / "inside").exists()
        deadline = clock.now() + 5
        while process.marked(marker(dead)) and clock.now() < deadline:
            clock.sleep(0.01)
        assert process.marked(marker(dead)) == ()
        assert len(process.marked(marker(living)) or ()) == 1
    finally:
        process.end_marked(marker(dead))
        process.end_marked(marker(living))


def test_what_cannot_be_removed_is_told_and_the_rest_is_removed(bed: Bed) -> None:
    dead = run_that_is_over()
    bed.engine.create_volume("used", labels(dead))
    user = bed.engine.create(Spec(image="nginx", name="web", mounts=()))
    network = "in-use"
    bed.engine.create_network(network, labels(dead))
    bed.engine._api.connect_container_to_network(user, network)
    bed.engine.start(user)
    bed.container("left", labels(dead))
    said = bed.clean(code=2)
    assert "network in-use could not be removed" in said
    assert "2 removed" in said
    assert bed.names() == ["web"]
    with pytest.raises(NotFound):
        bed.engine.inspect("left")
