"""The calls that take time, each said once for every face: a generator that yields what it waits for.

A face in this process settles the waits by letting the clock run (`settle`); a server awaits them while it serves others.
"""

from collections.abc import Callable, Generator
from typing import TypeVar

from attrs import frozen

from churn.errors import EngineError
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.spellings import KILL
from churn.system.protocols import Spec
from churn.system.refusals import refusal

_T = TypeVar("_T")


@frozen
class Until:
    """Waits until `reached`, or `limit` seconds are over. What is sent back is whether it was reached."""

    reached: Callable[[], bool]
    limit: float | None = None


Waits = Generator[Until, bool, _T]


def settle(core: Core, call: Waits[_T]) -> _T:
    """Carry a call out in this thread: its waits let the core's clock run."""
    try:
        wait = next(call)
        while True:
            wait = call.send(core.await_state(wait.reached, wait.limit))
    except StopIteration as done:
        value: _T = done.value
        return value


def create(
    core: Core, spec: Spec, prepare: Callable[[EmulatedContainer], None] | None = None
) -> Waits[EmulatedContainer]:
    """A new container; `prepare` completes it before anybody is told of it."""
    container = core.create(spec, prepare)
    yield from _pass(core.timing.create)
    return container


def start(core: Core, reference: str) -> Waits[bool]:
    """Start it; it runs, and holds its ports, from the end of the call on. False where it ran already."""
    if not core.find(reference).alive:
        yield from _pass(core.timing.start)
    return core.start(reference)


def stop(core: Core, reference: str, grace: float) -> Waits[bool]:
    """SIGTERM, after the grace SIGKILL, until it has ended. False where it did not run."""
    container = core.find(reference)
    if container.state == "restarting":
        core.runner.halt(container)
    if not container.alive:
        return False
    core.signal(container.id, container.stop_signal)
    container.stops += 1
    if not (yield Until(lambda: not container.alive, grace)):
        core.signal(container.id, "KILL")
        yield Until(lambda: not container.alive)
    return True


def kill(core: Core, reference: str, signal: str) -> Waits[None]:
    """Send a signal; like the real one it waits for the end of a container that gets SIGKILL."""
    container = core.find(reference)
    core.signal(reference, signal)
    if signal in KILL:
        yield Until(lambda: not container.alive)


def restart(core: Core, reference: str, grace: float) -> Waits[None]:
    """Stop it where it runs, and start it."""
    container = core.find(reference)
    goes, container.auto_remove = container.auto_remove, False  # not on the way to its next start
    try:
        yield from stop(core, container.id, grace)
        yield from start(core, container.id)
    except EngineError as error:
        raise refusal(500, f"Cannot restart container {reference}: {error.message}") from None
    finally:
        container.auto_remove = goes
    core.journal.say(container, "restart")


def remove(core: Core, reference: str, *, force: bool, volumes: bool = False) -> Waits[None]:
    """Remove it, and its nameless volumes if so; it has left the list and its name is free at the end."""
    container = core.find(reference)
    core.remove(reference, force=force, volumes=volumes)
    yield Until(lambda: container.id not in core.containers or container.state == "dead")
    if container.state == "dead":
        raise refusal(500, f"container {container.id}: driver failed to remove root filesystem")
    yield from _pass(core.timing.free_name)


def _pass(seconds: float) -> Waits[None]:
    yield Until(_never, seconds)


def _never() -> bool:
    return False
