"""Interrupts as a user meets them: the sweep, a program that is killed through the proxy, a reproducer that brings them along."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from churn.assembly import Target, assembled
from churn.lifecycle.operations import Create, Ending, Interrupt, Side, Start, Step, Stop
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
