"""What is ours, what only one may have, and the removal of what is ours and nothing else."""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from builders import Bench, bench

from churn import errors
from churn.system.clock import VirtualClock
from churn.system.engines.emulated import EmulatedEngine
from churn.system.ownership import HOST, JOB, OWNER, folder, labels, lease, marker, remove, run_of


def test_what_a_run_makes_says_whose_it_is_and_where_that_lives() -> None:
    marks = labels("run-1")
    assert marks[OWNER] == "run-1"
    assert marks[HOST]
    assert set(marks) == {OWNER, HOST}
    assert labels("run-1", "000012") == {**marks, JOB: "000012"}


def test_a_temporary_folder_says_whose_it_is_and_is_gone_after() -> None:
    with folder("run-1") as made:
        assert run_of(made.name).startswith("run-1-")
        assert list(made.iterdir()) == []
    assert not made.exists()
    assert run_of(marker("run-1")) == "run-1"
    assert run_of("somebody's") == ""


def test_where_no_temporary_folder_can_be_made_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    (tmp_path / "file").touch()
    with (
        pytest.raises(errors.EnvironmentFault, match=r"expected to make a temporary folder in .*file"),
        folder("run-1"),
    ):
        pass


# -- a lease ----------------------------------------------------------------------------------------------------------


def test_what_is_held_alone_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    clock, folder = VirtualClock(), tmp_path / "not" / "there"
    with lease("engine A:B/c", folder, clock):
        with lease("engine A:B/d", folder, clock):
            pass
        began = clock.now()
        with pytest.raises(errors.EnvironmentFault, match=r"engine A:B/c alone, but for 5 s another run") as caught:
            lease("engine A:B/c", folder, clock, 5.0).__enter__()
        assert clock.now() - began >= 5.0
    assert str(folder) in str(caught.value)
    with lease("engine A:B/c", folder, clock, 0.0):
        pass
    assert clock.now() - began < 6.0


def test_a_lease_is_had_as_soon_as_it_is_free(tmp_path: Path) -> None:
    class Passing(VirtualClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.now() > 1.0:
                held.close()

    held = ExitStack()
    held.enter_context(lease("it", tmp_path, VirtualClock()))
    clock = Passing()
    with lease("it", tmp_path, clock):
        assert 1.0 < clock.now() < 1.5


def test_a_lock_is_one_that_every_user_can_take(tmp_path: Path) -> None:
    with lease("it", tmp_path / "shared", VirtualClock()):
        pass
    (made,) = (tmp_path / "shared").iterdir()
    assert oct(made.stat().st_mode & 0o777) == "0o666"
    assert oct((tmp_path / "shared").stat().st_mode & 0o7777) == "0o1777"


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_no_lock_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "it.lock"
    {"folder": place.mkdir, "link": lambda: place.symlink_to("/etc/passwd"), "pipe": lambda: os.mkfifo(place)}[kind]()
    if kind == "link":
        with pytest.raises(errors.EnvironmentFault, match="which all users of this machine share"):
            lease("it", tmp_path, VirtualClock()).__enter__()
    else:
        with lease("it", tmp_path, VirtualClock()):
            pass


def test_where_the_folder_of_locks_is_none_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(errors.EnvironmentFault, match="make that folder one that all may write to"):
        lease("it", tmp_path / "file", VirtualClock()).__enter__()


# -- removal ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def docker() -> Bench:
    return bench()


@pytest.mark.parametrize("state", ["created", "running", "paused", "exited"])
def test_a_container_is_removed_in_whatever_state(docker: Bench, state: str) -> None:
    identity = docker.create() if state == "created" else docker.run()
    if state == "paused":
        docker.core.pause(identity)
    elif state == "exited":
        docker.engine.stop(identity)
    (row,) = docker.engine.list()
    assert row.state == state
    remove(docker.engine, row)
    assert docker.states() == []


def test_a_container_that_is_gone_or_going_is_fine(docker: Bench) -> None:
    docker.create()
    (row,) = docker.engine.list()
    docker.core.remove(row.id)
    remove(docker.engine, row)
    docker.clock.sleep(1.0)
    assert docker.states() == []
    remove(docker.engine, row)


def test_a_removal_that_fails_is_told(docker: Bench) -> None:
    docker.core.remover.unremovable.add(docker.create())
    (row,) = docker.engine.list()
    with pytest.raises(errors.EngineError):
        remove(docker.engine, row)


def test_only_the_container_that_is_meant_is_removed(docker: Bench) -> None:
    """It goes by its id: another may have its name by now."""
    docker.create("one")
    (row,) = docker.engine.list()
    EmulatedEngine(docker.core).remove(row.id)
    docker.create("one")
    remove(docker.engine, row)
    assert docker.states() == ["created"]
