"""`churn explore` and `churn run --pairs` as their users meet them."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from churn.assembly import Target, contract_of
from churn.cli import churn
from churn.explore.coverage import Coverage
from churn.lifecycle.paths import Atlas


def invoke(*words: str) -> Result:
    environment = {"NO_COLOR": "1", "COLUMNS": "120"}
    return CliRunner().invoke(churn, [*words], env=environment, catch_exceptions=False)


def test_every_sequence_up_to_a_depth_passes_on_the_healthy_reference() -> None:
    found = invoke("explore", "--exhaustive", "3", "--services", "1")
    assert found.exit_code == 0, found.output
    assert [line.split()[0] for line in found.output.splitlines()[-3:]] == ["1", "2", "3"]


def test_a_failure_is_told_as_code_and_kept_as_a_reproducer_that_fails_again(tmp_path: Path) -> None:
    words = ("--exhaustive", "3", "--services", "1", "--defect", "leaves-container", "--reproducers", str(tmp_path))
    found = invoke("explore", *words)
    assert found.exit_code == 1
    assert "Step(Stop('a'))" in found.output
    every = tuple(tmp_path.glob("*.json"))
    assert every
    for kept in every:
        assert invoke("replay", str(kept)).exit_code == 1
        assert invoke("replay", "--healthy", str(kept)).exit_code == 0


def test_two_clients_at_once_are_told_as_code_and_as_a_table(tmp_path: Path) -> None:
    found = invoke("explore", "--together", "--defect", "creates-twice", "--reproducers", str(tmp_path))
    assert found.exit_code == 1
    assert "Together(((Create('a'),), (Create('a'),),), (Turn(0, 1, 1),))" in found.output
    row = next(
        line for line in found.output.splitlines() if line.split()[:6] == ["start", "a", "|", "stop", "a", "create"]
    )
    assert row.split()[-1] == "0"
    (kept,) = tmp_path.glob("*.json")
    assert invoke("replay", str(kept)).exit_code == 1
    assert invoke("replay", "--healthy", str(kept)).exit_code == 0


@pytest.mark.parametrize(
    "words", [(), ("--together", "--interrupts"), ("--exhaustive", "0"), ("--exhaustive", "2", "--naming", "odd")]
)
def test_bad_arguments_are_refused(words: tuple[str, ...]) -> None:
    assert invoke("explore", *words).exit_code == 2


def test_the_tour_of_pairs_covers_every_pair_of_consecutive_transitions(tmp_path: Path) -> None:
    words = ("--services", "1", "--pairs", "--no-faults", "--max-operations", "8000", "--report", str(tmp_path))
    found = invoke("run", *words)
    assert found.exit_code == 0, found.output
    every = Coverage(Atlas(("a",), contract_of(Target()), faults=False)).successions
    assert every > 500
    assert f"{every} of {every} pairs of consecutive transitions" in " ".join(found.output.split())
