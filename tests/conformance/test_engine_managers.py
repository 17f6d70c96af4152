"""Managers that leave most to a real engine, each under the contract that its manual promises: nothing is objected to."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from churn.system.engines.docker import DockerEngine
from churn.system.ownership import OWNER

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("standin")]

LIMITS = ("--cycles", "1", "--budget", "8s")
"""Little: a longer run of each is `churn run --engine docker --manager FILE --budget 60s`."""


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("compose-stop", "docker-compose"),
        ("compose-rm", "docker-compose"),
        ("docker-create", "docker"),
        ("docker-run", "docker"),
        ("docker-always", "docker"),
    ],
)
def test_who_keeps_its_promises_passes(name: str, program: str, docker_engine: DockerEngine, tmp_path: Path) -> None:
    if shutil.which(program) is None:
        if os.environ.get("CHURN_REQUIRE_DOCKER") == "1":
            pytest.fail(f"expected the program {program} on PATH; install it")
        pytest.skip(f"{name} needs the program {program}, which is not on PATH")
    words = ("run", "--engine", "docker", "--manager", name, *LIMITS)
    environ = {**os.environ, "NO_COLOR": "1", "XDG_STATE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "churn", *words, "--report", str(tmp_path / "report")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert docker_engine.list({OWNER: ""}) == ()
