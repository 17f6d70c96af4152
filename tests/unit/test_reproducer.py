"""Reproducer files: what is kept, what comes back, what is said of a broken one, and what a replay makes of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from builders import conditions
from eventful import EVENTFUL

from churn.assembly import Target, assembled
from churn.errors import UsageError
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.operations import (
    Create,
    List,
    Pace,
    SetBehaviour,
    Start,
    Step,
    Stop,
)
from churn.lifecycle.sequence import Sequence
from churn.reproducers.file import Expectation, Reproducer, load, save
from churn.reproducers.key import is_reproducer
from churn.reproducers.replay import Replayed, ReplayVerdict, needed, replay
from churn.reproducers.shell import as_shell
from churn.session.budget import Budget
from churn.session.done import Done
from churn.session.fingerprint import Fingerprint
from churn.session.known import Behind
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.verdict import Signature
from churn.system.clock import RealClock
from churn.system.managers.aima import AimaSettings

KEPT = evolve(
    EVENTFUL,
    seed=7,
    targets={"reference": Expectation.FIXED, "reference+stops-by-label": Expectation.FAILED},
    behind=Behind(
        (Fingerprint(Signature("no-orphans", "stop", "running"), "no container", "*#N is S"),),
        (Fingerprint(Signature("status", "stop", "running"), "service * is stopped", "'failed'"),),
        causes=(
            Done.of(
                ("b",), (Step(Create("b")), Step(SetBehaviour("b", Behaviour.SLOW)), Step(Stop("b"), Pace.ENGINE_ONLY))
            ),
        ),
    ),
)


A_START = {"do": "start", "service": "a"}


def at_once(data: dict[str, Any], lanes: list[Any] | None = None, turns: list[Any] | None = None) -> None:
    """The file with nothing but a block of two clients."""
    data["steps"] = [{"do": "together", "lanes": lanes or [[A_START], [A_START]], "turns": turns or []}]


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    path = save(KEPT, tmp_path)
    assert path.name == "undisturbed-stop-one-of-two.json"
    assert load(path) == KEPT
    assert is_reproducer(path)
    assert [found.name for found in tmp_path.iterdir()] == [path.name], "nothing is left beside it"


def test_the_same_failure_is_kept_once_and_another_beside_it(tmp_path: Path) -> None:
    first, again = save(KEPT, tmp_path), save(KEPT, tmp_path)
    other = save(evolve(KEPT, seed=8), tmp_path)
    assert first == again
    assert other.name == "undisturbed-stop-one-of-two-2.json"


def changed(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    data = json.loads(save(KEPT, path).read_text())
    change(data)
    changed = path / "changed.json"
    changed.write_text(json.dumps(data))
    return changed


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data.pop("churn-reproducer"), "expected a JSON object with the key 'churn-reproducer'"),
        (lambda data: data.update({"churn-reproducer": 99}), "churn-reproducer: expected a format up to 2"),
        (lambda data: data["steps"][1].update(do="explode"), "steps[1].do: expected one of start, stop"),
        (
            lambda data: data["steps"][3].update(service="z"),
            "steps[3].service: expected one of the file's services (a, b)",
        ),
        (lambda data: data["steps"][2].update(how="sulk"), "steps[2].how: expected one of 'healthy', 'slow'"),
        (lambda data: data["steps"][0].update(pace="slow"), "steps[0].pace: expected one of 'calm'"),
        (lambda data: data["steps"].insert(0, 5), "steps[0]: expected an object such as"),
        (lambda data: data.update(steps="all"), "steps: expected a list, got 'all'"),
        (lambda data: data.update(behind=[]), "behind: expected an object, got []"),
        (lambda data: data["behind"].update(bugs=1), "behind.bugs: expected a list, got 1"),
        (lambda data: data["behind"]["beside"].append(0), "behind.beside[1]: expected an object, got 0"),
        (lambda data: data["behind"]["bugs"][0].pop("seen"), "behind.bugs[0].seen: expected a text, got None"),
        (lambda data: data.update(naming="odd"), "naming: expected one of 'plain', 'prefix'"),
        (lambda data: data.update(rate=2), "rate: expected null or a number from 0.001 to 1, got 2"),
        (lambda data: data.update(seed="x"), "seed: expected a whole number, got 'x'"),
        (
            lambda data: data["targets"].update(reference="MAYBE"),
            "targets.reference: expected one of 'FAILED', 'FIXED'",
        ),
        (lambda data: data.pop("invariant"), "invariant: expected a text, got None"),
        (lambda data: data["defects"].append(1), "defects[1]: expected a text, got 1"),
        (lambda data: data.update(steps=[]), "steps: expected at least one step, got []"),
        (lambda data: at_once(data, lanes=[[A_START]]), "steps[0].lanes: expected two or 3 lists of operations"),
        (lambda data: at_once(data, lanes=[[A_START], []]), "steps[0].lanes: expected two or 3 lists of operations"),
        (
            lambda data: at_once(data, lanes=[[A_START] * 4, [A_START]]),
            "steps[0].lanes[0]: expected at most 3 operations",
        ),
        (
            lambda data: at_once(data, lanes=[[A_START], [{**A_START, "do": "kill"}]]),
            "steps[0].lanes[1][0].do: expected one of start, stop, create, remove, restart, status, list, got 'kill'",
        ),
        (
            lambda data: at_once(data, turns=[{"client": 2, "point": 0, "to": 0}]),
            "steps[0].turns[0].client: expected one of the 2 clients, counted from 0, got 2",
        ),
        (
            lambda data: at_once(data, turns=[{"client": 1, "point": 0, "to": 1}]),
            "steps[0].turns[0].to: expected another client, got 1",
        ),
        (
            lambda data: at_once(data, turns=[{"client": 0, "point": -1, "to": 1}]),
            "steps[0].turns[0].point: expected a whole number from 0 on, got -1",
        ),
        (lambda data: data.update(services=[]), "services: expected at least one service, got []"),
        (lambda data: data.update(services=["a", "b", "a"]), "services: expected each service once"),
        (
            lambda data: data.update(services=["a", "b", "$(touch x)"]),
            "services[2]: expected a service's name in the model",
        ),
        (lambda data: data.update(manager="a\nb.toml"), "manager: expected a text on one line, without control"),
        (lambda data: data.update(manager="\ud800.toml"), "manager: expected a text on one line, without control"),
        (lambda data: data.update(rate=1e-300), "rate: expected null or a number from 0.001 to 1, got 1e-300"),
        (lambda data: data.update(usual=10**400), "usual: expected null or a number of seconds, got 1000"),
        (lambda data: data.update(usual=float("inf")), "usual: expected null or a number of seconds, got inf"),
        (
            lambda data: data["behind"]["bugs"][0].update(operation=[]),
            "behind.bugs[0].operation: expected a text, got []",
        ),
    ],
)
def test_a_wrong_file_says_where_what_was_expected_and_what_is_there(
    change: Callable[[dict[str, Any]], object], told: str, tmp_path: Path
) -> None:
    path = changed(tmp_path, change)
    with pytest.raises(UsageError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert told in str(caught.value)


def test_a_truncated_file_says_where_it_ends(tmp_path: Path) -> None:
    path = save(KEPT, tmp_path)
    path.write_text(path.read_text()[:200])
    with pytest.raises(UsageError, match=r"line \d+, column \d+: expected JSON, but .*cut short"):
        load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="expected UTF-8 text"):
        load(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"churn-reproducer": ' + "[" * 100_000, "expected a reproducer, got JSON that is nested too deeply"),
        (
            '{"churn-reproducer": 1, "x": ' + "[" * 400 + "]" * 400 + "}",
            "nested too deeply|invariant: expected|services: ",
        ),
        ('{"churn-reproducer": ' + "9" * 5000 + "}", "expected JSON with numbers that can be read"),
    ],
    ids=["deep", "deep and old", "huge"],
)
def test_what_python_cannot_hold_is_refused_in_a_line(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=told):
        load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update({"//": "seen on a Monday"}),
        lambda data: data.update(mood="a field that does not exist yet"),
        lambda data: [data.pop(key) for key in ("seed", "evidence", "found", "targets", "expected", "seen", "rate")],
        lambda data: data["steps"][0].update(comment="first"),
    ],
)
def test_comments_later_fields_and_missing_extras_change_nothing(
    change: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    found = load(changed(tmp_path, change))
    assert found.sequence == KEPT.sequence
    assert found.signature == KEPT.signature


def replayed(reproducer: Reproducer, *defects: str) -> Replayed:
    with assembled(Target(defects=defects)) as whole:
        return replay(reproducer, Session(whole.system, whole.reset, Trace(), Budget(RealClock())))


SMALL = Reproducer(
    signature=Signature("no-orphans", "stop", "running"),
    expected="",
    seen="",
    names=("a",),
    sequence=Sequence((Step(Create("a")), Step(Start("a")), Step(Stop("a")), Step(List()))),
    befores=tuple(map(conditions, ("absent", "created", "running", "stopped"))),
)


def test_a_replay_says_fixed_failed_or_changed_with_what_drifted() -> None:
    assert replayed(SMALL).verdict is ReplayVerdict.FIXED
    assert replayed(SMALL).drift == ()
    failed = replayed(SMALL, "leaves-container")
    assert (failed.verdict, failed.signature) == (ReplayVerdict.FAILED, SMALL.signature)
    assert failed.drift == ("step 4, list: not reached",)
    assert replayed(SMALL, "restart-policy").verdict is ReplayVerdict.CHANGED


def test_a_step_done_in_another_state_than_before_is_marked() -> None:
    drifted = evolve(SMALL, befores=tuple(map(conditions, ("absent", "created", "stopped", "stopped"))))
    assert replayed(drifted).drift == ("step 3, stop a: done in running, was in stopped",)


def test_an_engine_that_fails_is_no_verdict_on_the_manager() -> None:
    with assembled(Target()) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        core = whole.system.engine.core  # type: ignore[attr-defined]
        core.down = True
        done = replay(SMALL, session)
        core.down = False
    assert done.verdict is ReplayVerdict.ENVIRONMENT
    assert "Cannot connect" in done.reason


@pytest.mark.parametrize(("rate", "runs"), [(None, 1), (1.0, 1), (0.9, 2), (0.5, 7), (0.1, 44)])
def test_a_flaky_failure_is_fixed_only_after_as_many_passes_as_make_it_sure(rate: float | None, runs: int) -> None:
    assert needed(rate) == runs
    assert replayed(evolve(SMALL, rate=rate)).runs == runs


def test_what_is_done_before_its_service_is_there_is_told_as_a_script_all_the_same(tmp_path: Path) -> None:
    path = changed(tmp_path, lambda data: data.update(steps=[{"do": "set-behaviour", "service": "a", "how": "hang"}]))
    assert "a" in as_shell(load(path))


@pytest.mark.parametrize("seconds", [0, 10**400])
def test_a_start_of_aimas_that_cannot_take_so_long_is_told(seconds: int) -> None:
    with pytest.raises(UsageError, match="expected a start timeout of whole seconds, from 1 to 1000000; got "):
        AimaSettings.of({"start_timeout": seconds})
