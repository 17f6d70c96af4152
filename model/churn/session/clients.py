"""Several clients of one manager at once: how they are had, and what their operations come to."""

from collections.abc import Callable, Sequence
from functools import partial
from threading import Thread
from typing import Protocol

from attrs import frozen

from churn.lifecycle.operations import Operation, Together, Turn
from churn.lifecycle.outcome import Call, Evidence, Ok, Outcome, Overlapped
from churn.system.baton import Baton
from churn.system.clock import Clock
from churn.system.protocols import Manager

Carry = Callable[[Manager, Operation], Outcome]
"""Has a manager carry an operation out."""


class Clients(Protocol):
    """Has a manager for each of several clients, and lets them do their lanes at the same time."""

    def managers(self, count: int) -> Sequence[Manager]:
        """A manager for each client; all of them know the same services."""

    def run(self, lanes: Sequence[Callable[[], None]], turns: Sequence[Turn]) -> tuple[int, ...]:
        """Let the clients do their lanes. How many calls the manager made for each; nothing where nobody counts them."""


@frozen
class TakingTurns:
    """Clients in this thread, of which one goes on at a time: the same turns give the same run."""

    baton: Baton
    make: Callable[[], Manager]
    """Makes a manager over what `baton` has pointed."""

    def managers(self, count: int) -> Sequence[Manager]:
        """As `Clients.managers`."""
        return [self.make() for _ in range(count)]

    def run(self, lanes: Sequence[Callable[[], None]], turns: Sequence[Turn]) -> tuple[int, ...]:
        """As `Clients.run`."""
        return self.baton.run(lanes, turns)


@frozen
class InThreads:
    """Clients that are programs: each is asked for in a thread of its own, and nobody says who goes on."""

    manager: Manager

    def managers(self, count: int) -> Sequence[Manager]:
        """As `Clients.managers`: each operation is a program of its own anyway."""
        return [self.manager] * count

    def run(self, lanes: Sequence[Callable[[], None]], turns: Sequence[Turn]) -> tuple[int, ...]:  # noqa: ARG002 -- nobody can be held
        """As `Clients.run`. What one of them raises is raised when all have ended."""
        raised: list[BaseException] = []

        def guarded(lane: Callable[[], None]) -> None:
            try:
                lane()
            except BaseException as error:  # noqa: BLE001 -- it is raised again, in the thread that waits
                raised.append(error)

        threads = [Thread(target=guarded, args=(lane,), daemon=True) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if raised:
            raise raised[0]
        return ()


def at_once(clients: Clients, operation: Together, clock: Clock, carry: Carry) -> Overlapped:
    """Let the clients ask for their lanes at the same time; what came of that."""
    lanes = operation.lanes
    done: list[list[Call]] = [[] for _ in lanes]
    managers = clients.managers(len(lanes))
    began = clock.now()

    def ask(number: int) -> None:
        for one in lanes[number]:
            done[number].append(Call(number, one, carry(managers[number], one)))

    points = clients.run([partial(ask, number) for number in range(len(lanes))], operation.turns)
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
