"""Jobs on two real engines of this machine, each with a worker of its own, as on two machines; part of `farm.py`.

Run as a program it is such a worker: each line of its input is a job, each line of its output what came of it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from attrs import define, field
from measure import Figure

from churn.farm.dispatch import Dispatch
from churn.farm.job import Job, Kind, Part, Subject, as_text, result_of
from churn.farm.worker import done
from churn.lifecycle.operations import Create, Length, Start, Step, Stop, Wait
from churn.lifecycle.sequence import Sequence
from churn.system.clock import RealClock

DOCKERD = Path(__file__).parents[2] / ".ci" / "dockerd"
JOBS = 6
"""Jobs that are timed."""
STEPS = Sequence(tuple(map(Step, (Create("a"), *(Start("a"), Wait(Length.LONG), Stop("a")) * 2))))
"""What each does. Its waits stand for a manager whose starts take seconds: two engines share two processors here."""


@define(eq=False)
class Engine:
    """A worker with an engine of its own. It does one job at a time."""

    written: IO[str]
    read: IO[str]
    thread: ThreadPoolExecutor = field(factory=lambda: ThreadPoolExecutor(1))
    last: "Future[str] | None" = None

    def act(self, text: str) -> str:
        self.written.write(text)
        self.written.flush()
        return self.read.readline()


@define(eq=False)
class Engines:
    """Several of them, as a host."""

    engines: list[Engine]
    told: str = ""
    deaths: tuple[type[BaseException], ...] = ()

    @property
    def workers(self) -> int:
        return len(self.engines)

    def begin(self, text: str) -> "Future[str]":
        free = next(one for one in self.engines if one.last is None or one.last.done())
        free.last = free.thread.submit(free.act, text)
        return free.last

    def close(self) -> None: ...


@contextmanager
def engine() -> Iterator[Engine]:
    words = [str(DOCKERD), sys.executable, __file__]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        made = Engine(worker.stdin, worker.stdout)
        yield made
        made.thread.shutdown()
        worker.stdin.close()  # it ends with its input, and its engine with it


def job(number: int) -> Job:
    part = Part(kind=Kind.PLAN, sequences=((("a",), STEPS),))
    return Job(id=f"{number:06}", subject=Subject(engine="docker"), part=part)


def seconds_of(engines: list[Engine]) -> float:
    """Seconds in which these do the jobs."""
    clock = RealClock()
    dispatch, began = Dispatch(Engines(engines), clock), clock.now()
    for number in range(JOBS):
        dispatch.give(job(number))
    while dispatch.busy:
        for result in dispatch.results():
            assert not result.faults, result.faults
    return clock.now() - began


def figures() -> Iterator[Figure]:
    with ExitStack() as stack:
        engines = [stack.enter_context(engine()) for _ in range(2)]
        for one in engines:  # it makes its images
            result_of(one.act(as_text(job(JOBS))), "a result")
        alone, both = seconds_of(engines[:1]), seconds_of(engines)
        load = os.getloadavg()[0]
    yield Figure(
        "one", alone, f"seconds of one real engine for {JOBS} jobs of two starts, with 3 s of waiting after each"
    )
    yield Figure("two", both, "the same by two")
    yield Figure("two_by_one", alone / both, "jobs of two engines ÷ jobs of one, in a second", "≥ 1.8")
    yield Figure("load", load, "load of the machine meanwhile")


if __name__ == "__main__":
    for line in sys.stdin:
        print(done(line, os.environ), end="", flush=True)
