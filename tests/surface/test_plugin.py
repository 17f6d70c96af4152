"""The pytest plugin as its users meet it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from churn.explore.profiles import PROFILES as MACHINE_PROFILES
from churn.lifecycle.operations import Create, Start, Step, Stop
from churn.lifecycle.sequence import Sequence
from churn.pytest_plugin.choice import PROFILES
from churn.reproducers.file import Expectation, Reproducer, load, save
from churn.session.verdict import Signature
from churn.session.violation import Violation

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
    pasted = found.stdout.partition("\nsession.run(")[2].partition("\n)\n")[0]
    assert pasted.split("Step(", 1)[1].replace(" ", "").splitlines() == [
        "Create('a')),",
        "Step(Start('a')),",
        "Step(Stop('a')),",
        ")),",
    ]
    (kept,) = (tmp_path / "churn-report" / "reproducers").glob("*.json")
    assert f"kept: churn replay {kept}" in found.stdout
    assert load(kept).targets == {"reference": Expectation.FAILED}
    assert issubclass(Violation, AssertionError)
    assert re.search(r"^test_it\.py:\d+: Violation$", found.stdout, re.MULTILINE), found.stdout
    assert re.search(r"^FAILED test_it\.py::test_mine - .*Violation: accepted", found.stdout, re.MULTILINE)


def test_a_violation_is_told_as_code_to_paste(tmp_path: Path) -> None:
    found = pytest_in(tmp_path, BROKEN, "--churn-shrink", "no")
    assert found.returncode == 1
    assert "accepted: after 'start a' expected start a must succeed; seen: it was refused" in found.stdout
    pasted = found.stdout.partition("\nsession.run(")[2].partition("\n)\n")[0]
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
    assert found.stdout.count("churn: reference on emulated, seed 7") == 1
    assert "services=1" in found.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--churn-seed", "soon"), "--churn-seed (or churn_seed): expected a whole number from 0 on, got 'soon'"),
        (("--churn-services", "0"), "--churn-services (or churn_services): expected a whole number from 1 on, got '0'"),
        (("--churn-engine", "podman"), "(or churn_engine): expected one of emulated, docker, got 'podman'"),
        (("--churn-manager", "none.toml"), "(or churn_manager): expected a file that is there, got 'none.toml'"),
        (("--churn-budget", "infs"), "(or churn_budget): expected a number of seconds above 0, got 'inf'"),
        (
            ("--churn-exclude", "slow,quite"),
            "serving, port-released, graceful-stop, no-leaks, no-processes, slow, got 'quite'; did you mean quiet?",
        ),
        (("--churn-shrink", "maybe"), "(or churn_shrink): expected one of yes, true, 1, no, false, 0, got 'maybe'"),
    ],
)
def test_a_wrong_option_is_a_usage_error_that_says_what_was_expected(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    found = pytest_in(tmp_path, "def test_it():\n    pass\n", *words)
    assert found.returncode == pytest.ExitCode.USAGE_ERROR
    assert told in found.stderr
    assert "Traceback" not in found.stdout + found.stderr


def test_the_profiles_are_those_of_the_machine() -> None:
    assert tuple(MACHINE_PROFILES) == PROFILES


def test_a_project_of_others_notices_nothing(tmp_path: Path) -> None:
    """Neither a line, nor an error for files that are no reproducers, whatever stands in them."""
    for name, content in FOREIGN.items():
        (tmp_path / f"{name}.json").write_bytes(content)
    (tmp_path / "elsewhere.json").symlink_to(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe.json")
    loaded = "import sys\ndef test_it():\n    assert 'churn.assembly' not in sys.modules\n"
    found = pytest_in(tmp_path, loaded, "-W", "error")
    assert found.returncode == 0, found.stdout
    assert "1 passed" in found.stdout
    assert "churn:" not in found.stdout


FOREIGN = {
    "words": b'["churn-reproducer"]',
    "value": b'{"name": "churn-reproducer", "other": 1}',
    "within": b'{"packages": {"churn-reproducer": 1}}',
    "deep": b"[" * 10_000,
    "deeply": b'{"a": ' * 10_000,
    "digits": b'{"a": ' + b"1" * 5000,
    "bytes": b"\xff\xfe{",
    "empty": b"",
    "cut": b'{"churn-rep',
    "late": b'{"a": "' + b" " * 5000 + b'", "churn-reproducer": 1}',
}


def test_a_test_that_uses_churn_is_told_what_is_tested(tmp_path: Path) -> None:
    found = pytest_in(tmp_path, "def test_it(churn_choice):\n    pass\n")
    assert found.stdout.count("churn: reference on emulated, seed 0") == 1


def test_the_machine_can_be_subclassed(tmp_path: Path) -> None:
    found = pytest_in(tmp_path, SUBCLASS)
    assert found.returncode == 0, found.stdout


FAILING = """
import os
from churn import LifecycleMachine, Session, Start, Step, Stop, Target
from hypothesis import settings
from hypothesis.stateful import rule

