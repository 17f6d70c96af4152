"""The schemas that Churn prints fit the files that it writes."""

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import AttrsInstance, fields
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from churn.cli import churn
from churn.cli.schema import SCHEMAS
from churn.farm.job import Behind, Limits, Part, Subject, Ways
from churn.session.failing import Failing

REPRODUCERS = sorted((Path(__file__).parents[2] / "reproducers").rglob("*.json"))


def run(*words: str) -> str:
    return CliRunner().invoke(churn, words, catch_exceptions=False).output


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(run("schema", name)))


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(schema(name).schema)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run that has found a bug."""
    made = tmp_path_factory.mktemp("run") / "report"
    run("run", "--report", str(made), "--max-operations", "300", "--defect", "stops-by-label")
    return made


def test_every_line_of_a_trace_fits(folder: Path) -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    assert {line["line"] for line in lines} >= {"head", "sequence", "begin", "end", "note"}
    assert any("seen" in line and line["verdict"] == "fail" for line in lines)
    fits = schema("trace")
    for line in lines:
        fits.validate(line)
    assert not fits.is_valid({"line": "end", "n": 1}), "it asks for something"


def test_every_step_that_was_looked_at_says_what_was_seen(folder: Path) -> None:
    ends = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    assert all(("seen" in line) is (line["verdict"] != "unseen") for line in ends if line["line"] == "end")


def test_every_reproducer_fits(folder: Path) -> None:
    fits = schema("reproducer")
    for path in (*REPRODUCERS, *(folder / "reproducers").glob("*.json")):
        fits.validate(json.loads(path.read_text(encoding="utf-8")))
    assert not fits.is_valid({"churn-reproducer": 2}), "it asks for something"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("subject", Subject),
        ("part", Part),
        ("ways", Ways),
        ("limits", Limits),
        ("behind", Behind),
        ("failing", Failing),
    ],
)
def test_the_schema_of_a_job_has_all_that_a_job_may_have(name: str, kind: type[AttrsInstance]) -> None:
    told = json.loads(run("schema", "job"))["$defs"][name]
    assert set(told["properties"]) == {one.name for one in fields(kind)}


def test_a_report_fits(folder: Path) -> None:
    found = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert found["bugs"]
    schema("report").validate(found)
