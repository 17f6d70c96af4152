"""AIMA itself, where its program is given: the acceptance scenario on an emulated engine and on a real one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from churn.assembly import Target, assembled
from churn.explore.scenarios import cycles
from churn.lifecycle.operations import Pace
from churn.lifecycle.sequence import Naming
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.system.clock import RealClock
from churn.system.managers.aima import AimaSettings

pytestmark = pytest.mark.skipif(not os.environ.get("AIMA_BIN"), reason="needs AIMA's program: set AIMA_BIN to its path")


@pytest.fixture(
    params=[
        ("emulated", "tts"),
        ("emulated", "llm"),
        pytest.param(("docker", "tts"), marks=pytest.mark.docker),
        pytest.param(("docker", "asr"), marks=pytest.mark.docker),
    ],
    ids="-".join,
)
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Session]:
    """On an emulated engine, which grants GPUs, and on a real one with models that need none."""
    engine, kind = request.param
    if engine == "docker":
        request.getfixturevalue("standin")
    chosen = AimaSettings(model_type=kind, start_timeout=60)
    with assembled(
        Target(manager="aima", engine=engine, environ=dict(os.environ), leases=tmp_path, aima=chosen)
    ) as whole:
        yield Session(whole.system, whole.reset, Trace(), Budget(RealClock()))


@pytest.mark.parametrize("pace", [Pace.CALM, Pace.HURRIED])
def test_five_cycles_leave_nothing_to_object_to(session: Session, pace: Pace) -> None:
    session.run("five-cycle", ("a",), cycles(5, pace=pace, naming=Naming.PREFIX))
    service = session.state.services["a"]
    assert service.container is None
    assert service.port == 8000
    assert len(session.state.seen) == 5
    assert session.system.engine.list({"aima.managed": "true"}) == ()
