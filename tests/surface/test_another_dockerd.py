"""`.ci/dockerd` starts the dockerd of the folder that CHURN_DOCKERD names, and says so where there is none."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

STARTER = Path(__file__).parents[2] / ".ci" / "dockerd"
PROGRAMS = ("docker-init", "ip", "nsenter", "setsid", "unshare")
MOST = 60.0
"""Seconds after which the starter has hung."""


def started(folder: Path) -> subprocess.CompletedProcess[str]:
    own = {**os.environ, "CHURN_DOCKERD": str(folder)}
    return subprocess.run((STARTER, "true"), capture_output=True, text=True, env=own, timeout=MOST, check=False)


def test_the_dockerd_of_the_folder_is_started(tmp_path: Path) -> None:
    """Its dockerd is a double that ends at once: what it said stands in the log that the starter shows."""
    lacking = [program for program in PROGRAMS if shutil.which(program) is None]
    if os.geteuid() != 0 or lacking:
        told = f"starting an engine needs root, and on PATH {', '.join(PROGRAMS)}; missing: {lacking}"
        if os.environ.get("CHURN_REQUIRE_DOCKER") == "1":
            pytest.fail(told)
        pytest.skip(told)
    double = tmp_path / "dockerd"
    double.write_text("#!/bin/sh\necho the double was started\n")
    double.chmod(0o755)
    ended = started(tmp_path)
    assert ended.returncode == 1
    assert "the double was started" in ended.stderr


def test_a_folder_without_dockerd_is_refused(tmp_path: Path) -> None:
    ended = started(tmp_path)
    assert ended.returncode == 1
    assert f"expected CHURN_DOCKERD to name a folder with the program dockerd, got {tmp_path}" in ended.stderr
