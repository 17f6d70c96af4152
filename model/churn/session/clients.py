"""Several clients of one manager at once: how they are had, and what their operations come to."""

from collections.abc import Callable, Sequence
from functools import partial
from threading import Event, Thread
from typing import Protocol

from attrs import frozen

from churn.lifecycle.operations import Operation, Together, Turn
from churn.lifecycle.outcome import Call, Evidence, Ok, Outcome, Overlapped, Points
from churn.system import process
from churn.system.baton import Baton
from churn.system.clock import Clock
from churn.system.protocols import Manager, Program
from churn.system.proxy import Conductor, Proxy

Lane = Sequence[Callable[[], None]]
"""What one client does, one after the other."""
Carry = Callable[[Manager, Operation], Outcome]
"""Has a manager carry an operation out."""


class Clients(Protocol):
    """Has a manager for each of several clients, and lets them do their lanes at the same time."""

    def managers(self, block: Together) -> Sequence[Manager]:
        """A manager for each client; all of them know the same services."""

    def run(self, lanes: Sequence[Lane], turns: Sequence[Turn]) -> Points:
        """Let the clients do their lanes. Which calls the manager made for each; nothing where nobody counts them."""


@frozen
class TakingTurns:
    """Clients in this thread, of which one goes on at a time: the same turns give the same run."""

    baton: Baton
    make: Callable[[], Manager]
    """Makes a manager over what `baton` has pointed."""

    def managers(self, block: Together) -> Sequence[Manager]:
        """As `Clients.managers`."""
        return [self.make() for _ in block.lanes]

    def run(self, lanes: Sequence[Lane], turns: Sequence[Turn]) -> Points:
        """As `Clients.run`."""
        return self.baton.run([partial(_do, lane, lambda: False) for lane in lanes], turns)


@frozen
class InThreads:
    """Clients that are programs: each is asked for in a thread of its own.

    Each has a way to the engine of its own through `proxy`, which holds its calls where there are turns.
    """

    manager: Program
    proxy: Proxy

    def managers(self, block: Together) -> Sequence[Manager]:
        """As `Clients.managers`."""
        share = len(block.operations)
        return [self.manager.client(way, share) for way, _ in zip(self.proxy.clients, block.lanes, strict=False)]

    def run(self, lanes: Sequence[Lane], turns: Sequence[Turn]) -> Points:
        """As `Clients.run`. What one of them raises is raised when all have ended; whoever interrupts this ends them."""
        self.proxy.conductor = conductor = Conductor(len(lanes), tuple(turns))
        try:
            self._run(lanes, conductor)
        finally:
            self.proxy.conductor = None
            conductor.finish()
        return conductor.points()

    def _run(self, lanes: Sequence[Lane], conductor: Conductor) -> None:
        raised: list[BaseException] = []
        over = Event()

        def guarded(number: int, lane: Lane) -> None:
            try:
                conductor.begin(number)
                _do(lane, over.is_set)
            except BaseException as error:  # noqa: BLE001 -- it is raised again, in the thread that waits
                raised.append(error)
            finally:
                conductor.end(number)

        threads = [Thread(target=guarded, args=one, daemon=True) for one in enumerate(lanes)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException:
            over.set()
            conductor.finish()
            while any(thread.is_alive() for thread in threads):
                process.end_marked(self.manager.marker)
                threads[0].join(_LOOK_AGAIN)
                threads = [thread for thread in threads if thread.is_alive()]
            raise
        if raised:
            raise raised[0]


_LOOK_AGAIN = 0.1
"""Seconds after which is looked whether the clients that were ended have gone."""


def _do(lane: Lane, over: Callable[[], bool]) -> None:
    for act in lane:
        if over():
            return
        act()


def at_once(clients: Clients, operation: Together, clock: Clock, carry: Carry) -> Overlapped:
    """Let the clients ask for their lanes at the same time; what came of that."""
    lanes = operation.lanes
    done: list[list[Call]] = [[] for _ in lanes]
    managers = clients.managers(operation)
    began = clock.now()

    def ask(number: int, one: Operation) -> None:
        done[number].append(Call(number, one, carry(managers[number], one)))

    points = clients.run(
        [[partial(ask, number, one) for one in lane] for number, lane in enumerate(lanes)], operation.turns
    )
    calls = sorted((call for lane in done for call in lane), key=lambda call: call.outcome.began)
    return Overlapped(began, clock.now(), evidence=_shown(calls), calls=tuple(calls), points=points)


def _shown(calls: Sequence[Call]) -> Evidence:
    commands = " & ".join(call.outcome.evidence.command for call in calls)
    outputs = (
        f"client {call.client + 1}: {call.outcome.evidence.command}\n{call.outcome.evidence.output or _told(call.outcome)}"
        for call in calls
    )
    return Evidence(commands, "\n".join(outputs), ran=any(call.outcome.evidence.ran for call in calls))


def _told(outcome: Outcome) -> str:
    return "(it reported success)" if isinstance(outcome, Ok) else "(it failed)"
