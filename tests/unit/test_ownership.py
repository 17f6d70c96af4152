"""What is ours, which runs are alive, and what may be cleaned up."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from builders import Bench, bench

from churn import errors
from churn.system.clock import VirtualClock
from churn.system.engines.emulated import EmulatedEngine
from churn.system.ownership import (
    HOST,
    OWNER,
    alive,
    bury,
    dead_runs,
    is_alive,
    is_dead,
    labels,
    lease,
    new_run,
    remove,
)

_HOLDER = """
import sys
from pathlib import Path
from churn.system.ownership import alive
with alive(sys.argv[1], Path(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_no_two_runs_have_the_same_id() -> None:
    assert len({new_run() for _ in range(100)}) == 100


def test_what_a_run_makes_says_whose_it_is_and_where_that_lives() -> None:
    marks = labels("run-1")
    assert marks[OWNER] == "run-1"
    assert marks[HOST]
    assert set(marks) == {OWNER, HOST}


def test_a_run_is_alive_while_it_holds_its_lock(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    assert not is_alive("run-1", folder)
    with alive("run-1", folder):
        assert is_alive("run-1", folder)
        assert not is_alive("run-2", folder)
        assert not is_dead(labels("run-1"), folder)
    assert not is_alive("run-1", folder)
    assert is_dead(labels("run-1"), folder)


def test_runs_may_stand_side_by_side(tmp_path: Path) -> None:
    with alive("run-1", tmp_path):
        with alive("run-2", tmp_path):
            assert is_alive("run-1", tmp_path)
            assert is_alive("run-2", tmp_path)
        assert is_alive("run-1", tmp_path)
        assert not is_alive("run-2", tmp_path)


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


def test_to_ask_does_not_take_the_lock(tmp_path: Path) -> None:
    with alive("run-1", tmp_path):
        for _ in range(3):
            assert is_alive("run-1", tmp_path)


def test_a_run_that_ends_in_order_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyError), alive("run-1", tmp_path):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_run_whose_process_was_killed_is_dead_though_its_file_is_there(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, "run-1", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path)},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert is_alive("run-1", tmp_path)
        assert not is_dead(labels("run-1"), tmp_path)
        holder.kill()
    assert [path.name for path in tmp_path.iterdir()] == ["run-1.lock"]
    assert not is_alive("run-1", tmp_path)
    assert is_dead(labels("run-1"), tmp_path)


def test_dead_runs_are_those_whose_locks_nobody_holds(tmp_path: Path) -> None:
    for run in ("killed-2", "killed-1"):
        (tmp_path / f"{run}.lock").touch()
    with alive("living", tmp_path):
        assert dead_runs(tmp_path) == ("killed-1", "killed-2")
        bury("killed-1", tmp_path)
        assert dead_runs(tmp_path) == ("killed-2",)
    assert dead_runs(tmp_path / "nowhere") == ()


def test_a_run_that_has_no_lock_can_be_buried_too(tmp_path: Path) -> None:
    bury("never-was", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_of_another_host_is_never_taken_for_dead(tmp_path: Path) -> None:
    """Its lock cannot be seen from here."""
    assert not is_dead({OWNER: "run-1", HOST: "elsewhere"}, tmp_path)
    assert not is_dead({OWNER: "run-1"}, tmp_path)


def test_what_carries_no_owner_is_nobodys_to_clean(tmp_path: Path) -> None:
    marks = labels("run-1")
    assert not is_dead({}, tmp_path)
    assert not is_dead({HOST: marks[HOST]}, tmp_path)
    assert not is_dead({"app": "shop"}, tmp_path)


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
