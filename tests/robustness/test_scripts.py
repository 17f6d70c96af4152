"""Shell scripts of bugs on a real Docker: a few of `scripts.py`, and one of a manager that a file describes."""

import shutil
from pathlib import Path

import pytest
from attrs import evolve
from scripts import KEPT, NOT_REPRODUCED, REPRODUCED, ran, shown

from churn.lifecycle.operations import Create, Start, Step, Stop
from churn.lifecycle.sequence import Sequence
from churn.reproducers.file import Reproducer, load
from churn.reproducers.shell import as_shell, description_of
from churn.session.verdict import Signature
from churn.system.managers.gallery import gallery

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("standin")]

SHELL = gallery()["shell"]
HALTS, ONLY_HALTS = (
    'stop() {\n  known "$1"\n  clear_away "$1"\n',
    'stop() {\n  known "$1"\n  docker stop --time 2 $(containers "$1") >/dev/null || true\n',
)
"""A stop of shell.sh, and one that leaves its container."""


@pytest.mark.parametrize("name", ["never-started-is-an-error", "leaves-container", "list-omits"])
def test_a_script_shows_the_bug_and_not_the_healthy_manager(name: str) -> None:
    (path,) = KEPT.glob(f"{name}--*.json")
    row = shown(name, load(path))
    assert row["shown"], row


def test_a_script_shows_a_bug_of_a_manager_that_a_file_describes(tmp_path: Path) -> None:
    broken = tmp_path / "managers"
    shutil.copytree(SHELL.parent, broken)
    script = (broken / "shell.sh").read_text()
    assert script.count(HALTS) == 1
    (broken / "shell.sh").write_text(script.replace(HALTS, ONLY_HALTS))
    bug = Reproducer(
        signature=Signature("no-orphans", "stop", "running"),
        expected="no container but those of running services",
        seen="a#1 (shell-x) of service a is exited",
        names=("a",),
        sequence=Sequence((Step(Create("a")), Step(Start("a")), Step(Stop("a")))),
        manager=str(broken / "shell.toml"),
        engine="docker",
    )
    told = ran(as_shell(bug, description_of(bug.manager)))
    assert told["code"] == REPRODUCED, told
    mended = evolve(bug, manager="shell")
    told = ran(as_shell(mended, description_of(mended.manager)))
    assert told["code"] == NOT_REPRODUCED, told
