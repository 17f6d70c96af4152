"""`churn init` as somebody who is new meets it: a few answers, and a description that is understood."""

import io
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

from churn.cli import line

MANAGER = """
import argparse, sys

parser = argparse.ArgumentParser(prog="mine", epilog="MINE_HOME is where it keeps its services")
commands = parser.add_subparsers(metavar="COMMAND")
for word in ("add", "up", "down", "ls"):
    command = commands.add_parser(word, help=f"to {word} it")
    if word != "ls":
        command.add_argument("name")
    if word == "add":
        command.add_argument("--port", type=int)
parser.parse_args()
open("was-run", "w").close()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MANAGER)
    return tmp_path


@frozen
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def churn(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """A way to run a command in the folder, with these answers on its standard input."""
    monkeypatch.chdir(folder)

    def run(*words: str, answers: str = "") -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO(answers))
        code = line([*words])
        return Done(code, *capsys.readouterr())

    return run


def test_five_answers_make_a_description_that_is_understood(churn: Callable[..., Done], folder: Path) -> None:
    found = churn("init", answers=f"{sys.executable} mine.py\n\n\n\n\n")
    assert found.returncode == 0, found.stderr
    told = tomllib.loads((folder / "manager.toml").read_text())
    script = [sys.executable, "{dir}/mine.py"]
    assert {kind: told[kind]["argv"] for kind in ("create", "start", "stop", "list")} == {
        "create": [*script, "add", "{service}", "--port", "{port}"],
        "start": [*script, "up", "{service}"],
        "stop": [*script, "down", "{service}"],
        "list": [*script, "ls"],
    }
    assert told["env"] == {"MINE_HOME": "{state}"}
    assert "churn manager check manager.toml --run" in found.stdout
    assert churn("manager", "check", "manager.toml").returncode == 0
    assert not (folder / "was-run").exists(), "only its help was asked for"


def test_answers_count_more_than_guesses(churn: Callable[..., Done], folder: Path) -> None:
    answers = "./other\n-\n./other go {service}\n./other end {service}\n-\nOTHER\n"
    found = churn("init", "other.toml", answers=answers)
    assert found.returncode == 0, found.stderr
    told = tomllib.loads((folder / "other.toml").read_text())
    assert told.keys() == {"env", "start", "stop", "words", "contract"}
    assert told["start"]["argv"] == ["./other", "go", "{service}"]
    assert told["env"] == {"OTHER": "{state}"}


def test_nothing_has_to_be_asked(churn: Callable[..., Done], folder: Path) -> None:
    found = churn("init", "--yes", "--program", f"{sys.executable} mine.py")
    assert found.returncode == 0, found.stderr
    assert (folder / "manager.toml").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("mine.py",), "mine.py: expected a file that is not there yet"),
        (("mine.py/deep.toml",), "FILE mine.py: expected a folder that can be written, but: mine.py is no folder"),
        ((), "expected an answer to each question, but the input has ended"),
        (("--yes",), "--yes: expected --program beside it"),
        (("--yes", "--program", "false"), "expected a command to start a service"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    churn: Callable[..., Done], folder: Path, words: tuple[str, ...], told: str
) -> None:
    found = churn("init", *words)
    assert found.returncode == 2
    assert told in found.stderr
    assert [path.name for path in folder.iterdir()] == ["mine.py"]
