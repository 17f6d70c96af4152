"""The gallery: what is in it is named, told and understood, and each file says where its promises come from."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from churn.assembly import Target, contract_of
from churn.cli import churn
from churn.cli.guide import page
from churn.pytest_plugin.reproducing import _need_gallery
from churn.system.managers import MANAGERS
from churn.system.managers.command import read
from churn.system.managers.gallery import gallery
from churn.system.managers.gallery.probing import lacking

each_name = pytest.mark.parametrize("name", gallery())
MOST_LINES_OF_SHELL = 150


def told(*words: str) -> str:
    found = CliRunner().invoke(churn, words)
    assert found.exit_code == 0, found.output
    return found.output


def test_the_list_has_all_of_them() -> None:
    lines = told("managers").splitlines()
    assert [name for name in gallery() if not any(line.split()[:1] == [name] for line in lines)] == []


@each_name
def test_a_description_says_what_it_is_where_its_promises_come_from_and_what_it_was_tried_with(name: str) -> None:
    about = read(gallery()[name]).about
    assert about.summary
    assert about.manual
    assert about.versions
    assert about.cannot
    assert about.probe


@each_name
def test_the_guide_has_a_line_for_it(name: str) -> None:
    assert f"| `{name}` |" in page("gallery")


@each_name
def test_a_name_stands_for_its_file_and_for_nothing_else(name: str) -> None:
    assert name not in MANAGERS
    assert contract_of(Target(manager=name)) == contract_of(Target(manager=str(gallery()[name])))
    assert told("managers", "show", name) == gallery()[name].read_text(encoding="utf-8")


def test_a_mistyped_name_is_refused_with_what_was_probably_meant() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "churn", "managers", "show", "compsoe"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "churn: expected a name of the gallery, got 'compsoe'; did you mean compose?\n"


def test_one_that_is_not_here_is_told_with_why(tmp_path: Path) -> None:
    assert lacking("shell", os.environ) == ""
    told = lacking("docker-run", {"PATH": str(tmp_path)})
    assert told.startswith("docker-run is not here: expected to run 'docker version'")
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho no engine >&2\nexit 1\n")
    program.chmod(0o755)
    assert lacking("docker-run", {"PATH": str(tmp_path)}) == "docker-run is not here: docker version: no engine"


def test_a_reproducer_of_one_is_replayed_on_its_kind_of_engine_and_where_it_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _need_gallery("reference", "emulated", "docker")
    _need_gallery("shell", "docker", "docker")
    with pytest.raises(pytest.skip.Exception, match="shell failed on the engine docker: name that with --churn-engine"):
        _need_gallery("shell", "emulated", "docker")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="shell is not here: "):
        _need_gallery("shell", "docker", "docker")


def test_the_shell_manager_is_short() -> None:
    script = gallery()["shell"].with_suffix(".sh").read_text(encoding="utf-8")
    assert script.count("\n") <= MOST_LINES_OF_SHELL
