"""A mistake in one's own description is told as that, with the line to write, and never as a bug of the manager."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from churn.cli import line
from churn.system.managers.gallery import gallery

SHELL = gallery()["shell"]
PROGRAMS = ("docker", "busybox")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The description of a manager that is a script of docker commands."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            if os.environ.get("CHURN_REQUIRE_DOCKER") == "1":
                pytest.fail(f"expected the program {program} on PATH; install it")
            pytest.skip(f"the manager in this test is a script that needs {program}, which is not on PATH")
    shutil.copy(SHELL.with_suffix(".sh"), tmp_path)
    shutil.copy(SHELL, tmp_path)
    return tmp_path / "shell.toml"


def written(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")


def churn(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if key != "DOCKER_HOST"}
    command = [sys.executable, "-m", "churn", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=120,
                          env={**environ, "NO_COLOR": "1", "COLUMNS": "100"})  # fmt: skip


def test_a_round_shows_how_each_step_was_understood(file: Path) -> None:
    found = churn("manager", "check", "shell.toml", "--run", "--engine", "emulated", folder=file.parent)
    assert found.returncode == 0, found.stdout + found.stderr
    headings = re.findall(r"^\w.*$", found.stdout.partition("to be known")[2], re.MULTILINE)
    assert [one for one in headings if one in ("create a", "its list", "start a", "stop a")] == [
        "create a", "its list", "start a", "its list", "stop a", "its list"
    ]  # fmt: skip
    assert re.search(r"service a: 'running' \(running\), port \d+\n", found.stdout)
    assert "is running, of service a, with port" in found.stdout
    assert found.stdout.endswith("all of it was understood, and as expected\n")


def test_the_stand_in_takes_the_place_of_an_image_that_the_engine_lacks(file: Path) -> None:
    written(file.with_name("shell.sh"), ("IMAGE=churn/stand-in:1", "IMAGE=mine/server:1"))
    written(file, ("[about]", 'image = "mine/server:1"\n\n[about]'))
    found = churn("manager", "check", "shell.toml", "--run", folder=file.parent)
    assert found.returncode == 0, found.stdout + found.stderr


def test_what_is_not_as_expected_is_told_with_exit_code_1(file: Path) -> None:
    removes, only_halts = (
        '  clear_away "$1"\n  mark "$1" stopped',
        '  docker stop $(containers "$1")\n  mark "$1" stopped',
    )
    written(file.with_name("shell.sh"), (removes, only_halts))
    found = churn("manager", "check", "shell.toml", "--run", folder=file.parent)
    assert found.returncode == 1, found.stdout + found.stderr
    assert re.search(r"not as expected\n(.*\n)*  no-orphans: expected .*of service a is exited\n", found.stdout)


def test_the_lines_by_which_containers_would_tell_whose_they_are(file: Path) -> None:
    written(file, ('service_label = "shell.service"\n', ""), ('labels = { "shell.session" = "{run}" }\n', ""))
    found = churn("manager", "check", "shell.toml", "--run", folder=file.parent)
    assert found.returncode == 0, found.stdout + found.stderr
    told = found.stdout.partition("could be told better")[2]
    assert '  [containers]\n  service_label = "shell.service"\n' in told
    assert '  labels = { "shell.session" = "{run}" }  # then a bug gets a shell script\n' in told


def test_labels_that_are_always_the_same_need_a_run_of_their_own(file: Path) -> None:
    written(file, ('SESSION = "{run}"', 'SESSION = "here"'), ('labels = { "shell.session" = "{run}" }\n', ""))
    found = churn("manager", "check", "shell.toml", "--run", folder=file.parent)
    assert (
        '  labels = { "shell.session" = "here" }  # then a bug gets a shell script; say global = true' in found.stdout
    )


def test_what_the_file_says_of_containers_and_they_do_not_have(file: Path) -> None:
    written(file, ('"shell.session"', '"mine"'), ('"shell.service"', '"mine.service"'))
    written(file, ("[containers]", "[containers]\nname_pattern = 'mine-.*'"))
    found = churn("manager", "check", "shell.toml", "--run", folder=file.parent)
    assert found.returncode == 2, found.stdout + found.stderr
    assert "containers.labels: expected mine=" in found.stderr
    for written_line in (
        'labels = { "shell.session" = "{run}" }',
        'service_label = "shell.service"',
        "name_pattern = 'shell-.+-(?P<service>.+)'",
    ):
        assert f"\n  [containers]\n  {written_line}\n" in f"{found.stderr}\n"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ("status: status", "status: state"),
            (
                "list: expected an entry whose status is a word of at most 300 characters, it printed JSON of another shape; "
                "write there:\n  [list]\n  json_lines = true\n  entries = '[].{service: name, status: status, port: port}'"
            ),
        ),
        (
            ("[containers]", '[words]\nrunning = ["up"]\n[containers]'),
            (
                "words: service a is running; its list says 'running', which does not mean that; write there:\n"
                '  [words]\n  running = ["up", "running"]'
            ),
        ),
        (
            (", port: port}", ", port: endpoint}"),
            (
                "list: it tells the port of service a, which is not read; write there:\n"
                "  [list]\n  json_lines = true\n  entries = '[].{service: name, status: status, port: port}'"
            ),
        ),
        (('service_label = "shell.service"', 'service_label = "mine"'), 'service_label = "shell.service"'),
    ],
    ids=["shape", "word", "port", "label"],
)
def test_a_run_ends_with_the_line_to_write_and_exit_code_2(file: Path, change: tuple[str, str], told: str) -> None:
    written(file, change)
    words = ("run", "--engine", "emulated", "--manager", "shell.toml", "--report", "report")
    found = churn(*words, "--max-operations", "0", folder=file.parent)
    assert found.returncode == 2, found.stdout + found.stderr
    assert found.stderr.startswith("churn: shell.toml: ")
    assert told in found.stderr
    assert "found:" not in found.stdout, "no bug is told"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("rnu",), "No such command 'rnu'; did you mean run?"),
        (("run", "--egnine", "docker"), "Did you mean"),
        (("run", "--engine", "dokcer"), "did you mean docker?"),
        (("run", "--manager", "refrence"), "got 'refrence'; did you mean reference?"),
        (("run", "--manager", "mien.toml"), "did you mean mine.toml?"),
        (("run", "--manager", "mine"), "did you mean mine.toml?"),
        (("run", "--manager", "docker-rnu"), "did you mean docker-run?"),
        (("run", "--defect", "stops-by-lable"), "did you mean stops-by-label?"),
        (("explore", "--exhaustive", "1", "--defect", "stops-by-lable", "--reproducers", "kept"), "stops-by-label?"),
        (("run", "--manager", "mine.toml", "--defect", "list-omits"), "for the reference manager only"),
    ],
)
def test_what_is_mistyped_is_told_before_anything_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    told: str,
) -> None:
    shutil.copy(SHELL, tmp_path / "mine.toml")
    monkeypatch.chdir(tmp_path)
    assert line([*words]) == 2
    assert told in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]
