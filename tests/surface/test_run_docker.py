"""`churn run` on a real engine: the same verdicts, and nothing of ours left behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from churn.errors import BudgetSpent
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import PROFILES
from churn.explore.tour import Tour, hurriedly, walk
from churn.lifecycle.form import Setting
from churn.lifecycle.operations import (
    Crash,
    Create,
    HoldPort,
    Kill,
    Pace,
    ReleasePort,
    Remove,
    RemoveContainer,
    Restart,
    Start,
    Step,
    Stop,
    Update,
)
from churn.lifecycle.outcome import Ok, Rejected
from churn.lifecycle.paths import Atlas
from churn.lifecycle.sequence import Sequence
from churn.pytest_plugin import Choice
from churn.session.session import Session
from churn.system.engines.docker import DockerEngine
from churn.system.managers.reference.manager import SESSION
from churn.system.ownership import OWNER, labels
from churn.system.runs import new_run
from sandbox import Sandbox, run_that_is_over

pytestmark = pytest.mark.docker

STEPS = 30
"""Of the tour, and again of random exploration: 60 in all, at a second each."""


@contextmanager
def running(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "churn", "run", "--engine", "docker", "--report", str(folder), *words]
    environ = {**os.environ, "NO_COLOR": "1", "XDG_STATE_HOME": str(folder / "state")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ) as child:
        try:
            yield child
        finally:
            child.kill()


def ours(engine: DockerEngine) -> list[str]:
    return [row.name for row in engine.list({OWNER: ""})]


def test_two_runs_side_by_side_pass_and_leave_strangers_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    bystander, _ = sandbox.serve()
    namesake = sandbox.engine.create(sandbox.spec("service-a"))

    with (
        running(tmp_path / "1", "--max-operations", "12") as one,
        running(tmp_path / "2", "--max-operations", "12") as two,
    ):
        outputs = [one.communicate()[0], two.communicate()[0]]

    assert (one.returncode, two.returncode) == (0, 0), outputs
    for folder in ("1", "2"):
        data = json.loads((tmp_path / folder / "report.json").read_text())
        assert [criterion["mark"] for criterion in data["criteria"]] == ["PASS"] * 5
        assert data["criteria"][0]["evidence"][1]["ran"] is True
    assert ours(sandbox.engine) == []
    assert sandbox.engine.inspect(bystander).state == "running"
    assert sandbox.engine.inspect(namesake).state == "created"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_cleans_up_and_says_so(
    number: signal.Signals, docker_engine: DockerEngine, standin: str, tmp_path: Path, until: Callable[..., float]
) -> None:
    assert standin
    with running(tmp_path) as child:
        until(lambda: any(row.state == "running" for row in docker_engine.list({SESSION: ""})), 60.0)
        child.send_signal(number)
        output, _ = child.communicate(timeout=60)

    assert child.returncode == 130, output
    assert "interrupted: cleaning up" in output
    assert ours(docker_engine) == []
    assert (tmp_path / "report.md").exists()


def test_a_killed_run_leaves_what_clean_then_removes(
    docker_engine: DockerEngine, standin: str, tmp_path: Path, until: Callable[..., float]
) -> None:
    assert standin
    with running(tmp_path) as child:
        until(lambda: any(row.state == "running" for row in docker_engine.list({SESSION: ""})), 60.0)
        child.send_signal(signal.SIGSTOP)
        environ = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "elsewhere")}
        clean = [sys.executable, "-m", "churn", "clean"]
        alive = subprocess.run(clean, capture_output=True, text=True, check=True, env=environ)
        assert "is alive in process" in alive.stdout
        assert ours(docker_engine) != []
        child.kill()
        child.wait()
    dead = subprocess.run(clean, capture_output=True, text=True, check=True, env=environ)
    assert "which is over" in dead.stdout
    assert ours(docker_engine) == []


@pytest.mark.parametrize("label", [SESSION, "aima.managed"])
def test_a_managers_own_containers_are_taken_over_only_when_asked(label: str, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.labels = {**sandbox.labels, label: "somebody's"}
    container, _ = sandbox.serve()
    environ = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}

    def clean(*words: str) -> str:
        command = [sys.executable, "-m", "churn", "clean", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environ).stdout

    assert container in {row.id for row in sandbox.engine.list(sandbox.labels)}
    assert sandbox.run not in clean()
    assert f"would remove container {sandbox.run}-a (running): carries the manager's label" in clean(
        "--take-over", "--dry-run"
    )
    assert sandbox.engine.inspect(container).state == "running"
    clean("--take-over")
    assert sandbox.engine.list(sandbox.labels) == ()


def test_volumes_and_networks_of_a_dead_run_are_removed_and_others_are_left(
    docker_engine: DockerEngine,
) -> None:
    run, stranger = run_that_is_over(), new_run()
    for owner in (run, stranger):
        docker_engine.create_volume(f"churn-test-{owner}", labels(owner))
        docker_engine.create_network(f"churn-test-{owner}", labels(owner))
    try:
        subprocess.run([sys.executable, "-m", "churn", "clean"], capture_output=True, check=True)
        assert docker_engine.resources({OWNER: run}) == frozenset()
        assert len(docker_engine.resources({OWNER: stranger})) == 2
    finally:
        for resource in docker_engine.resources({OWNER: stranger}):
            docker_engine.remove_resource(resource)


@pytest.fixture(name="churn_choice")
def _on_docker() -> Choice:
    return Choice(
        engine="docker",
        manager="reference",
        seed=0,
        services=2,
        seconds=None,
        operations=STEPS,
        profile="real",
        faults=True,
    )


@pytest.mark.usefixtures("standin")
def test_the_healthy_reference_gives_no_violation_in_60_steps_faults_and_hurried_ones_included(
    churn_session: Session, churn_choice: Choice
) -> None:
    with pytest.raises(BudgetSpent):
        walk(churn_session, Tour(Atlas(("a", "b"), churn_session.contract)), "tour", hurriedly)
    churn_session.budget.operations = 2 * STEPS
    with pytest.raises(BudgetSpent):
        explore(Explorer(session=churn_session, services=2), PROFILES["real"], churn_choice.seed)
    assert churn_session.budget.spent == 2 * STEPS
    kinds = {record.step.operation.kind for _, record in churn_session.trace.records()}
    assert {"create", "start", "stop", "set-behaviour", "wait", "list", "status"} <= kinds


STRUCK = (
    Create("a"), HoldPort("a"), Start("a"), ReleasePort("a"), Start("a"), Kill("a"), Start("a"), Crash("a"),
    HoldPort("a"), Stop("a"), ReleasePort("a"), Start("a"), RemoveContainer("a"), Stop("a"), Start("a"), Stop("a"),
)  # fmt: skip


@pytest.mark.usefixtures("standin")
@pytest.mark.parametrize("pace", [Pace.CALM, Pace.HURRIED])
def test_faults_strike_on_a_real_engine_and_the_healthy_reference_passes_them(
    churn_session: Session, pace: Pace
) -> None:
    churn_session.run("faults", ("a", "b"), Sequence(tuple(Step(operation, pace) for operation in STRUCK)))
    refused = [
        str(record.step.operation)
        for _, record in churn_session.trace.records()
        if isinstance(record.outcome, Rejected)
    ]
    assert refused == ["start a"], "on its held port"


UPDATED = (
    Create("a"), Start("a"), Update("a", Setting.ENVIRONMENT), Stop("a"), Update("a", Setting.IMAGE), Start("a"),
    Update("a", Setting.PORT), Restart("a"), Remove("a"),
)  # fmt: skip


@pytest.mark.usefixtures("standin")
def test_what_was_updated_is_there_after_the_next_start_and_not_before(churn_session: Session) -> None:
    churn_session.run("updates", ("a",), Sequence(tuple(map(Step, UPDATED))))
    outcomes = [record.outcome for _, record in churn_session.trace.records()]
    assert len(outcomes) == len(UPDATED)
    assert all(isinstance(outcome, Ok) for outcome in outcomes)


def test_without_an_engine_a_run_says_so_and_could_not_run(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "churn", "run", "--engine", "docker", "--report", str(tmp_path)]
    environ = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/nosuch.sock"}
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert found.returncode == 2
    assert "nosuch.sock" in found.stderr
