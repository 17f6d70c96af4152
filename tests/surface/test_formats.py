"""Formats of a report, from a run and from a trace alone; runs beside each other; known bugs; rules that are not asked."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from churn.cli import churn
from churn.report.data import read_report

FEW = ("--max-operations", "300", "--no-interrupts")


def run(*words: str, **environ: str) -> Result:
    return CliRunner().invoke(churn, words, env={"GITHUB_ACTIONS": "", **environ})


def made(folder: Path, *words: str) -> Path:
    """The report of a run, in `folder`."""
    found = run("run", "--report", str(folder), *FEW, *words)
    assert found.exit_code in (0, 1), found.output
    return folder


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("healthy"))


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a manager with one bug, in all formats."""
    return made(
        tmp_path_factory.mktemp("one"), "--defect", "leaves-container", "--format", "junit", "--format", "sarif"
    )


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a manager with another bug."""
    return made(tmp_path_factory.mktemp("other"), "--defect", "list-omits")


def test_junit_has_a_case_for_each_criterion_and_each_bug(one: Path) -> None:
    (suite,) = ElementTree.parse(one / "junit.xml").getroot().iter("testsuite")  # noqa: S314 -- it is our own
    cases = {case.get("name", ""): case for case in suite.iter("testcase")}
    assert [name.partition(":")[0] for name in cases] == [*(f"criterion {number}" for number in range(1, 6)), "bug 1"]
    assert (suite.get("tests"), suite.get("failures")) == ("6", "2")
    bug = next(case for name, case in cases.items() if name.startswith("bug 1"))
    failure = bug.find("failure")
    assert failure is not None
    assert "**Run it again:**" in (failure.text or "")
    assert [place.get("name") for place in bug.iter("property")] == ["reproducer", "replay"]


def test_junit_of_a_healthy_manager_has_no_failure(healthy: Path) -> None:
    assert run("report", str(healthy), "--format", "junit").exit_code == 0
    (suite,) = ElementTree.parse(healthy / "junit.xml").getroot().iter("testsuite")  # noqa: S314 -- it is our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "0", "0")


def test_sarif_has_a_rule_and_a_result_for_the_bug(one: Path) -> None:
    (found,) = json.loads((one / "report.sarif").read_text(encoding="utf-8"))["runs"]
    (result,) = found["results"]
    assert [rule["id"] for rule in found["tool"]["driver"]["rules"]] == ["no-orphans"] == [result["ruleId"]]
    assert result["level"] == "error"
    assert Path(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]).exists()
    assert result["partialFingerprints"]["churn/v1"].startswith("no-orphans | stop")


def test_github_actions_gets_annotations_and_a_summary(one: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    found = run("report", str(one), "--out", str(tmp_path), GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    (line,) = [line for line in found.output.splitlines() if line.startswith("::error")]
    assert line.startswith("::error title=Bug 1 (high)::When service a (running) is stopped")
    assert "%0ARun it again: churn replay" in line
    assert "### Bug 1" in summary.read_text(encoding="utf-8")


@pytest.mark.parametrize("kept", ["trace.jsonl", "report.json"])
def test_a_report_is_made_again_from_either_file_alone(one: Path, tmp_path: Path, kept: str) -> None:
    (tmp_path / kept).write_bytes((one / kept).read_bytes())
    found = run("report", str(tmp_path), "--format", "junit", "--format", "sarif")
    assert found.exit_code == 1, found.output
    for name in ("report.json", "report.md", "junit.xml", "report.sarif"):
        assert (tmp_path / name).read_text(encoding="utf-8") == (one / name).read_text(encoding="utf-8"), name


def test_of_a_run_that_was_killed_the_steps_are_told(one: Path, tmp_path: Path) -> None:
    lines = (one / "trace.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "trace.jsonl").write_text("".join(lines[:-1]) + '{"line": "begin", "n"', encoding="utf-8")
    found = run("report", str(tmp_path))
    assert found.exit_code == 1, found.output
    told = read_report(tmp_path / "report.json")
    assert [bug.title for bug in told.bugs] == ["no-orphans after stop"]
    assert told.bugs[0].scenario == ("1. create a", "2. start a", "3. stop a")
    assert "the run was ended before it could report" in told.faults[0]


def test_two_runs_are_held_against_each_other(healthy: Path, one: Path, other: Path) -> None:
    found = run("diff", str(one), str(other))
    assert found.exit_code == 1
    assert [line.split(":")[0] for line in found.output.splitlines() if not line.startswith(" ")] == [
        "new",
        "gone",
        "staying",
    ]
    assert "staying: none" in found.output
    better = run("diff", str(one), str(healthy))
    assert (better.exit_code, "new: none" in better.output, "gone: 1" in better.output) == (0, True, True)
    same = run("diff", str(one / "trace.jsonl"), str(one / "report.json"))
    assert (same.exit_code, "staying: 1" in same.output) == (0, True)


def test_bugs_of_a_baseline_are_known(one: Path, tmp_path: Path) -> None:
    words = ("--defect", "leaves-container", "--baseline", str(one), "--report", str(tmp_path), "--format", "junit")
    found = run("run", *FEW, "--seed", "3", *words)
    assert found.exit_code == 0, found.output
    assert "FAIL, but only of bugs that are known, with exit code 0" in found.output
    (suite,) = ElementTree.parse(tmp_path / "junit.xml").getroot().iter("testsuite")  # noqa: S314 -- it is our own
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "2")


def test_another_bug_than_those_of_a_baseline_is_news(one: Path, tmp_path: Path) -> None:
    words = ("--defect", "list-omits", "--baseline", str(one / "report.json"), "--report", str(tmp_path))
    assert run("run", *FEW, *words).exit_code == 1


def test_a_rule_that_is_excluded_is_not_asked(tmp_path: Path) -> None:
    words = ("--defect", "restart-policy", "--only", "cycles", "--report", str(tmp_path))
    assert run("run", *words).exit_code == 1
    found = run("run", *words, "--exclude", "no-restart-policy")
    assert found.exit_code == 0, found.output
    assert "--exclude no-restart-policy" in json.loads((tmp_path / "report.json").read_text())["head"]["command"]
    refused = run("run", "--exclude", "no-orphan")
    told = " ".join(refused.output.replace("│", " ").split())
    assert (refused.exit_code, "did you mean no-orphans?" in told) == (2, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "expected a report of Churn's, or a trace, got something else"),
        ('{"churn": "report", "format": 1}', "expected a report of format 2, got 1"),
        ('{"churn": "report", "format": 2}', "expected a report of format 2, but: required field missing"),
        ("{", "expected a report in JSON, but"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "report.json"
    file.write_text(text, encoding="utf-8")
    found = run("diff", str(file), str(file))
    assert isinstance(found.exception, Exception)
    assert told in str(found.exception)
