"""A slice of the engine's upsets (`upsets.py`): it is restarted during a run, and frozen while one is interrupted."""

import os
import random

import pytest
from upsets import PROGRAMS, lacking, supervised, upset

from churn.system.engines.docker import DockerEngine
from churn.system.standin.image import build


@pytest.mark.docker
def test_an_upset_of_the_engine_is_no_bug_of_a_managers_and_nothing_is_left(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    if missing := lacking():
        told = f"a test with an engine of its own needs root, and on PATH {', '.join(PROGRAMS)}; missing: {missing}"
        if os.environ.get("CHURN_REQUIRE_DOCKER") == "1":
            pytest.fail(told)
        pytest.skip(told)
    with supervised() as engine:
        reached = DockerEngine({}, engine.url)
        build(reached)
        reached.close()
        for number, kind in ((0, "restart"), (4, "interrupt")):
            chance, place = random.Random(number), tmp_path_factory.mktemp("runs")  # noqa: S311 -- a moment
            row = upset(number, chance, engine, place, cycles=1, operations=0)
            assert row["kind"] == kind
            assert not row["wrong"], row
            assert row["left"] == [], row
