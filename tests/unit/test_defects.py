"""The catalogue of planted bugs: each is told, each can be had alone or with others, none is in the healthy manager."""

import inspect
from pathlib import Path

import pytest

from churn.assembly import Target, assembled
from churn.errors import UsageError
from churn.reproducers.file import Expectation, load
from churn.system.managers.defects import DEFECTS, Defect, defective
from churn.system.managers.reference import ReferenceManager

COMMITTED = Path(__file__).parents[2] / "reproducers" / "defects"


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=lambda defect: defect.name)
def test_a_defect_says_what_a_user_sees_and_which_bug_it_stands_for(defect: Defect) -> None:
    assert defect.symptom.endswith(".")
    assert "Stands for: " in (inspect.getdoc(defect.manager) or "")
    assert defect.stands_for
    assert issubclass(defect.manager, ReferenceManager)


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_has_a_committed_reproducer_held_to_both_its_expectations(name: str) -> None:
    (path,) = COMMITTED.glob(f"{name}--*.json")
    assert load(path).targets == {f"reference+{name}": Expectation.FAILED, "reference": Expectation.FIXED}


def test_there_are_at_least_two_dozen() -> None:
    assert len(DEFECTS) >= 24
    assert {path.name.partition("--")[0] for path in COMMITTED.glob("*.json")} == set(DEFECTS)


def test_several_can_be_combined_and_none_is_the_healthy_manager() -> None:
    both = defective(("restart-policy", "list-omits"))
    assert [DEFECTS[name].manager in both.__mro__ for name in ("restart-policy", "list-omits")] == [True, True]
    assert defective(()) is ReferenceManager


@pytest.mark.parametrize(
    "defects", [("leaves-container", "third-stop-leaks"), ("third-stop-leaks", "leaves-container")]
)
def test_of_two_that_change_one_step_neither_makes_the_other_inert(defects: tuple[str, str]) -> None:
    with assembled(Target(defects=defects)) as whole:
        whole.system.manager.create("a", "")
        left = []
        for _ in range(3):
            whole.system.manager.start("a")
            whole.system.manager.stop("a")
            left.append([row.state for row in whole.system.engine.list()])
    assert left == [["exited"], ["exited"], ["running"]]


@pytest.mark.parametrize("defects", [("name-conflict", "removes-others"), ("removes-others", "name-conflict")])
def test_a_clean_up_that_leaves_its_own_still_takes_others(defects: tuple[str, str]) -> None:
    with assembled(Target(defects=defects)) as whole:
        for name in ("a", "b"):
            whole.system.manager.create(name, "")
            whole.system.manager.start(name)
            whole.system.manager.stop("a")
        left = [row.state for row in whole.system.engine.list()]
    assert left == ["running"], "the start of b took what the stop of a had left"


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UsageError, match=r"expected the name of a defect, got 'nosuch'"):
        defective(("nosuch",))
