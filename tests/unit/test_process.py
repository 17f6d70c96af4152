"""Commands: run to the end, cut off at the timeout, and nothing of theirs left behind unseen."""

import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from churn.errors import EnvironmentFault
from churn.system import process
from churn.system.clock import RealClock

ENV = {"PATH": os.environ["PATH"]}
Until = Callable[[Callable[[], bool]], float]

LONG = 30.0
"""Seconds that no test waits for: what takes as long has hung."""

PROMPT = 5.0
"""Seconds, generous for a slow machine, that tell a prompt return from a hang."""


def shell(script: str, timeout: float = LONG, **options: object) -> process.Finished:
    return process.run(["sh", "-c", script], env=ENV, timeout=timeout, **options)


def lives(pid: int) -> bool:
    """Whether it runs: a zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def marker() -> Iterator[str]:
    """A marker of this test's own; what still carries it afterwards is killed."""
    own = uuid4().hex
    yield own
    for line in process.marked(own) or ():
        os.kill(int(line.split()[0]), signal.SIGKILL)


def test_a_finished_command_tells_its_code_and_both_outputs() -> None:
    finished = shell("echo out; echo err >&2; exit 3")
    assert finished == process.Finished(("sh", "-c", "echo out; echo err >&2; exit 3"), 3, "out\n", "err\n")
    assert not finished.cut_off


def test_a_command_killed_by_a_signal_has_its_number_negated() -> None:
    assert shell("kill -KILL $$").code == -signal.SIGKILL


@pytest.mark.parametrize(
    ("script", "by"),
    [
        ("kill -KILL $$", "SIGKILL"),
        ("kill -USR1 $$", "SIGUSR1"),
        ("sh -c 'kill -TERM $$'; exit $?", "SIGTERM"),  # what a shell tells of a program of its own
        ("exit 137", "SIGKILL"),
        ("exit 138", ""),  # USR1 means something else to most programs
        ("exit 1", ""),
        ("exit 0", ""),
    ],
)
def test_which_signal_ended_it_is_told(script: str, by: str) -> None:
    assert shell(script).killed_by == by


def test_bytes_that_are_not_text_are_shown_by_their_numbers() -> None:
    assert shell(r"printf 'a\377b'").stdout == r"a\xffb"


def test_the_environment_is_the_one_given_and_the_marker() -> None:
    finished = process.run(["/usr/bin/env"], env={"ONLY": "this"}, timeout=LONG, marker="m")
    assert set(finished.stdout.split()) == {"ONLY=this", "CHURN_MARKER=m"}


def test_standard_input_is_empty_and_the_folder_the_one_given(tmp_path: Path) -> None:
    assert shell("cat; pwd", cwd=str(tmp_path)).stdout == f"{tmp_path}\n"


def test_a_command_has_a_session_of_its_own() -> None:
    finished = process.run(
        [sys.executable, "-c", "import os; print(os.getsid(0) == os.getpid())"], env=ENV, timeout=LONG
    )
    assert finished.stdout == "True\n"


def test_the_timeout_cuts_off_the_command_with_its_group_and_keeps_the_output() -> None:
    began = RealClock().now()
    finished = shell("sleep 30 & echo $!; wait", timeout=0.3)
    assert (finished.cut_off, finished.code) == (True, None)
    assert RealClock().now() - began < PROMPT
    assert not lives(int(finished.stdout))


def test_a_command_that_ignores_sigterm_is_cut_off_too() -> None:
    assert shell("trap '' TERM; sleep 30", timeout=0.3).cut_off


