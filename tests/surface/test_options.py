"""Options from everywhere: the command line, variables, pyproject.toml; how help shows them, and how a shell completes them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import rich_click as click
from click.testing import CliRunner, Result

from churn.cli import _COMMANDS, churn

ROOT = Path(__file__).parents[2]
SHOWN = {"NO_COLOR": "1", "COLUMNS": "120"}


def plan(*words: str, **variables: str) -> Result:
    """What a run would do: a quick way to see what it was told."""
    return CliRunner().invoke(churn, ["run", "--plan", *words], env={**SHOWN, **variables})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pyproject.toml above the working folder."""
    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path / "tests")
    return tmp_path / "pyproject.toml"


def test_the_command_line_counts_most_then_the_variable_then_the_file(project: Path) -> None:
    assert "a search of 300 s" in plan().output
    project.write_text('[tool.churn]\nbudget = "70s"\nfaults = false\n')
    assert "a search of 70 s" in plan().output
    assert "a search of 80 s" in plan(CHURN_RUN_BUDGET="80s").output
    assert "a search of 90 s" in plan("--budget", "90s", CHURN_RUN_BUDGET="80s").output


def test_a_table_of_a_command_counts_more_and_paths_are_the_files(project: Path) -> None:
    project.write_text('[tool.churn]\nbudget = "70s"\nmanager = "no.toml"\n[tool.churn.run]\nbudget = "60s"\n')
    assert "a search of 60 s" in plan("--manager", "reference").output
    refused = plan()
    assert str(project.with_name("no.toml")) in str(refused.exception)


def test_what_is_said_of_a_run_is_not_said_of_a_replay(project: Path) -> None:
    project.write_text('[tool.churn]\nmanager = "no.toml"\n')
    kept = next((ROOT / "reproducers" / "defects").glob("stops-default-port--*.json"))
    found = CliRunner().invoke(churn, ["replay", "--healthy", str(kept)], env=SHOWN)
    assert found.exit_code == 0, found.output


def test_a_command_in_a_group_has_a_table_too(project: Path) -> None:
    project.with_name("mine.toml").write_text("[start]\nargv = ['false']\n[stop]\nargv = ['true']\n")
    words = ["manager", "check", str(project.with_name("mine.toml"))]
    assert CliRunner().invoke(churn, words, env=SHOWN).exit_code == 0
    project.write_text('[tool.churn]\nmanager = "mine.toml"\n[tool.churn."manager check"]\nrun = true\n')
    assert "refused: exit code 1" in CliRunner().invoke(churn, words, env=SHOWN).output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tool.churn]\nbudgt = '5m'\n", "tool.churn.budgt: expected an option of a command; did you mean budget?"),
        ("[tool.churn.run]\nbudgt = '5m'\n", "tool.churn.run.budgt: expected an option"),
        ("[tool.churn.rnu]\nbudget = '5m'\n", "tool.churn.rnu: expected the table of a command; did you mean run?"),
        ("[tool.churn\n", "expected TOML, but:"),
    ],
)
def test_what_is_wrong_in_the_file_is_told(project: Path, text: str, told: str) -> None:
    project.write_text(text)
    assert told in str(plan().exception)


def test_a_wrong_value_in_the_file_is_a_usage_error(project: Path) -> None:
    project.write_text("[tool.churn]\nservices = 9\n")
    found = plan()
    assert found.exit_code == 2
    assert "9 is not in the range" in found.output


def test_help_groups_the_options() -> None:
    text = CliRunner().invoke(churn, ["run", "--help"], env=SHOWN).output
    for panel, option in (("What is tested", "--manager"), ("How much", "--budget"), ("What is told", "--report")):
        assert option in text.partition(f"─ {panel}")[2].partition("╰─")[0]
    rest = text.partition("─ Options ─")[2]
    assert [line.split()[1] for line in rest.splitlines() if line.startswith("│ -")] == ["--help"], "each is in a panel"


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    for name, words in _COMMANDS.items():
        command = churn.get_command(click.Context(churn), name)
        assert command is not None
        assert (command.help or "").strip().startswith(words.removesuffix(".")), name
    text = CliRunner().invoke(churn, ["--help"], env=SHOWN).output
    assert all(f"│ {name} " in text for name in _COMMANDS)
    assert "─ Commands ─" not in text, "each is in a panel"


def test_help_loads_neither_hypothesis_nor_docker_and_no_command() -> None:
    code = (
        "import sys\nfrom churn.cli import line\nline(['--help'])\n"
        "print('loaded', [m for m in ('hypothesis', 'docker', 'churn.assembly', 'churn.cli.run') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.endswith("loaded []\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("churn ru", "run"),
        ("churn run --engine d", "docker"),
        ("churn run --manager re", "reference"),
        ("churn run --manager mi", "mine.toml"),
        ("churn run --defect stops-by-l", "stops-by-label"),
        ("churn explain no-orph", "no-orphans"),
        ("churn guide pyt", "pytest"),
    ],
)
def test_a_shell_completes_commands_options_and_values(tmp_path: Path, words: str, told: str) -> None:
    (tmp_path / "mine.toml").touch()
    (program,) = (Path(sys.executable).with_name("churn"),)
    if not program.exists():
        pytest.skip("the command churn is not installed beside this Python")
    environ = {**os.environ, "_CHURN_COMPLETE": "bash_complete", "COMP_WORDS": words}
    environ["COMP_CWORD"] = str(len(words.split()) - 1)
    found = subprocess.run([program], capture_output=True, text=True, check=False, env=environ, cwd=tmp_path)
    assert f"plain,{told}" in found.stdout.splitlines()
