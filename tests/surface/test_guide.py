"""`churn guide` and `churn explain` as their users meet them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from rich.console import Console

from churn.cli import churn, guide as command
from churn.cli.guide import TOPICS, page
from churn.errors import UsageError
from churn.explain import Sort
from churn.system.managers.command import read


def invoke(*words: str) -> Result:
    return CliRunner().invoke(churn, [*words], env={"NO_COLOR": "1", "COLUMNS": "120"}, catch_exceptions=False)


def refused(*words: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "churn", *words]
    return subprocess.run(program, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})


def code(topic: str, language: str) -> list[str]:
    """The blocks of code of that language on a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page(topic), re.MULTILINE | re.DOTALL)


# -- the guide --------------------------------------------------------------------------------------------------------


def test_the_guide_lists_its_topics_each_on_a_line() -> None:
    found = invoke("guide")
    assert found.exit_code == 0
    assert re.findall(r"^- \*\*(\w+)\*\*: \w.*$", found.output, re.MULTILINE) == list(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_is_plain_markdown_where_there_is_no_terminal(topic: str) -> None:
    found = invoke("guide", topic)
    assert found.exit_code == 0
    assert found.output.rstrip() == page(topic).rstrip()


def test_on_a_terminal_a_page_is_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Console(force_terminal=True, width=80, record=True)
    monkeypatch.setattr(command, "VisibleConsole", lambda: terminal)
    assert invoke("guide", "start").exit_code == 0
    shown = terminal.export_text()
    assert "Your first run, and what you see" in shown
    assert "# Your first run" not in shown
    assert "```" not in shown


def test_an_unknown_topic_is_refused_with_what_may_have_been_meant() -> None:
    found = refused("guide", "manager")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == "churn: expected a topic of the guide, got 'manager'; did you mean managers?\n"


def test_an_unknown_topic_that_is_like_none_is_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError, match="there are start, managers"):
        invoke("guide", "xyzzy")


# -- what the guide shows works ---------------------------------------------------------------------------------------


def test_the_description_of_a_manager_on_its_page_is_understood(tmp_path: Path) -> None:
    whole, added = code("managers", "toml")
    path = tmp_path / "mine.toml"
    path.write_text(f"{whole}\n{added}", encoding="utf-8")
    assert set(read(path).calls) == {"create", "start", "stop", "list", "update"}
    path.write_text(whole, encoding="utf-8")
    assert invoke("manager", "check", str(path)).exit_code == 0


def test_the_tests_on_the_page_about_pytest_pass(tmp_path: Path) -> None:
    for number, text in enumerate(code("pytest", "python")):
        (tmp_path / f"test_{number}.py").write_text(text, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    program = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    found = subprocess.run(program, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert found.returncode == 0, found.stdout
    assert "3 passed" in found.stdout


def test_the_workflow_for_github_actions_runs_commands_that_exist() -> None:
    (text,) = code("start", "yaml")
    steps = yaml.safe_load(text)["jobs"]["churn"]["steps"]
    commands = [step["run"].split() for step in steps if step.get("run", "").startswith("churn ")]
    assert [words[1] for words in commands] == ["doctor", "run"]
    for _, name, *words in commands:
        made = churn.get_command(None, name)  # type: ignore[arg-type]  # it needs no context
        assert made is not None
        assert made.make_context(name, words).params


def test_the_options_in_a_file_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = code("start", "toml")
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    (tmp_path / "mine.toml").write_text(code("managers", "toml")[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert "a search of 300 s" in invoke("run", "--plan").output


# -- explain ----------------------------------------------------------------------------------------------------------


def test_without_a_name_all_names_are_listed_sort_by_sort() -> None:
    found = invoke("explain")
    assert found.exit_code == 0
    assert re.findall(r"^## (.*)s$", found.output, re.MULTILINE) == [sort.value for sort in Sort]
    listed = re.findall(r"^- ([\w.-]+): \w", found.output, re.MULTILINE)
    assert {"undisturbed", "start", "second_start", "bounds.start", "hurried", "prefix", "stops-by-label", "hang"} <= {
        *listed
    }


@pytest.mark.parametrize(
    ("name", "sort", "told"),
    [
        ("undisturbed", Sort.INVARIANT, "**severity**: critical"),
        ("kill", Sort.OPERATION, "**a fault**: yes"),
        ("death_noticed", Sort.CONTRACT_KEY, "**default**: `settling`"),
        ("hurried", Sort.PACE, "the next operation is issued at once"),
        ("prefix", Sort.NAMING, "`web11`"),
        ("stops-by-label", Sort.DEFECT, "`churn run --defect stops-by-label`"),
        ("connection-reset", Sort.ENGINE_FAULT, "`churn engine fault connection-reset`"),
    ],
)
def test_one_of_each_sort_is_explained(name: str, sort: Sort, told: str) -> None:
    found = invoke("explain", name)
    assert found.exit_code == 0
    assert found.output.startswith(f"# {name} ({sort.value})\n\n")
    assert told in found.output


def test_an_unknown_name_is_refused_with_what_may_have_been_meant() -> None:
    found = refused("explain", "no-orphan")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith(
        "churn: expected a name that can be explained, got 'no-orphan'; did you mean no-orphans"
    )


def test_explaining_needs_neither_hypothesis_nor_the_docker_sdk() -> None:
    blocked = "import sys; sys.modules.update(hypothesis=None, docker=None); from churn.cli import main; main()"
    program = [sys.executable, "-c", blocked, "explain", "undisturbed"]
    found = subprocess.run(program, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
