"""Interrupts as a user meets them: the sweep, a program that is killed through the proxy, a reproducer that brings them along."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from churn.assembly import Target, assembled
from churn.lifecycle.operations import Create, Ending, Interrupt, InterruptAt, Side, Start, Step, Stop
from churn.lifecycle.outcome import Ok, Unknown
from churn.lifecycle.sequence import Sequence
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.system.clock import RealClock
from churn.system.managers.gallery import gallery

SHELL = gallery()["shell"]


def churn(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "churn", *words], capture_output=True, text=True, check=False)


def test_the_sweep_tells_what_fails_and_keeps_it(tmp_path: Path) -> None:
    done = churn("explore", "--interrupts", "--defect", "kill-wedges", "--reproducers", str(tmp_path))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "start that fails" in done.stdout
    kept = sorted(tmp_path.glob("*.json"))
    steps = [step for path in kept for step in json.loads(path.read_text(encoding="utf-8"))["steps"]]
    assert any(step["do"] == "interrupt" and step["among"] == "all" for step in steps)
    again = churn("replay", str(kept[0]))
    assert again.returncode == 1, again.stdout + again.stderr


@pytest.mark.parametrize("words", [(), ("--interrupts", "--exhaustive", "2")], ids=["neither", "both"])
def test_one_kind_of_search_has_to_be_chosen(words: tuple[str, ...]) -> None:
    done = churn("explore", *words)
    assert done.returncode == 2
    assert "expected" in done.stderr


@pytest.mark.parametrize(
    ("how", "side"), [(Ending.KILL, Side.BEFORE), (Ending.KILL, Side.AFTER), (Ending.INT, Side.AFTER)]
)
def test_a_program_is_ended_at_its_call_of_the_engine_and_gets_well_again(
    tmp_path: Path, how: Ending, side: Side
) -> None:
    steps = (Create("a"), Interrupt(2, side, how), Start("a"), Stop("a"), Start("a"), Stop("a"))
    target = Target(manager=str(SHELL), environ=dict(os.environ), leases=tmp_path, interrupts=True)
    with assembled(target) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        done = session.run("a test", ("a",), Sequence(tuple(map(Step, steps))))
    _, _, ended, *after = [record.outcome for record in done.records]
    if how is Ending.KILL or not isinstance(ended, Ok):  # a program may end well before it heeds a SIGINT
        assert isinstance(ended, Unknown), ended
        assert "interrupt on start" in ended.reason
        assert f"SIG{how.name}" in ended.reason
    assert all(isinstance(one, Ok) for one in after)


@pytest.mark.parametrize("percent", [10, 50, 90])
def test_a_program_is_ended_after_a_part_of_its_usual_time_and_gets_well_again(tmp_path: Path, percent: int) -> None:
    learned = (Create("a"), Start("a"), Stop("a"), Start("a"), Stop("a"))
    steps = (*learned, InterruptAt(percent), Start("a"), Stop("a"), Start("a"), Stop("a"))
    target = Target(manager=str(SHELL), environ=dict(os.environ), leases=tmp_path, interrupts=True)
    with assembled(target) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        done = session.run("a test", ("a",), Sequence(tuple(map(Step, steps))))
    *_, usual, _, _, ended, first, second, third = [record.outcome for record in done.records]
    assert usual is not None
    assert ended is not None
    if percent < 90 or isinstance(ended, Unknown):  # it may be a tenth quicker this time
        assert isinstance(ended, Unknown), ended
        assert "it was interrupted (interrupt-at on the way, after" in ended.reason
        assert "SIGKILL" in ended.reason
    assert all(isinstance(one, Ok) for one in (first, second, third))


def test_a_file_that_is_silent_of_calls_that_nobody_sees_is_told_the_line_for_it(tmp_path: Path) -> None:
    """The manager leaves the proxy out, and goes straight to the engine."""
    for one in (SHELL, SHELL.with_suffix(".sh")):
        text = one.read_text(encoding="utf-8")
        (tmp_path / one.name).write_text(text, encoding="utf-8")
    script = tmp_path / "shell.sh"
    straight = 'DOCKER_HOST=unix://$(dirname "${DOCKER_HOST#unix://}")/engine.sock; export DOCKER_HOST\n'
    head, shebang, rest = script.read_text(encoding="utf-8").partition("set -euo pipefail\n")
    assert shebang
    script.write_text(head + shebang + straight + rest, encoding="utf-8")
    words = ("run", "--manager", str(tmp_path / "shell.toml"), "--engine", "emulated", "--max-operations", "0")
    done = churn(*words, "--interrupts", "--report", str(tmp_path / "report"))
    assert done.returncode == 2, done.stdout + done.stderr
    assert 'engine_calls = "unseen"' in done.stderr
    assert "was made by no call of Docker's API" in done.stderr
