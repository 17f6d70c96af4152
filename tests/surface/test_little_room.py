"""Little room: what a manager prints does not fill memory or the report, and a disk that fills ends nothing in disorder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from churn.system.managers.answers import as_evidence

PLAIN = {**os.environ, "NO_COLOR": "1", "COLUMNS": "250"}
PRINTED, ALLOWED = 200, 50
"""Megabytes that a start prints, and that it may cost."""
_MEASURED = f"""
import os, resource, sys
from churn.system.process import run

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

run(["true"], env=os.environ, timeout=60)
before = most()
command = "head -c {PRINTED}000000 /dev/zero | tr '\\\\0' x"
finished = run(["sh", "-c", command + "; " + command + " >&2"], env=os.environ, timeout=60)
print(most() - before, len(finished.stdout) + len(finished.stderr))
"""
SMALL = 'mount -t tmpfs -o size={size}k tmpfs {place} && exec "$@"'


def test_a_start_that_prints_200_megabytes_costs_little_memory() -> None:
    """It prints as much to its standard error. What is kept of it is all that a report can have."""
    found = subprocess.run([sys.executable, "-c", _MEASURED], capture_output=True, text=True, check=True)
    memory, kept = map(int, found.stdout.split())
    assert memory < ALLOWED
    assert kept < 2**20 + 1000
    assert len(as_evidence(b"x" * kept)) < kept


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Where a disk of its own can be for a program."""
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    if probe.returncode != 0:
        pytest.skip("a disk of its own needs root")
    place = tmp_path / "small"
    place.mkdir()
    return place


@pytest.mark.parametrize("size", [4, 100], ids=["while it runs", "at the end"])
def test_a_disk_that_fills_is_told_and_the_verdict_is_no_pass(size: int, small: Path) -> None:
    run = [sys.executable, "-m", "churn", "run", "--only", "cycles", "--report", str(small / "report")]
    words = ["unshare", "--mount", "sh", "-c", SMALL.format(size=size, place=small), "sh", *run]
    found = subprocess.run(words, capture_output=True, text=True, check=False, env=PLAIN)
    told = found.stdout + found.stderr
    assert "Traceback" not in told
    assert "No space left on device" in told
    assert found.returncode == 3, told
    assert "A service can be started and stopped 5 times" in found.stdout, "the verdicts are told all the same"
