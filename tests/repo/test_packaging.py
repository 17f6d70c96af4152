"""What is published: what the package says of itself, and what is in its source archive."""

import subprocess
import sys
import tarfile
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_it_says_where_it_is_and_which_python_it_is_for() -> None:
    assert {"Homepage", "Documentation"} <= PROJECT["urls"].keys()
    assert {f"Programming Language :: Python :: 3.{minor}" for minor in range(11, 15)} <= {*PROJECT["classifiers"]}
    assert PROJECT["requires-python"] == ">=3.11"


def test_the_source_archive_has_the_tests_and_no_results_of_benchmarks(tmp_path: Path) -> None:
    if find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the archive, is not installed; pip install '.[test]' has it")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"model/churn/guide/start.md", "tests/benchmarks/minima.json", "README.md", "LICENSE"} <= names
    assert not [name for name in names if "/results/" in name]
