"""Managers that a file describes, on a real engine: the worked examples pass, and what is broken in one is found."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from churn.explore.scenarios import cycles
from churn.lifecycle.form import Setting
from churn.lifecycle.observation import ResourceKind
from churn.lifecycle.operations import (
    Crash,
    Create,
    HoldPort,
    Kill,
    List,
    Pace,
    ReleasePort,
    Remove,
    RemoveContainer,
    Restart,
    Start,
    Status,
    Step,
    Stop,
    Update,
)
from churn.lifecycle.outcome import Ok, Rejected
from churn.lifecycle.sequence import Sequence
from churn.pytest_plugin import Choice
from churn.session.session import Session
from churn.system.engines.docker import DockerEngine
from churn.system.managers.command import CommandManager
from churn.system.managers.gallery import gallery
from churn.system.ownership import OWNER

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("standin")]

SHELL = gallery()["shell"]
PROGRAMS = {"shell": ("docker",), "compose": ("docker", "docker-compose")}

HALTS, ONLY_HALTS = (
    'stop() {\n  known "$1"\n  clear_away "$1"\n',
    'stop() {\n  known "$1"\n  docker stop --time 2 $(containers "$1") >/dev/null || true\n',
)
"""A stop of shell.sh, and one that leaves its container."""


@pytest.fixture(params=sorted(PROGRAMS))
def example(request: pytest.FixtureRequest) -> str:
    """The name of a worked example whose programs this machine has."""
    for program in PROGRAMS[request.param]:
        if shutil.which(program) is None:
            if os.environ.get("CHURN_REQUIRE_DOCKER") == "1":
                pytest.fail(f"expected the program {program} on PATH; install it")
            pytest.skip(f"{request.param} needs the program {program}, which is not on PATH")
    name: str = request.param
    return name


@pytest.fixture(name="churn_choice")
def _described(example: str) -> Choice:
    return Choice(
        engine="docker",
        manager=example,
        seed=0,
        services=2,
        seconds=None,
        operations=None,
        profile="real",
        faults=True,
    )


def ours(engine: DockerEngine) -> list[str]:
    """What Churn owns on the engine."""
    rows = [row.name for row in engine.list({OWNER: ""})]
    resources = engine.resources({OWNER: ""})
    return [*rows, *(str(resource) for resource in resources if resource.kind is not ResourceKind.IMAGE)]


@pytest.mark.parametrize("pace", [Pace.CALM, Pace.HURRIED])
def test_the_worked_examples_pass_the_five_cycles(
    churn_session: Session, docker_engine: DockerEngine, pace: Pace
) -> None:
    churn_session.run("five-cycle", ("a",), cycles(5, pace=pace))
    records = [record for _, record in churn_session.trace.records()]
    outcomes = [record.outcome for record in records if record.step.operation.kind in ("start", "stop")]
    assert [type(outcome) for outcome in outcomes] == [Ok] * 10
    assert all(outcome is not None and outcome.evidence.ran for outcome in outcomes)
    looks = [record.judgement.observation for record in records if record.judgement is not None]
    containers = [found for seen in looks for found in seen.containers.values()]
    assert {found.alias for found in containers} == {f"a#{number}" for number in range(1, 6)}
    assert {found.service for found in containers} == {"a"}
    assert ours(docker_engine) == []


STRUCK = (
    Create("a"), HoldPort("a"), Start("a"), ReleasePort("a"), Start("a"), Start("b"), Kill("a"), List(), Start("a"), Crash("a"),
    Start("a"), RemoveContainer("a"), Stop("a"), Create("b"), Start("a"), Start("b"), Stop("a"), Stop("b"),
    Restart("a"), Restart("a"), Remove("a"), Create("a"), HoldPort("a"), Remove("a"), Create("a"), Start("a"), Stop("a"),
    Remove("b"),
)  # fmt: skip


UPDATED = (
    Update("a", Setting.IMAGE), Start("a"), Update("a", Setting.ENVIRONMENT), Restart("a"), Update("a", Setting.PORT), Stop("a"),
    Start("a"), Stop("a"),
)  # fmt: skip
"""What was changed is there after the next start, and not before."""


def test_faults_strike_and_the_worked_examples_pass_them(churn_session: Session, example: str) -> None:
    offers = churn_session.contract.offers
    steps = (*STRUCK, *UPDATED * ("update" in offers), *[Status("a")] * ("status" in offers))
    churn_session.run("faults", ("a", "b"), Sequence(tuple(map(Step, steps))))
    refused = [
        str(record.step.operation)
        for _, record in churn_session.trace.records()
        if isinstance(record.outcome, Rejected)
    ]
    assert refused == ["start a", "start b"], "on its held port, and before it was created"
    manager = churn_session.system.manager
    assert isinstance(manager, CommandManager)
    assert manager.name == example


def churned(*words: str, state: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "NO_COLOR": "1", "XDG_STATE_HOME": str(state)}
    command = [sys.executable, "-m", "churn", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ)


def test_a_stop_that_leaves_its_container_is_found_shrunk_and_kept(docker_engine: DockerEngine, tmp_path: Path) -> None:
    broken = tmp_path / "managers"
    shutil.copytree(SHELL.parent, broken)
    script = (broken / "shell.sh").read_text()
    assert script.count(HALTS) == 1
    (broken / "shell.sh").write_text(script.replace(HALTS, ONLY_HALTS))

    report = tmp_path / "report"
    words = ("run", "--engine", "docker", "--manager", str(broken / "shell.toml"), "--max-operations", "60")
    found = churned(*words, "--report", str(report), state=tmp_path)

    assert found.returncode == 1, found.stdout + found.stderr
    (bug,) = json.loads((report / "report.json").read_text())["bugs"]
    assert bug["invariant"] == "no-orphans"
    assert bug["scenario"] == ["1. create a", "2. start a", "3. stop a"]
    assert "is exited" in bug["actual"]
    (kept,) = (report / "reproducers").glob("*.json")
    assert churned("replay", "--trust", str(kept), state=tmp_path).returncode == 1
    mended = churned("replay", "--manager", "shell", str(kept), state=tmp_path)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert ours(docker_engine) == []