class Mine(LifecycleMachine):
    @classmethod
    def open_session(cls):
        return Session.over(Target(defects=("leaves-container",)))

    @rule()
    def start_and_stop(self):
        self.perform(Step(Start("a")))
        self.perform(Step(Stop("a")))

TestMine = Mine.TestCase
TestMine.settings = settings(max_examples=30, stateful_step_count=8)
"""


def test_a_machine_that_fails_shows_steps_code_reproducer_and_line(tmp_path: Path) -> None:
    found = pytest_in(tmp_path, FAILING)
    assert found.returncode == 1
    assert re.search(r"test_it\.py:\d+.*: Violation", found.stdout), found.stdout
    assert "  1. create a\n  2. start a\n  3. stop a\n" in found.stdout
    assert "from churn import Create, Sequence, Start, Step, Stop" in found.stdout
    (kept,) = (tmp_path / "churn-report" / "reproducers").glob("*.json")
    assert f"kept: churn replay {kept}" in found.stdout
    assert load(kept).targets == {"reference+leaves-container": Expectation.FAILED}
    assert "Falsifying example" not in found.stdout
    assert "churn/session" not in found.stdout, "no inside of Churn"


WISHED = """
from churn import LifecycleMachine

class Mine(LifecycleMachine):
    def teardown(self):
        session, shared = self.shared.session, self.shared
        print(f"wished: {session.target.manager} {session.budget.operations} {shared.services} {shared.faults}")
        super().teardown()

TestMine = Mine.TestCase
"""


def test_a_machine_obeys_the_options(tmp_path: Path) -> None:
    words = ("--churn-max-operations", "40", "--churn-services", "1", "--churn-faults", "no", "--churn-seed", "3")
    found = pytest_in(tmp_path, WISHED, "-s", *words)
    assert found.returncode == 0, found.stdout
    assert "wished: reference 40 1 False" in found.stdout
    assert "churn: reference on emulated, seed 3" in found.stdout


LEAVING_OUT = """
import pytest
from churn import Create, LifecycleMachine, Sequence, Session, Start, Step, Target
from hypothesis import settings

@pytest.fixture
def churn_system():
    with Target(defects=("restart-policy",)).assembled() as whole:
        yield whole

def test_mine(churn_session):
    churn_session.run("mine", ("a",), Sequence((Step(Create("a")), Step(Start("a")))))

class Mine(LifecycleMachine):
    @classmethod
    def open_session(cls):
        return Session.over(Target(defects=("restart-policy",)))

TestMine = Mine.TestCase
TestMine.settings = settings(max_examples=3, stateful_step_count=5)
"""


def test_what_is_excluded_is_not_asked_of_a_session_nor_of_a_machine(tmp_path: Path) -> None:
    asked = pytest_in(tmp_path, LEAVING_OUT, "--churn-seed", "3", "--churn-faults", "no", "--churn-shrink", "no")
    assert "2 failed" in asked.stdout
    assert asked.stdout.count("no-restart-policy: after '") >= 2, asked.stdout
    ini = "churn_exclude = slow, no-restart-policy\n"
    left_out = pytest_in(tmp_path, LEAVING_OUT, "--churn-seed", "3", "--churn-faults", "no", ini=ini)
    assert "2 passed" in left_out.stdout, left_out.stdout


def kept_of(folder: Path, target: str, expectation: Expectation) -> None:
    steps = (Step(Create("a")), Step(Start("a")), Step(Stop("a")))
    signature = Signature("no-orphans", "stop", "running")
    save(Reproducer(signature=signature, expected="none", seen="one", names=("a",), sequence=Sequence(steps),
                    targets={target: expectation}), folder, "kept.json")  # fmt: skip


@pytest.mark.parametrize(
    ("target", "expectation", "code", "told"),
    [
        ("reference+leaves-container", Expectation.FAILED, 0, "XFAIL kept.json::reference+leaves-container: FAILED"),
        ("reference", Expectation.FAILED, 1, "the bug of reference is gone: in "),
        ("reference", Expectation.FIXED, 0, "1 passed"),
        (
            "reference+leaves-container",
            Expectation.FIXED,
            1,
            "expected FIXED of reference+leaves-container, got FAILED",
        ),
    ],
)
def test_a_reproducer_is_held_to_what_its_file_expects(
    tmp_path: Path, target: str, expectation: Expectation, code: int, told: str
) -> None:
    kept_of(tmp_path, target, expectation)
    found = pytest_in(tmp_path, "", "-ra")
    assert found.returncode == code, found.stdout
    assert told in found.stdout.replace("\n", " ").replace("  ", " ")
    if "XFAIL" in told:
        assert f"the bug still lives: churn replay {tmp_path / 'kept.json'}" in found.stdout.replace("\n", "")


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
