"""The driver of AIMA against a double of its program on a real engine: what is right passes, what is not is found."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from churn.assembly import Target, assembled
from churn.errors import EnvironmentFault
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.observation import Resource, ResourceKind
from churn.lifecycle.operations import (
    Crash,
    Create,
    HoldPort,
    Kill,
    Length,
    List,
    Operation,
    Pace,
    ReleasePort,
    RemoveContainer,
    SetBehaviour,
    Start,
    Status,
    Step,
    Stop,
    Wait,
)
from churn.lifecycle.outcome import Rejected
from churn.lifecycle.sequence import Naming, Sequence
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.violation import Violation
from churn.system import ownership
from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.managers.aima import AimaSettings
from churn.system.ownership import OWNER

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("standin")]

DOUBLE = Path(__file__).parent / "double" / "aima.py"
TTS = "qujing-qwen3-tts-real:latest"

Begin = Callable[..., AbstractContextManager[Session]]


@pytest.fixture
def program(tmp_path: Path) -> str:
    """The double as a program by itself, run by this very Python."""
    path = tmp_path / "aima"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {DOUBLE} "$@"\n')
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def begin(program: str, tmp_path: Path) -> Begin:
    """A way to a session with the double, in which bugs may be planted."""

    @contextmanager
    def made(*defects: str, **settings: object) -> Iterator[Session]:
        environ = {**os.environ, "AIMA_DOUBLE_DEFECTS": ",".join(defects)}
        chosen = AimaSettings(binary=program, **{"start_timeout": 10, **settings})  # type: ignore[arg-type]  # its fields
        with assembled(
            Target(manager="aima", engine="docker", environ=environ, leases=tmp_path / "leases", aima=chosen)
        ) as whole:
            yield Session(whole.system, whole.reset, Trace(), Budget(RealClock()))

    return made


def steps(*operations: Operation, pace: Pace = Pace.CALM) -> tuple[Step, ...]:
    return tuple(Step(operation, pace) for operation in operations)


def two(pace: Pace, cycles: int = 5) -> tuple[Step, ...]:
    """Five starts and stops in a row of two services at once."""
    cycle = steps(Start("a"), Start("b"), Stop("a"), Stop("b"), pace=pace)
    return (*steps(Create("a"), Create("b")), *(cycle * cycles), *steps(Wait(Length.LONG), List(), Status("a")))


@pytest.mark.parametrize(("pace", "naming"), [(Pace.CALM, Naming.PLAIN), (Pace.HURRIED, Naming.PREFIX)])
def test_five_cycles_of_two_services_leave_nothing_to_object_to(
    pace: Pace, naming: Naming, begin: Begin, docker_engine: DockerEngine
) -> None:
    with begin() as session:
        session.run("five-cycle", ("a", "b"), Sequence(two(pace), naming))
        assert len(session.state.seen) == (10 if pace is Pace.CALM else 0)
        assert {name: one.port for name, one in session.state.services.items()} == {"a": 8000, "b": 8001}
        commands = [record.outcome.evidence.command for _, record in session.trace.records() if record.outcome]
        assert "aima -o json service start svc-tts-model-" in commands[2]
    assert not docker_engine.has_image(TTS), "a tag that was lent is given back"
    assert docker_engine.list({OWNER: ""}) == ()


STRUCK = (
    Create("a"), Create("b"), Start("b"), HoldPort("a"), Start("a"), ReleasePort("a"), Start("a"), Kill("a"), Start("a"),
    Crash("a"), Stop("a"), Start("a"), RemoveContainer("a"), Stop("a"), SetBehaviour("a", Behaviour.CRASH), Start("a"),
    SetBehaviour("a", Behaviour.HEALTHY), Start("a"), Start("a"), Stop("a"), Stop("b"),
)  # fmt: skip


@pytest.mark.parametrize("pace", [Pace.CALM, Pace.ENGINE_ONLY])
def test_faults_strike_the_service_that_its_port_tells(pace: Pace, begin: Begin) -> None:
    with begin(start_timeout=3) as session:
        session.run("faults", ("a", "b"), Sequence(steps(*STRUCK, pace=pace)))
        refused = [
            str(record.step.operation) for _, record in session.trace.records() if isinstance(record.outcome, Rejected)
        ]
        assert refused == ["start a"] * 3, "on its held port, with a server that crashes, and while it runs"


@pytest.mark.parametrize(("kind", "engine"), [("tts", "tts"), ("asr", "whisper")])
def test_each_type_of_model_has_its_image_and_health_path(
    kind: str, engine: str, begin: Begin, docker_engine: DockerEngine
) -> None:
    with begin(model_type=kind) as session:
        session.run("type", ("a",), Sequence(steps(Create("a"), Start("a"))))
        (row,) = docker_engine.list({"aima.engine": engine})
        assert row.name.startswith(f"aima-{engine}-")


def test_a_start_that_does_not_wait_is_held_to_no_more_than_its_container(begin: Begin) -> None:
    unhealthy = steps(Create("a"), SetBehaviour("a", Behaviour.UNHEALTHY), Start("a"), Stop("a"))
    with begin(asynchronous=True) as session:
        session.run("async", ("a",), Sequence(unhealthy))
    with (
        begin("succeeds-unhealthy", start_timeout=2) as session,
        pytest.raises(Violation, match="start a must be refused"),
    ):
        session.run("wait", ("a",), Sequence(unhealthy))


@pytest.mark.parametrize(
    ("defect", "found"),
    [
        ("leaves-container", "no-orphans after stop of a service that is running"),
        ("stop-finds-nothing", "no-orphans after stop of a service that is running"),
        ("restart-policy", "no-restart-policy after start of a service that is created"),
        ("replaces-running", "no-orphans after start of a service that is running"),
    ],
)
def test_what_a_stop_or_start_does_wrong_is_found(defect: str, found: str, begin: Begin) -> None:
    with begin(defect) as session, pytest.raises(Violation) as caught:
        session.run("defect", ("a", "b"), Sequence((*two(Pace.CALM, 1), *steps(Start("a"), Start("a"), Stop("a")))))
    assert str(caught.value.signature) == found


def test_a_refused_start_without_its_image_is_the_environments_failure(
    begin: Begin, docker_engine: DockerEngine
) -> None:
    with begin() as session:
        session.begin("image", ("a",))
        session.step(Step(Create("a")))
        docker_engine.remove_resource(Resource(ResourceKind.IMAGE, TTS))
        with pytest.raises(EnvironmentFault, match=f"expected .* one of the images {TTS}"):
            session.step(Step(Start("a")))
        assert session.current.records[-1].reason.startswith("the environment failed: expected ")


def test_an_engine_is_had_by_one_run_at_a_time(begin: Begin, docker_engine: DockerEngine, tmp_path: Path) -> None:
    what = f"AIMA on engine {docker_engine.identity()}"
    with begin(), pytest.raises(EnvironmentFault, match=r"expected to hold AIMA on engine .* alone"):  # noqa: SIM117 -- two runs
        with ownership.lease(what, tmp_path / "leases", RealClock(), 0.3):
            pass


def test_a_port_that_somebody_holds_is_told_before_anything_is_done(begin: Begin, tmp_path: Path) -> None:
    from churn.system.host import RealHost

    holder = RealHost(folders=tmp_path, clock=RealClock())
    assert holder.hold(8001)
    try:
        with pytest.raises(
            EnvironmentFault, match=r"expected port 8001 to be free for AIMA, but it is held by pid \d+"
        ):
            begin().__enter__()
    finally:
        holder.release()


@pytest.mark.parametrize("missing", ["aima", "docker"])
def test_a_program_that_is_missing_is_told_before_anything_is_done(missing: str, tmp_path: Path) -> None:
    for name in {"aima", "docker"} - {missing}:
        (tmp_path / name).touch(mode=0o755)
    environ = {**os.environ, "PATH": str(tmp_path), "AIMA_BIN": ""}
    target = Target(manager="aima", engine="docker", environ=environ, leases=tmp_path / "leases")
    with pytest.raises(EnvironmentFault, match=f"expected a program '{missing}' that can be run"):
        assembled(target).__enter__()
