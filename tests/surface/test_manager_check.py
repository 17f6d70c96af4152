"""`churn manager check` as its users meet it, and how `churn run` takes a description file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from churn.cli import churn
from churn.system.managers.gallery import gallery

FILE = """
[create]
argv = ["touch", "{dir}/was-run"]
[start]
argv = ["mine", "start", "{service}", "--port={port}", "--model", "{folder}"]
timeout = 9
[stop]
argv = ["mine", "stop", "{service}"]
[list]
argv = ["cat", "{dir}/printed"]
entries = "[].{service: name, status: state, port: port}"
[env]
MINE_HOME = "{state}"
[words]
running = ["up", "serving"]
[containers]
labels = { "mine.run" = "{run}", "mine" = "" }
name_pattern = 'mine-(?P<service>.+)'
[contract]
second_start = "ignored"
restart_policies = ["always"]
[contract.bounds]
settling = 5
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "mine.toml").write_text(FILE)
    return tmp_path / "mine.toml"


def check(*words: str) -> Result:
    environment = {"NO_COLOR": "1", "COLUMNS": "80"}
    return CliRunner().invoke(churn, ["manager", "check", *words], env=environment, catch_exceptions=False)


def refused(*words: str) -> str:
    """What a command that could not run says."""
    found = subprocess.run(
        [sys.executable, "-m", "churn", *words], capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert found.returncode == 2, found.stdout
    return found.stderr


def test_what_was_understood_is_shown_and_nothing_is_run(file: Path) -> None:
    found = check(str(file))
    assert found.exit_code == 0
    lines = found.output.splitlines()
    for line in (
        f"  create: touch {file.parent}/was-run (at most 40 s)",
        "  start: mine start a --port=8000 --model FOLDER (at most 9 s)",
        "  stop: mine stop a (at most 130 s)",
        "  status: not offered",
        "  MINE_HOME=STATE",
        "  running: up, serving",
        "  failed: failed",
        "  labels that mark them: mine.run=RUN, mine",
        "  names that mark them: mine-(?P<service>.+)",
        "  second_start: ignored (usual: either)",
        "  restart_policies: always (usual: none)",
        "  bounds.settling: 5 (usual: 2)",
    ):
        assert line in lines, found.output
    assert not any(line.startswith("  idle_stop") for line in lines), "it is the usual one"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("example", gallery())
def test_the_worked_examples_are_understood(example: str) -> None:
    found = check(example)
    assert found.exit_code == 0
    assert f"{example}, as " in found.output
    assert "misbehave" not in found.output


def test_servers_that_cannot_be_told_to_misbehave_are_named(file: Path) -> None:
    file.write_text(FILE.replace(', "--model", "{folder}"', ""))
    assert "no command uses {folder}: servers cannot be told to misbehave" in check(str(file)).output


def test_what_is_wrong_in_a_file_is_one_line_with_exit_code_2(file: Path) -> None:
    file.write_text(FILE.replace("second_start", "second_strat"))
    (line,) = refused("manager", "check", str(file)).splitlines()
    assert line.startswith(f"churn: {file}: contract.second_strat: expected one of the keys second_start, ")
    assert line.endswith("did you mean second_start?")
    assert refused("run", "--engine", "docker", "--manager", str(file), "--report", str(file.parent)).strip() == line


def test_a_described_manager_has_no_defects_to_plant(file: Path) -> None:
    words = ("run", "--manager", str(file), "--report", str(file.parent))
    assert "for the reference manager only" in refused(*words, "--engine", "docker", "--defect", "list-omits")
    assert "for the reference manager only" in refused(*words, "--engine", "emulated", "--defect", "list-omits")
