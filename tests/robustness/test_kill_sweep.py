"""A slice of the kill sweep (`kills.py`), beside a live run of somebody else."""

from contextlib import closing
from pathlib import Path

import pytest
from kills import companion, is_well, others_may_ask, sweep
from watching import cleaned, ended

from churn.system.engines.docker import DockerEngine
from churn.system.engines.emulated.api.server import ServerSettings, served
from churn.system.ownership import OWNER
from churn.system.standin.image import TAG

LIMIT = 120.0
"""Seconds within which a run of few cycles has begun, and has ended, on a busy machine."""


def test_clean_takes_nothing_of_live_runs_of_another_home_user_or_pytest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        served(folder, ServerSettings(frozenset({TAG}))) as server,
        closing(DockerEngine({}, f"unix://{server.path}")) as engine,
    ):
        monkeypatch.setenv("DOCKER_HOST", engine.url)
        kinds = ("user" if others_may_ask(folder) else "home", "pytest")  # each has a home of its own
        live = {kind: companion(kind, folder, 3, folder / f"{kind}.txt") for kind in kinds}
        left = {str(child.pid) for child in live.values()}
        while left and any(child.poll() is None for child in live.values()):
            owners = {row.labels[OWNER].split("-")[1] for row in engine.list({OWNER: ""})}
            if left & owners:
                told = cleaned(folder)
                assert told.code == 0, told.said
                assert "removing container" not in told.said
                left -= {pid for pid in owners if f"is alive in process {pid}\n" in told.said}
        assert not left, "each of them was there when it was cleaned"
        for kind, child in live.items():
            done = ended(child, folder / f"{kind}.txt", LIMIT)
            assert done.code == 0, f"{kind}: {done.said}"


@pytest.mark.docker
def test_after_kills_nothing_is_left_and_nothing_else_is_touched(docker_engine: DockerEngine, standin: str) -> None:
    assert docker_engine.has_image(standin)
    figures, rows = sweep(3, seed=5, beside=2)
    assert is_well(figures), (figures, rows)
    assert figures["struck"] >= 2, rows
