"""What a further running service costs each step: it is looked at whether or not the step has to do with it.

On the emulated engine: calm steps (list, a start that is refused, status) with one service running and with a hundred, in
one process, in turns; the difference, per step and per service. The reference manager's and the engine's own work is in it.
On Docker, where an engine answers: the requests that Churn sends to the engine for the same steps, with one service
running and with four.

Goals: at most 5 µs per step per service; as many requests with four services as with one.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median

from measure import Figure, interleaved, report

from churn.assembly import Target, assembled
from churn.errors import EngineUnreachable
from churn.lifecycle.operations import Create, List, Operation, Start, Status, Step
from churn.lifecycle.sequence import service_names
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.system.clock import RealClock

FEW, MANY, MANY_ON_DOCKER = 1, 100, 4
KINDS: dict[str, Operation] = {"list": List(), "start": Start("a"), "status": Status("a")}
MICROSECONDS = 1e6


@contextmanager
def with_running(target: Target, services: int) -> Iterator[Session]:
    """A session in which so many services run."""
    with assembled(target) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        names = service_names(services)
        session.begin("running", names, detailed=False)
        for name in names:
            session.step(Step(Create(name)))
            session.step(Step(Start(name)))
        yield session


def repeated(session: Session, operation: Operation, times: int) -> Callable[[], None]:
    """The same calm step so many times; the trace forgets them afterwards, so that rounds do not differ."""

    def run() -> None:
        for _ in range(times):
            session.step(Step(operation))
        session.current.records.clear()

    return run


def emulated(steps: int, rounds: int) -> list[Figure]:
    """The cost of a further service, for each kind of step."""
    with ExitStack() as stack:
        sessions = {count: stack.enter_context(with_running(Target(), count)) for count in (FEW, MANY)}
        sides = {
            f"{kind} {count}": repeated(session, operation, steps)
            for kind, operation in KINDS.items()
            for count, session in sessions.items()
        }
        took = interleaved(rounds, sides)
    figures = []
    for kind in KINDS:
        few, many = took[f"{kind} {FEW}"], took[f"{kind} {MANY}"]
        slope = median(more - less for more, less in zip(many, few, strict=True)) / (MANY - FEW)
        shown = {
            "us": (slope, f"{kind}: µs per step per service", "≤ 5"),
            "least_us": ((min(many) - min(few)) / (MANY - FEW), f"{kind}: the same, by the quickest rounds", ""),
            f"{FEW}_us": (median(few), f"{kind}: µs per step with {FEW} running", ""),
        }
        figures += [
            Figure(f"{kind}_{key}", seconds / steps * MICROSECONDS, meaning, goal)
            for key, (seconds, meaning, goal) in shown.items()
        ]
    return figures


def requests_on_docker(count: int) -> list[Figure]:
    """Requests to a real engine, for each kind of step, with so many services running."""
    figures = []
    with with_running(Target(engine="docker", environ=os.environ), count) as session:
        sent: list[object] = []
        session.system.engine._api.hooks["response"].append(lambda answer, **_: sent.append(answer.url))  # type: ignore[attr-defined]  # what every request of the docker SDK passes through
        for kind, operation in KINDS.items():
            sent.clear()
            session.step(Step(operation))
            figures.append(Figure(f"{kind}_{count}_requests", len(sent), f"{kind}: requests with {count} running"))
    return figures


def docker() -> list[Figure]:
    """Requests with few services and with more, those of one kind of step side by side."""
    found = [figure for count in (FEW, MANY_ON_DOCKER) for figure in requests_on_docker(count)]
    return sorted(found, key=lambda figure: figure.key)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--steps", type=int, default=100, help="steps of each kind in a round [100]")
    options.add_argument("--rounds", type=int, default=15)
    chosen = options.parse_args()
    figures, skipped = emulated(chosen.steps, chosen.rounds), ""
    try:
        figures += docker()
    except EngineUnreachable as error:
        skipped = f"requests to Docker: {error}"
    report("running", figures, skipped=skipped)


if __name__ == "__main__":
    main()
