"""The pytest plugin as its users meet it."""

import subprocess
import sys
from pathlib import Path

import pytest

from churn.reproducers.file import Expectation, load

BROKEN = """
import pytest
from churn import Create, Pace, Sequence, Session, Start, Step, Stop
from churn.system.managers.reference import ReferenceManager

@pytest.fixture(autouse=True)
def broken(monkeypatch):
    for name in ("halt", "clean_up"):
        monkeypatch.setattr(ReferenceManager, name, lambda manager, record: None)

def test_mine(churn_session: Session) -> None:
    churn_session.run("mine", ("a",), Sequence((
        Step(Create("a")), Step(Start("a")), Step(Stop("a"), Pace.HURRIED), Step(Start("a")),
    )))
"""

SUBCLASS = """
import pytest
from churn import LifecycleMachine, Session, Target, assembled
from churn.session.budget import Budget
from churn.session.trace import Trace
from hypothesis import settings
from hypothesis.stateful import rule

applied = []

@pytest.fixture(autouse=True, scope="module")
def system():
    with assembled(Target()) as whole:
        Mine.whole = whole
        yield

class Mine(LifecycleMachine):
    whole = None

    @classmethod
    def open_session(cls):
        return Session(cls.whole.system, cls.whole.reset, Trace(), Budget(cls.whole.system.clock))

    @rule()
    def note(self):
        applied.append(self)

TestMine = Mine.TestCase

def test_it_ran():
    assert applied
    assert Mine.explorer.session.trace.steps > 10
"""


def pytest_in(folder: Path, text: str, *words: str, ini: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def test_a_violation_is_told_by_its_shrunk_sequence_and_kept(tmp_path: Path) -> None:
    found = pytest_in(tmp_path, BROKEN)
    assert found.returncode == 1
    assert "shrunk from 4 to 3 steps (minimal; failed each time" in found.stdout
    pasted = found.stdout.partition("session.run(")[2].partition("\n)\n")[0]
    assert pasted.split("Step(", 1)[1].replace(" ", "").splitlines() == [
        "Create('a')),",
        "Step(Start('a')),",
        "Step(Stop('a')),",
        ")),",
    ]
    (kept,) = (tmp_path / "churn-report" / "reproducers").glob("*.json")
    assert f"kept: churn replay {kept}" in found.stdout
    assert load(kept).targets == {"reference": Expectation.FAILED}


def test_a_violation_is_told_as_code_to_paste(tmp_path: Path) -> None:
    found = pytest_in(tmp_path, BROKEN, "--churn-shrink", "no")
    assert found.returncode == 1
    assert "accepted: after 'start a' expected start a must succeed; seen: it was refused" in found.stdout
    pasted = found.stdout.partition("session.run(")[2].partition("\n)\n")[0]
    assert pasted.split("Step(", 1)[1].replace(" ", "").splitlines() == [
        "Create('a')),",
        "Step(Start('a')),",
        "Step(Stop('a'),Pace.HURRIED),",
        "Step(Start('a')),",
        ")),",
    ]


def test_options_and_ini_keys_say_what_is_tested(tmp_path: Path) -> None:
    text = "def test_it(churn_choice):\n    print(churn_choice)\n"
    found = pytest_in(tmp_path, text, "-s", "--churn-seed", "7", ini="churn_seed = 3\nchurn_services = 1\n")
    assert "churn: reference on emulated, seed 7" in found.stdout
    assert "services=1" in found.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--churn-seed", "soon"), "--churn-seed (or churn_seed): expected a number, got 'soon'"),
        (("--churn-engine", "podman"), "got --manager reference --engine podman"),
    ],
)
def test_a_wrong_option_says_what_was_expected(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    found = pytest_in(tmp_path, "def test_it(churn_system):\n    pass\n", *words)
    assert found.returncode != 0
    assert told in found.stdout + found.stderr


def test_the_machine_can_be_subclassed(tmp_path: Path) -> None:
    found = pytest_in(tmp_path, SUBCLASS)
    assert found.returncode == 0, found.stdout


def test_the_stateful_tests_run_under_xdist() -> None:
    stateful = Path(__file__).parents[1] / "stateful"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-q",
        "-n",
        "2",
        str(stateful / "test_five_cycle.py"),
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout
    assert "30 passed" in found.stdout
