"""A slice of the kill sweep (`kills.py`), beside a live run of somebody else."""

import pytest
from kills import is_well, sweep

from churn.system.engines.docker import DockerEngine


@pytest.mark.docker
def test_after_kills_nothing_is_left_and_nothing_else_is_touched(docker_engine: DockerEngine, standin: str) -> None:
    assert docker_engine.has_image(standin)
    figures, rows = sweep(3, seed=5, beside=2)
    assert is_well(figures), (figures, rows)
    assert figures["struck"] >= 2, rows
