"""What a user sees of a run while it goes on: a bar on a terminal, plain lines elsewhere, more or less of it, and a log."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from churn.assembly import Target
from churn.cli import churn
from churn.explore.coverage import Coverage
from churn.lifecycle.operations import Create, Start, Step, Stop
from churn.lifecycle.paths import Atlas
from churn.report.progress import Ticker
from churn.session.session import Session
from churn.system.clock import VirtualClock


def run(folder: Path, *words: str) -> Result:
    command = ["run", "--report", str(folder / "report"), "--max-operations", "150", "--services", "1", *words]
    return CliRunner().invoke(churn, command, env={"NO_COLOR": "1", "COLUMNS": "100"}, catch_exceptions=False)


def test_without_a_terminal_each_tenth_of_the_budget_is_a_line(tmp_path: Path) -> None:
    found = run(tmp_path)
    tenths = re.findall(
        r"^(\d+)% of the budget: step \d+; \d bugs?, \d+% of the model tried$", found.output, re.MULTILINE
    )
    assert len(tenths) >= 5
    assert tenths == sorted(set(tenths), key=int)


def test_verbose_prints_each_step_and_what_came_of_it(tmp_path: Path) -> None:
    found = run(tmp_path, "-v", "--only", "cycles")
    assert "\nstep 2 (five-cycle (calm)): start a: ok after 5.56 s: pass\n" in found.output


def test_quiet_prints_bugs_and_the_verdict_alone(tmp_path: Path) -> None:
    found = run(tmp_path, "-q", "--defect", "restart-policy")
    assert [line.partition(":")[0] for line in found.output.splitlines()] == [
        "found",
        "Report",
        "FAIL with exit code 1",
    ]


def test_a_log_has_every_step_and_every_bug(tmp_path: Path) -> None:
    found = run(tmp_path, "-q", "--defect", "restart-policy", "--log", str(tmp_path / "deep" / "run.log"))
    assert found.exit_code == 1
    lines = (tmp_path / "deep" / "run.log").read_text().splitlines()
    assert all(re.match(r" *\d+\.\d{3} \w", line) for line in lines)
    assert sum("found: When service a (created, never started) is started" in line for line in lines) == 1
    assert any("start a: ok after" in line and "fail; no-restart-policy: " in line for line in lines)


def test_a_log_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = CliRunner().invoke(churn, ["run", "--report", str(tmp_path), "--log", str(tmp_path / "file" / "log")])
    assert "expected a file that can be written" in str(found.exception)


@pytest.mark.parametrize("quiet", [False, True])
def test_on_a_terminal_a_bar_shows_budget_step_bugs_and_coverage(lab_session: Session, quiet: bool) -> None:
    told = io.StringIO()
    console = Console(file=told, force_terminal=True, width=120, color_system=None)
    ticker = Ticker(console=console, quiet=quiet, clock=VirtualClock())
    session = lab_session
    session.trace.watch = ticker.step
    with ticker.running():
        session.budget.operations = 8
        ticker.follow(session.budget, Coverage(Atlas(("a",), session.contract)), 8, None)
        ticker.announce("tour")
        session.begin("tour", ("a",))
        for operation in (Create("a"), Start("a"), Stop("a")):
            session.step(Step(operation))
        if ticker._progress is not None:
            ticker._progress.refresh()
    if quiet:
        assert told.getvalue() == ""
    else:
        assert re.search(r" 50% tour: step 3: stop a; 0 bugs, [1-9]\d?% of the model tried", told.getvalue())


def test_what_is_uncounted_uses_nothing_of_the_budget(lab_session: Session) -> None:
    budget = lab_session.budget
    budget.operations = 10
    with budget.uncounted():
        budget.charge()
        assert budget.used(10, None) == 0
    budget.charge()
    assert budget.used(10, None) == pytest.approx(0.1)
    assert budget.used(None, None) == 0


@pytest.fixture
def lab_session() -> Iterator[Session]:
    """A session over the reference manager."""
    with Session.over(Target()) as session:
        yield session
