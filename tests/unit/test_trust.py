"""Which description files a reproducer may have run."""

from pathlib import Path

import pytest
from attrs import evolve
from click.testing import CliRunner

from churn.cli import churn
from churn.errors import UsageError
from churn.lifecycle.operations import Create, Step
from churn.lifecycle.sequence import Sequence
from churn.reproducers.file import Reproducer, save
from churn.reproducers.trust import replaying, trusted
from churn.session.verdict import Signature

FOUND = Reproducer(
    signature=Signature("accepted", "create", "absent"),
    expected="",
    seen="",
    names=("a",),
    sequence=Sequence((Step(Create("a")),)),
)


def test_a_description_beside_the_file_is_used(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").touch()
    assert trusted("mine.toml", tmp_path / "found.json") == str(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    ("manager", "binary", "command"),
    [
        ("reference", "", "churn replay 'my bugs/found.json'"),
        ("../mine.toml", "", "churn replay --manager ../mine.toml 'my bugs/found.json'"),
        ("aima", "./aima", "churn replay --aima-bin ./aima 'my bugs/found.json'"),
        ("aima", "", "churn replay 'my bugs/found.json'"),
    ],
)
def test_the_command_to_paste_names_the_description(manager: str, binary: str, command: str) -> None:
    assert replaying(Path("my bugs/found.json"), manager, binary) == command


def test_a_manager_by_name_needs_no_trust(tmp_path: Path) -> None:
    assert trusted("reference", tmp_path / "found.json") == "reference"


def test_a_link_beside_the_file_leads_out_of_its_folder(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "m.toml").touch()
    (inside / "m.toml").symlink_to(outside / "m.toml")
    for name in ("m.toml", "../outside/m.toml", str(outside / "m.toml")):
        with pytest.raises(UsageError, match="expected a description in the file's own folder"):
            trusted(name, inside / "found.json")
        assert trusted(name, inside / "found.json", trust=True) == str(outside / "m.toml")
        assert trusted(name, inside / "found.json", (outside,)) == str(outside / "m.toml")


def test_replay_runs_nothing_of_an_untrusted_description(tmp_path: Path) -> None:
    mark, kept = tmp_path / "ran", tmp_path / "kept"
    command = f'argv = ["touch", "{mark}"]'
    (tmp_path / "m.toml").write_text("".join(f"[{kind}]\n{command}\n" for kind in ("start", "stop", "create")))
    path = save(evolve(FOUND, manager=str(tmp_path / "m.toml")), kept)
    first = save(evolve(FOUND, manager="reference"), tmp_path, "first.json")
    ended = CliRunner().invoke(churn, ["replay", str(first), str(path)], standalone_mode=False)
    assert isinstance(ended.exception, UsageError)
    assert ended.output == "", "not even the file before it was replayed"
    assert "say --trust, or name the description with --manager" in str(ended.exception)
    assert not mark.exists()
    trusting = CliRunner().invoke(churn, ["replay", "--trust", str(path)], standalone_mode=False)
    assert f"runs the commands of {tmp_path / 'm.toml'}" in trusting.output.replace("\n", "")
    assert mark.exists()
