"""`churn run` with a program on the emulated engine: no Docker but its command, and ports that answer."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from churn.assembly import Target, assembled
from churn.errors import EnvironmentFault
from churn.system import ownership
from churn.system.clock import RealClock
from churn.system.managers.gallery import gallery

SHELL = gallery()["shell"]
PROGRAMS = ("docker", "busybox")


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    for program in PROGRAMS:
        if shutil.which(program) is None:
            if os.environ.get("CHURN_REQUIRE_DOCKER") == "1":
                pytest.fail(f"expected the program {program} on PATH; install it")
            pytest.skip(f"the manager in this test is a script that needs {program}, which is not on PATH")
    command = [sys.executable, "-m", "churn", "run", "--engine", "emulated", "--report", str(folder), *words]
    environ = {key: value for key, value in os.environ.items() if key != "DOCKER_HOST"}
    environ |= {"NO_COLOR": "1", "XDG_STATE_HOME": str(folder / "state")}
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=120, check=False)


def test_a_described_manager_passes_on_an_emulated_engine(tmp_path: Path) -> None:
    done = run(tmp_path, "--manager", str(SHELL), "--max-operations", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASS") >= 5


@pytest.mark.parametrize("alone", [True, False])
def test_a_manager_that_a_machine_can_have_once_only_is_had_alone(tmp_path: Path, alone: bool) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"global = {str(alone).lower()}\n[start]\nargv = ['true']\n[stop]\nargv = ['true']\n")
    target = Target(manager=str(file), engine="emulated", leases=tmp_path / "leases")
    lease = ownership.lease("the manager mine", tmp_path / "leases", RealClock(), patience=0)
    with assembled(target):
        if alone:
            with pytest.raises(EnvironmentFault, match="to hold the manager mine alone"), lease:
                pass
        else:
            with lease:
                pass


def test_a_server_that_ignores_sigterm_has_its_grace_at_any_speed(tmp_path: Path) -> None:
    """`docker stop --time 2` is shorter there by the clock of this machine."""
    found = run(tmp_path, "--manager", str(SHELL), "--cycles", "1", "--speed", "8", "--budget", "20s", "--seed", "1")
    assert "graceful-stop after" not in found.stdout, found.stdout


def test_what_is_broken_in_it_is_found_there(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(SHELL.parent, broken)
    script = broken / "shell.sh"
    text = script.read_text(encoding="utf-8")
    removes, only_halts = (
        '  clear_away "$1"\n  mark "$1" stopped',
        '  docker stop $(containers "$1")\n  mark "$1" stopped',
    )
    assert removes in text
    script.write_text(text.replace(removes, only_halts), encoding="utf-8")
    done = run(tmp_path / "report", "--manager", str(broken / "shell.toml"), "--max-operations", "0")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no-orphans" in done.stdout
