"""A reproducer replays with the same verdict whatever changes around it: it is its operations, not how they were found."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from churn.assembly import Target, assembled
from churn.errors import UsageError
from churn.explore import drawing
from churn.lifecycle import operations, transitions
from churn.lifecycle.contract import Bounds, Contract, SecondStart
from churn.lifecycle.operations import Length, List, Start, Wait
from churn.lifecycle.outcome import Outcome
from churn.lifecycle.rules import starting
from churn.lifecycle.state import State
from churn.reproducers import former
from churn.reproducers.file import load
from churn.reproducers.replay import replay
from churn.session import system
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.system.clock import RealClock
from churn.system.managers.reference import embedded

FOLDER = Path(__file__).parents[2] / "reproducers" / "defects"
KEPT = next(FOLDER.glob("revived-later--*.json"))
Change = Callable[[pytest.MonkeyPatch, dict[str, Any]], None]


def a_comment(_: pytest.MonkeyPatch, data: dict[str, Any]) -> None:
    data["// why"] = "seen on a Monday"
    data["steps"][0]["//"] = "the service"


def a_changed_rule(patch: pytest.MonkeyPatch, _: dict[str, Any]) -> None:
    """What Hypothesis draws from is another list, and the model's rule for waits is written otherwise."""
    patch.setattr(drawing, "PACES", drawing.PACES[::-1])
    patch.setattr(List, "weight", 9)
    patch.setitem(transitions.RULES, Wait, _same_as_wait)


def _same_as_wait(state: State, *_: object) -> tuple[transitions.Branch, ...]:
    return (transitions.Branch(transitions.Must.ANY, state),)


@frozen(cache_hash=True)
class Redo(operations.OnService):
    """An operation that came later."""

    kind = "redo"


def a_new_rule(patch: pytest.MonkeyPatch, _: dict[str, Any]) -> None:
    patch.setitem(operations.KINDS, "redo", Redo)
    patch.setitem(transitions.RULES, Redo, _same_as_wait)


def a_renamed_operation(patch: pytest.MonkeyPatch, data: dict[str, Any]) -> None:
    patch.setattr(former, "ALIASES", {"launch": "start"})
    for step in data["steps"]:
        step["do"] = "launch" if step["do"] == "start" else step["do"]


def changed_contract_defaults(patch: pytest.MonkeyPatch, _: dict[str, Any]) -> None:
    changed = evolve(embedded.CONTRACT, second_start=SecondStart.EITHER, bounds=Bounds(settling=0.5, stop=60.0))
    patch.setattr("churn.system.managers.reference.contract.CONTRACT", changed)


@frozen(cache_hash=True)
class PatientStart(Start):
    """A start with a field that files made before do not have."""

    patience: Length


def a_new_mandatory_field(patch: pytest.MonkeyPatch, _: dict[str, Any]) -> None:
    patch.setitem(operations.KINDS, "start", PatientStart)
    patch.setitem(transitions.RULES, PatientStart, _as_start)
    patch.setitem(system.REQUESTS, PatientStart, system.REQUESTS[Start])
    patch.setattr(former, "LACKING", {("start", "patience"): "long"})


def _as_start(
    state: State, operation: PatientStart, outcome: Outcome, contract: Contract
) -> tuple[transitions.Branch, ...]:
    assert operation.patience is Length.LONG
    return starting.start(state, Start(operation.name), outcome, contract)


def an_older_format(patch: pytest.MonkeyPatch, data: dict[str, Any]) -> None:
    """As if this were a Churn of a later format, in which steps were called otherwise before."""
    data["operations"] = data.pop("steps")
    later = {former.FORMAT: lambda old: {**old, "steps": old["operations"]}}
    data["churn-reproducer"] = former.FORMAT
    patch.setattr(former, "UPGRADES", {**former.UPGRADES, **later})
    patch.setattr(former, "FORMAT", former.FORMAT + 1)


CHANGES: list[Change] = [
    a_comment,
    a_changed_rule,
    a_new_rule,
    a_renamed_operation,
    changed_contract_defaults,
    a_new_mandatory_field,
    an_older_format,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_the_verdict_stays(change: Change, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = json.loads(KEPT.read_text())
    change(monkeypatch, data)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(data))
    kept = load(path)
    for name, expectation in kept.targets.items():
        defects = tuple(name.split("+")[1:])
        with assembled(Target(seed=kept.seed, defects=defects)) as whole:
            done = replay(kept, Session(whole.system, whole.reset, Trace(), Budget(RealClock())))
        assert done.verdict.value == expectation.value


def test_another_hypothesis_makes_no_difference_for_none_is_needed() -> None:
    blocked = "import sys; sys.modules['hypothesis'] = None; from churn.cli import main; main()"
    command = [sys.executable, "-c", blocked, "replay", str(KEPT)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "FAILED after 1 run" in found.stdout, found.stderr
    assert found.returncode == 1


def test_a_file_of_format_1_calls_the_removal_of_a_container_a_remove(tmp_path: Path) -> None:
    kept = FOLDER / "removed-cannot-stop--accepted-stop-dead.json"
    data = json.loads(kept.read_text())
    behind = {
        "bugs": [{"invariant": "status", "operation": "remove", "condition": "running", "expected": "", "seen": ""}]
    }
    former_words = json.dumps({**data, "churn-reproducer": 1, "behind": behind}).replace("remove-container", "remove")
    path = tmp_path / "former.json"
    path.write_text(former_words)
    assert load(path).sequence == load(kept).sequence
    assert load(path).behind.bugs[0].signature.operation == "remove-container"


def test_a_format_that_nobody_can_read_any_more_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(former, "UPGRADES", {})
    with pytest.raises(UsageError, match="expected a format from 2 to 2, got 1"):
        load(KEPT)
