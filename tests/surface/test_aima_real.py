"""AIMA itself, where its program is given, on a real engine: the acceptance scenario."""

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
from churn.system.engines.docker import DockerEngine
from churn.system.managers.aima import AimaSettings

pytestmark = [
    pytest.mark.docker,
    pytest.mark.usefixtures("standin"),
    pytest.mark.skipif(not os.environ.get("AIMA_BIN"), reason="needs AIMA's program: set AIMA_BIN to its path"),
]


@pytest.fixture(params=["tts", "asr"])
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Session]:
    """With a service of a model type that needs no GPU."""
    chosen = AimaSettings(model_type=request.param, start_timeout=60)
    with assembled(Target("aima", "docker", environ=dict(os.environ), state=tmp_path, aima=chosen)) as whole:
        yield Session(whole.system, whole.reset, Trace(), Budget(RealClock()))


@pytest.mark.parametrize("pace", [Pace.CALM, Pace.HURRIED])
def test_five_cycles_leave_nothing_to_object_to(session: Session, pace: Pace, docker_engine: DockerEngine) -> None:
    session.run("five-cycle", ("a",), cycles(5, pace=pace, naming=Naming.PREFIX))
    service = session.state.services["a"]
    assert service.container is None
    assert service.port == 8000
    assert len(session.state.seen) == 5
    assert docker_engine.list({"aima.managed": "true"}) == ()
