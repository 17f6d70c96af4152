"""`churn run` as its users meet it, on the emulated engine."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from churn.cli import churn
from churn.lifecycle.operations import KINDS
from churn.system.managers.reference import Record, ReferenceManager

CRITERIA = 5


def run(*words: str) -> Result:
    return CliRunner().invoke(churn, ["run", *words], env={"NO_COLOR": "1", "COLUMNS": "120"}, catch_exceptions=False)


def test_the_healthy_reference_passes_all_five_criteria_and_leaves_a_report(tmp_path: Path) -> None:
    found = run("--report", str(tmp_path / "report"))

    assert found.exit_code == 0, found.output
    assert found.output.count("PASS") == 3 * CRITERIA + 1, "of the cycles, explored, and both"
    data = json.loads((tmp_path / "report" / "report.json").read_text())
    assert [criterion["mark"] for criterion in data["criteria"]] == ["PASS"] * CRITERIA
    assert all(criterion["evidence"] for criterion in data["criteria"])
    assert data["covered"] == data["coverable"] > 1_000
    assert data["missed"] == []
    text = (tmp_path / "report" / "report.md").read_text()
    assert "churn reference --db PATH start service-a" in text
    assert "docker ps -a --filter label=churn.session=" in text


def test_what_is_running_is_told_in_plain_lines_where_there_is_no_terminal(tmp_path: Path) -> None:
    found = run("--report", str(tmp_path), "--max-operations", "50")
    assert found.output.startswith("running: five-cycle (calm)\n")
    assert "\x1b" not in found.output


def test_a_bug_is_told_in_a_line_as_soon_as_it_is_sure(tmp_path: Path) -> None:
    found = run("--report", str(tmp_path), "--max-operations", "60", "--defect", "restart-policy", "--services", "1")
    told = (
        "found: When service a (created, never started) is started, the container of service a is made so that the engine "
        "starts it again by itself: unless-stopped. By: create a; start a. It was run again "
    )
    assert found.output.count(told) == 1
    assert found.output.index(told) < found.output.index("success criterion"), "before the report"


def test_the_same_seed_does_the_same_steps(tmp_path: Path) -> None:
    def steps(folder: Path, seed: int) -> list[tuple[str, str]]:
        run("--report", str(folder), "--seed", str(seed), "--max-operations", "3000", "--services", "1")
        lines = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
        return [(line["do"], line["pace"]) for line in lines if line["line"] == "begin"]

    first, again, other = steps(tmp_path / "1", 7), steps(tmp_path / "2", 7), steps(tmp_path / "3", 8)
    assert first == again
    assert first != other
    assert len(first) > 1_000


def test_the_trace_has_a_begin_and_an_end_for_each_step(tmp_path: Path) -> None:
    run("--report", str(tmp_path), "--max-operations", "100")
    head, *lines = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text().splitlines()]
    assert (head["churn"], head["format"]) == ("trace", 3)
    begun = [line["n"] for line in lines if line["line"] == "begin"]
    ended = [line["n"] for line in lines if line["line"] == "end"]
    assert begun == ended == list(range(1, len(begun) + 1))


def test_a_broken_manager_fails_with_a_bug_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(manager: ReferenceManager, record: Record) -> None:
        for found in manager.own(record):
            manager.end(found.id)

    monkeypatch.setattr(ReferenceManager, "halt", leave)
    found = run("--report", str(tmp_path), "--max-operations", "300")

    assert found.exit_code == 1
    bugs = json.loads((tmp_path / "report.json").read_text())["bugs"]
    assert bugs[0]["invariant"] == "no-orphans"
    assert bugs[0]["scenario"] == ["1. create a", "2. start a", "3. stop a"]
    assert "Bug 1 (high): no-orphans after stop of a service that is running" in found.output
    text = (tmp_path / "report.md").read_text()
    for heading in ("Severity", "Scenario", "Command", "Expected", "Actual", "Likely cause", "Suggested fix"):
        assert f"**{heading}" in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--manager", "nosuch"), "expected a manager: reference, aima, FILE.toml; got 'nosuch'"),
        (("--budget", "soon"), "expected a duration such as 90s, 5m or 1h, got 'soon'"),
        (("--engine", "podman"), "is not one of"),
        (("--cycles", "0"), "0 is not in the range"),
        (("--defect", "nosuch"), "expected the name of a defect, got 'nosuch'; churn defects lists them"),
        (("--report", "/dev/null"), "--report /dev/null: expected a folder that can be written"),
    ],
)
def test_a_run_that_cannot_be_is_refused_with_what_was_expected(
    words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "churn", "run", "--report", str(tmp_path), *words]
    found = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"NO_COLOR": "1", "COLUMNS": "200"}
    )
    assert found.returncode == 2
    assert told in found.stderr


def test_a_bug_is_kept_as_a_reproducer_and_as_a_shell_script(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    words = ("--defect", "leaves-container", "--max-operations", "300", "--reproducers", str(kept))
    found = run("--report", str(tmp_path / "report"), *words)
    assert found.exit_code == 1
    (script,) = kept.glob("*.sh")
    assert script.with_suffix(".json").exists()
    assert f"Without Churn: sh {script}" in found.output.replace("\n", "")
    text = script.read_text(encoding="utf-8")
    assert text.startswith("#!/bin/sh")
    steps = [line for line in text.splitlines() if line.split(" ")[0] in ("create", "start", "before_last", "stop")]
    assert steps == ["create service-a a", "start service-a", "before_last", "stop service-a"]


def test_no_faults_means_none(tmp_path: Path) -> None:
    def done(*words: str) -> set[str]:
        run("--report", str(tmp_path), "--max-operations", "500", *words)
        lines = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text().splitlines()]
        return {line["do"].split()[0] for line in lines if line["line"] == "begin"}

    faults = {kind for kind, operation in KINDS.items() if operation.fault}
    assert "set-behaviour" in done() & faults
    assert done("--no-faults") & faults == set()


def test_the_latest_report_is_linked_and_only_the_cycles_are_done_if_you_like(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = run("--only", "cycles")
    assert found.exit_code == 0, found.output
    assert "running: tour" not in found.output
    assert "This PASS says little" in " ".join(found.output.split())
    latest = tmp_path / "churn-report" / "latest"
    assert latest.is_symlink()
    head = json.loads((latest / "report.json").read_text())["head"]
    assert head["command"].endswith("--only cycles")