def test_ctrl_c_kills_the_command_and_goes_on(tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            shell(f"echo $$ > {tmp_path}/pid; sleep 30")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not lives(int((tmp_path / "pid").read_text()))


def test_a_background_process_that_holds_the_output_open_is_not_waited_for(marker: str) -> None:
    began = RealClock().now()
    finished = shell("echo before; sleep 30 & exit 0", marker=marker)
    assert RealClock().now() - began < PROMPT
    assert (finished.code, finished.stdout) == (0, "before\n")


@pytest.mark.parametrize(
    "background",
    [
        "sleep 30 &",
        "setsid sleep 30 &",
        "(setsid sleep 30 >/dev/null 2>&1 &)",
        "env -i sleep 30 &",
        "(cd / && env -i setsid sh -c 'sleep 30 & exit' >/dev/null 2>&1 &)",
    ],
)
def test_marked_sees_what_was_left_running(marker: str, background: str, until: Until) -> None:
    shell(background, marker=marker)
    until(lambda: [line.partition(" ")[2] for line in process.marked(marker) or ()] == ["sleep"])


def test_what_was_left_running_is_somebodys_and_can_be_ended_whatever_environment_it_has(
    marker: str, until: Until
) -> None:
    shell("sleep 30 & env -i sleep 30 &", marker=marker)
    until(lambda: len(process.marked(marker) or ()) == 2)
    assert all(process.is_marked(int(line.split()[0])) for line in process.marked(marker) or ())
    assert not process.is_marked(os.getpid())
    process.end_marked(marker)
    until(lambda: process.marked(marker) == ())


def test_whoever_runs_a_command_carries_no_marker_itself(marker: str) -> None:
    before = resource.getrlimit(process._SEAL)
    finished = shell("grep locks /proc/self/limits", marker=marker)
    assert str(process._seal(marker)) in finished.stdout
    assert resource.getrlimit(process._SEAL) == before
    with pytest.raises(EnvironmentFault):
        process.run(["no-such-program"], env=ENV, timeout=LONG, marker=marker)
    assert resource.getrlimit(process._SEAL) == before
    assert str(process._seal(marker)) not in shell("grep locks /proc/self/limits").stdout


def test_marked_leaves_zombies_out_that_a_parent_does_not_reap(marker: str, until: Until) -> None:
    """Their limits are told on when nothing else is."""
    shell("env -i sh -c 'true & echo $! >&2; exec sleep 30' &", marker=marker)
    until(lambda: [line.split()[1] for line in process.marked(marker) or ()] == ["sleep"])


def test_marked_sees_nothing_of_a_longer_marker_or_of_an_ended_command(marker: str) -> None:
    shell("sleep 30 &", marker=marker + "x")
    shell("true", marker=marker)
    try:
        assert process.marked(marker) == ()
    finally:
        for line in process.marked(marker + "x") or ():
            os.kill(int(line.split()[0]), signal.SIGKILL)


def test_marked_leaves_zombies_out(marker: str) -> None:
    child = os.posix_spawn("/bin/true", ["true"], {"CHURN_MARKER": marker})
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    try:
        assert process.marked(marker) == ()
    finally:
        os.waitpid(child, 0)


def test_a_missing_program_is_the_environments_fault_and_names_the_remedy() -> None:
    with pytest.raises(EnvironmentFault, match=r"'no-such-program x'.*install it or put it on PATH"):
        process.run(["no-such-program", "x"], env=ENV, timeout=LONG)


def test_a_missing_folder_is_told_apart_from_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="no such folder"):
        shell("true", cwd=str(tmp_path / "none"))


def test_a_file_that_is_no_program_is_the_environments_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="Permission denied"):
        process.run([str(tmp_path / "file")], env=ENV, timeout=LONG)


def test_shown_can_be_pasted_into_a_shell() -> None:
    assert process.shown(["docker", "run", "a b", "$x"]) == "docker run 'a b' '$x'"


def test_of_a_long_output_both_ends_are_kept_and_the_cut_is_told() -> None:
    script = "import sys\nfor place in range(200_000): print(f'line {place}')\nprint('the end', file=sys.stderr)"
    finished = process.run([sys.executable, "-c", script], env={}, timeout=60)
    assert len(finished.stdout) < process.MOST_KEPT + 100
    assert finished.stdout.startswith("line 0\nline 1\n")
    assert finished.stdout.endswith("line 199998\nline 199999\n")
    assert re.search(r"\n… \[\d+ bytes left out\] …\n", finished.stdout)
    assert finished.stderr == "the end\n"
