"""Several clients of a manager that is a program: their calls of the engine are held, so that one goes on at a time."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from churn.assembly import Target, assembled
from churn.explore.together import Clash, Clashes, likeliest
from churn.lifecycle.operations import Create, Start, Step, Together, Turn
from churn.lifecycle.outcome import Overlapped, Points
from churn.lifecycle.sequence import Sequence
from churn.session.budget import Budget
from churn.session.failing import Failing
from churn.session.session import Session
from churn.session.trace import Trace
from churn.shrink.shrinker import Shrinker
from churn.system.clock import RealClock
from churn.system.faults.gate import Call
from churn.system.managers.gallery import description_path
from churn.system.proxy import Conductor

SHELL = description_path("shell")
TWO_STARTS = Clash(before=(Create("a"),), block=Together(((Start("a"),), (Start("a"),))))


@pytest.fixture(params=["emulated", pytest.param("docker", marks=pytest.mark.docker)])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "docker":
        request.getfixturevalue("standin")
    return str(request.param)


@pytest.fixture
def unlocked(tmp_path: Path) -> str:
    """The bash script without its lock."""
    assert SHELL is not None
    text = (SHELL.parent / "shell.sh").read_text(encoding="utf-8")
    assert "  flock 9\n" in text
    (tmp_path / "shell.sh").write_text(text.replace("  flock 9\n", "  true\n"), encoding="utf-8")
    return str(shutil.copy(SHELL, tmp_path / "unlocked.toml"))


@contextmanager
def opened(manager: str, engine: str) -> Iterator[Session]:
    with assembled(Target(manager=manager, engine=engine, together=True, environ=dict(os.environ))) as whole:
        yield Session(whole.system, whole.reset, Trace(), Budget(RealClock()))


def test_two_starts_without_a_lock_are_found_in_five_runs_and_made_small(unlocked: str, engine: str) -> None:
    found: list[Failing] = []
    with opened(unlocked, engine) as session:
        Clashes(session, found.append).likeliest(TWO_STARTS)
        assert found
        assert len(session.trace.runs) <= 5
        bug = Shrinker(session=session).shrink(found[0])
        assert len(bug.steps) == 2
        (block,) = [step.operation for step in bug.steps if isinstance(step.operation, Together)]
        assert len(block.turns) <= 1


def test_with_its_lock_nothing_is_told(engine: str) -> None:
    found: list[Failing] = []
    with opened("shell", engine) as session:
        for clash in likeliest(session.contract.possible)[:3]:
            Clashes(session, found.append).likeliest(clash)
    assert found == []


def test_a_client_waits_before_its_call_and_a_turn_that_nobody_took_is_told(engine: str) -> None:
    def ran(session: Session, *turns: Turn) -> Points:
        block = Together(TWO_STARTS.block.lanes, turns)
        run = session.attempt("turns", ("a",), Sequence((Step(Create("a")), Step(block))))
        assert isinstance(run.records[-1].outcome, Overlapped)
        return run.records[-1].outcome.points

    with opened("shell", engine) as session:
        assert ran(session, Turn(0, 1, 1)).missed == ()
        far = Turn(0, 99, 1)
        assert ran(session, far).missed == (far,)


def test_a_schedule_says_which_client_goes_on() -> None:
    order: list[str] = []

    async def client(conductor: Conductor, number: int, calls: int) -> None:
        for place in range(calls):
            assert await conductor.admitted(number, Call("create", f"{number}-{place}"))
            order.append(f"{number}{place}")
            conductor.answered(number)
        conductor.end(number)

    async def run(*turns: Turn) -> Points:
        order.clear()
        conductor = Conductor(2, turns)
        await asyncio.gather(client(conductor, 0, 3), client(conductor, 1, 2))
        return conductor.points()

    told = asyncio.run(run(Turn(0, 1, 1)))
    assert order == ["00", "10", "11", "01", "02"]
    assert told == Points(made=(3, 2), changing=((0, 1, 2), (0, 1)))
    asyncio.run(run(Turn(0, 0, 1), Turn(1, 1, 0)))
    assert order == ["10", "00", "01", "02", "11"]
    assert asyncio.run(run(Turn(1, 5, 0))).missed == (Turn(1, 5, 0),)


def test_a_client_that_asks_again_and_again_lets_the_one_that_is_held_go_on() -> None:
    async def run() -> list[str]:
        conductor, told = Conductor(2, (Turn(1, 9, 0),)), []

        async def polling() -> None:
            while "made" not in told:
                await conductor.admitted(0, Call("inspect", "a"))
                conductor.answered(0)
                told.append("looked")
                await asyncio.sleep(0)
            conductor.end(0)

        async def making() -> None:
            await conductor.admitted(1, Call("create", "a"))
            conductor.answered(1)
            told.append("made")
            conductor.end(1)

        await asyncio.wait_for(asyncio.gather(polling(), making()), 10)
        return told

    told = asyncio.run(run())
    assert told.count("made") == 1
    assert 1 < told.index("made") < 10
