"""A clean start: before the run Churn makes sure that nothing is there, before each sequence it clears up and makes sure."""

from collections.abc import Callable, Sized
from itertools import count
from typing import TypeVar

from churn.errors import EngineError, EnvironmentFault, NotClean, ResetFailed
from churn.lifecycle.observation import Port
from churn.lifecycle.operations import List
from churn.lifecycle.outcome import Ok, Unknown
from churn.session.faults import COMES_BACK, await_engine
from churn.session.system import System
from churn.system.clock import Clock
from churn.system.ownership import OWNER, remove
from churn.system.protocols import Engine, ListedContainer, Manager, Tidy

_LIMIT, _INTERVAL = 10.0, 0.1
"""Seconds until a container that was removed has to be off the engine's list, and its port free; and between two looks."""
_TRIES, _PAUSE = 3, 0.5
"""How often a reset is tried where not the engine is why it fails, and the seconds between two tries."""

_Left = TypeVar("_Left", bound=Sized)


def preflight(manager: Manager, engine: Engine) -> None:
    """Make sure that nothing of the manager's is there before the run. Nothing is touched.

    Raises `NotClean` if there are containers with the manager's labels, or services in its store; it says which.
    """
    rows = engine.list(manager.contract.labels) if manager.contract.labels else ()
    findings = [f"container {row.name} ({row.image}) is {row.state}" for row in rows]
    remedies = [f"docker rm -f {row.name}" for row in rows]
    if rows:
        remedies.append("churn clean --take-over")
    listed = manager.list()
    if isinstance(listed, Ok) and listed.listed:
        findings += [f"service {entry.service} is in the manager's store, as {entry.word}" for entry in listed.listed]
        remedies.append(
            "begin with an empty store; a description says where it is ({state}) or how it is emptied ([reset])"
        )
    if findings:
        raise NotClean(tuple(findings), tuple(remedies))


def reset(system: System, run: str, within: float | None = None) -> None:
    """Let the manager clear up, end its processes, remove all that the run has on the engine, empty the store; then make sure.

    An engine that does not answer, or fails while it comes back, is asked again for as long as a restart takes, or `within` so
    many seconds; what else fails is tried some times. Raises `ResetFailed` if something is still there: that counts as a
    fault of the environment, never as a bug of the manager.
    """
    clock = system.clock
    end = clock.now() + (COMES_BACK if within is None else within)
    for tries in count(1):
        await_engine(system.engine, clock, max(0.0, end - clock.now()))
        try:
            _clear(system, run)
        except (EngineError, EnvironmentFault, OSError) as error:
            told = f"the engine failed during the reset: {error}" if isinstance(error, EngineError) else str(error)
            last = not isinstance(error, EngineError) and tries >= _TRIES
            if last or clock.now() >= end:
                raise ResetFailed(told) from error
            clock.sleep(_PAUSE)
        else:
            return


def _clear(system: System, run: str) -> None:
    """Do it once. Raises `EngineError`, `EnvironmentFault` and `OSError` where that was not enough."""
    if system.gate is not None:
        system.gate.heal()
    system.host.release()
    if isinstance(system.manager, Tidy):
        system.manager.clear_up()
    system.host.end_processes(system.manager.marker)
    for row in ours(system.engine, run):
        remove(system.engine, row)
    system.observer.volumes.remove(alone=system.alone)
    for resource in system.engine.resources({OWNER: run}):
        system.engine.remove_resource(resource)
    system.manager.reset()
    left = _awaited(system.clock, lambda: ours(system.engine, run))
    if left:
        names = ", ".join(f"{row.name} ({row.state})" for row in left)
        raise ResetFailed(f"{_LIMIT:g} s after their removal these containers are still there: {names}")
    _assert_empty(system)
    _assert_free(system)


def ours(engine: Engine, run: str) -> tuple[ListedContainer, ...]:
    """The containers that the run has made."""
    return engine.list({OWNER: run})


def _awaited(clock: Clock, look: Callable[[], _Left]) -> _Left:
    """What `look` finds in the end; it looks until there is nothing, for as long as that may take."""
    end = clock.now() + _LIMIT
    while (left := look()) and clock.now() < end:
        clock.sleep(_INTERVAL)
    return left


def _assert_empty(system: System) -> None:
    """Raises `ResetFailed` where the manager lists services, or was cut off.

    A list that is refused, or cannot be read, is the manager's fault: its store is new. The first look tells that as a bug.
    """
    listed = system.apply(List())
    if isinstance(listed, Unknown) and listed.garbled is None:
        raise ResetFailed(f"after the reset the manager's list fails: {listed.reason or listed.evidence.command}")
    if isinstance(listed, Ok) and listed.listed:
        names = ", ".join(entry.service for entry in listed.listed)
        raise ResetFailed(f"after the reset the manager still lists: {names}")


def _assert_free(system: System) -> None:
    held = _awaited(system.clock, lambda: _held(system))
    if held:
        told = ", ".join(f"{port} ({seen.detail or 'by whom is not known'})" for port, seen in held.items())
        raise ResetFailed(f"{_LIMIT:g} s after the reset these ports of its services are still held: {told}")


def _held(system: System) -> dict[int, Port]:
    """The ports of the services so far that cannot be bound."""
    seen = system.host.look({}, system.observer.ports())
    return {port: place for port, place in seen.items() if place.bindable is False}
