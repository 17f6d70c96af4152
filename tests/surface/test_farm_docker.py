"""Jobs on a real engine: they pass, say which of them made what, and take what one that died has left."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from churn.farm.job import Job, Kind, Part, Subject, as_text
from churn.farm.worker import do
from churn.lifecycle.operations import Create, Length, Start, Step, Wait
from churn.lifecycle.sequence import Sequence
from churn.system.engines.docker import DockerEngine
from churn.system.managers.reference.manager import SESSION
from churn.system.ownership import JOB, OWNER

pytestmark = pytest.mark.docker

ENVIRON = {**os.environ, "NO_COLOR": "1"}
STARTED = (Create("a"), Start("a"))


def job(number: int, *waits: Wait) -> Job:
    """One that starts a service, and leaves it running until all is cleaned up."""
    steps = Sequence(tuple(map(Step, (*STARTED, *waits))))
    return Job(
        id=f"{number:06}", subject=Subject(engine="docker"), part=Part(kind=Kind.PLAN, sequences=((("a",), steps),))
    )


def churn(*words: str) -> list[str]:
    return [sys.executable, "-m", "churn", *words]


@pytest.mark.usefixtures("standin")
def test_a_campaign_in_jobs_passes_and_leaves_nothing(docker_engine: DockerEngine, tmp_path: Path) -> None:
    words = churn("run", "--engine", "docker", "--jobs", "1", "--cycles", "1", "--max-operations", "8", "--quiet")
    done = subprocess.run(
        [*words, "--report", str(tmp_path)], capture_output=True, text=True, env=ENVIRON, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [criterion["mark"] for criterion in told["criteria"]] == ["PASS"] * 5
    assert sum(one["jobs"] for one in told["workers"]) >= 2
    assert docker_engine.list({OWNER: ""}) == ()


@pytest.mark.usefixtures("standin")
def test_what_a_killed_job_has_left_says_which_it_was_and_the_next_one_takes_it(
    docker_engine: DockerEngine, tmp_path: Path, until: Callable[[Callable[[], bool]], float]
) -> None:
    file, of_a_service = tmp_path / "job.json", {JOB: "000012", SESSION: ""}
    file.write_text(as_text(job(12, Wait(Length.LONG))), encoding="utf-8")
    with subprocess.Popen(churn("job", str(file)), stdout=subprocess.DEVNULL, env=ENVIRON) as going:
        until(lambda: any(row.state == "running" for row in docker_engine.list(of_a_service)), within=30)
        going.kill()
    told = subprocess.run(churn("clean", "--dry-run"), capture_output=True, text=True, env=ENVIRON, check=True).stdout
    (left,) = docker_engine.list(of_a_service)
    assert f"would remove container {left.name} (running): made by job 000012 in run {left.labels[OWNER]}" in told
    result = do(job(13), ENVIRON)
    assert not result.failures
    assert not result.faults
    assert docker_engine.list({OWNER: ""}) == ()
