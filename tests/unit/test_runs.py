"""Whether a run is over is told by its id and the kernel, whoever asks; what cannot be proved is not claimed."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from churn.system import runs
from churn.system.runs import RUN, Life, life, new_run, process_of

_HOLDER = "import sys; from churn.system.runs import new_run; print(new_run(), flush=True); sys.stdin.read()"
_ASKER = "import sys; from churn.system.runs import life; print(life(sys.argv[1]).value)"
STRANGE = ("", "dead", "0123456789ab", "x-1-1-000000", "0123456789ab-0-1-abcdef", f"0123456789ab-{10**12}-1-abcdef")


def environ() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(sys.path), "HOME": "/nowhere", "XDG_STATE_HOME": "/nowhere/else"}


@pytest.fixture
def other() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process in which a run lives that has nothing in common with this one but the machine, and the run."""
    argv = [sys.executable, "-c", _HOLDER]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ(), cwd="/"
    ) as child:
        assert child.stdout is not None
        yield child, child.stdout.readline().strip()
        child.kill()


def test_no_two_runs_have_the_same_id() -> None:
    assert len({new_run() for _ in range(100)}) == 100


def test_an_id_can_stand_in_a_name() -> None:
    run = new_run()
    assert RUN.fullmatch(run)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{,45}", run), "compose projects, containers, sockets' folders are called so"
    assert process_of(run) == f"process {os.getpid()}"
    assert process_of("nonsense") == ""


def test_a_run_of_this_process_is_alive() -> None:
    assert life(new_run()) is Life.ALIVE


def test_a_run_is_alive_until_its_process_has_ended(other: tuple[subprocess.Popen[str], str]) -> None:
    child, run = other
    assert life(run) is Life.ALIVE
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert life(run) is Life.OVER, "it has ended, and nobody has waited for it"
    child.wait()
    assert life(run) is Life.OVER


def test_a_later_process_of_the_same_id_is_not_taken_for_it() -> None:
    where, pid, started, rest = new_run().split("-")
    assert life(f"{where}-{pid}-{int(started) - 1}-{rest}") is Life.OVER


@pytest.mark.parametrize("run", STRANGE)
def test_an_id_that_tells_nothing_is_left_open(run: str) -> None:
    assert life(run) is Life.UNKNOWN


def test_of_another_machine_or_boot_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run()
    monkeypatch.setattr(runs, "_where", lambda: "0" * 12)
    assert life(run) is Life.UNKNOWN
    assert life(new_run()) is Life.ALIVE


def test_where_the_kernel_does_not_tell_which_boot_it_is_nothing_is_claimed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr(runs, "_BOOT", runs.Path(str(tmp_path), "none"))
    assert life(new_run()) is Life.UNKNOWN


def test_a_process_of_another_user_whose_start_is_hidden_may_be_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run()
    monkeypatch.setattr(runs, "_status", lambda _: None)
    assert life(run) is Life.UNKNOWN


def test_in_another_pid_namespace_nothing_is_claimed(other: tuple[subprocess.Popen[str], str]) -> None:
    """There the run's process has another id, or none."""
    _, run = other
    unshare = shutil.which("unshare")
    if os.geteuid() != 0 or unshare is None:
        pytest.skip("a namespace of its own needs root, and unshare on PATH")
    for options in (("--mount-proc",), ()):
        argv = [unshare, "--pid", "--fork", *options, sys.executable, "-c", _ASKER, run]
        told = subprocess.run(argv, capture_output=True, text=True, check=True, env=environ())
        assert told.stdout == "unknown\n"


def test_another_user_is_told_the_same(other: tuple[subprocess.Popen[str], str]) -> None:
    _, run = other
    if os.geteuid() != 0:
        pytest.skip("to ask as another user needs root")
    script = "import os, sys; from churn.system import runs; os.setuid(65534); print(runs.life(sys.argv[1]).value)"
    argv = [sys.executable, "-c", script, run]
    told = subprocess.run(argv, capture_output=True, text=True, check=True, env=environ())
    assert told.stdout == "alive\n"
