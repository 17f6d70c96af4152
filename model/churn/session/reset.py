"""A clean start: before the run Churn makes sure that nothing is there, before each sequence it clears up and makes sure."""

from churn.errors import EngineError, NotClean, ResetFailed
from churn.lifecycle.operations import List
from churn.lifecycle.outcome import Ok, Unknown
from churn.session.faults import await_engine
from churn.session.system import System
from churn.system.clock import Clock
from churn.system.ownership import OWNER, remove
from churn.system.protocols import Engine, ListedContainer, Manager

_LIMIT, _INTERVAL = 30.0, 0.1
"""Seconds until a container that was removed has to be off the engine's list, and between two looks at that."""


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
        remedies.append("begin with an empty store")
    if findings:
        raise NotClean(tuple(findings), tuple(remedies))


def reset(system: System, run: str, within: float | None = None) -> None:
    """End the manager's processes, remove all containers, networks and volumes of the run, empty the store; then make sure.

    An engine that does not answer is waited for, for as long as a restart takes, or `within` so many seconds. Raises
    `ResetFailed` if something is still there: that counts as a fault of the environment, never as a bug of the manager.
    """
    await_engine(system.engine, system.clock, within)
    try:
        if system.gate is not None:
            system.gate.heal()
        system.host.release()
        system.host.end_processes(system.manager.marker)
        for row in ours(system.engine, run):
            remove(system.engine, row)
        system.observer.volumes.remove(alone=system.alone)
        for resource in system.engine.resources({OWNER: run}):
            system.engine.remove_resource(resource)
        system.manager.reset()
        left = _await_gone(system.engine, run, system.clock)
    except EngineError as error:
        raise ResetFailed(f"the engine failed during the reset: {error}") from error
    if left:
        names = ", ".join(f"{row.name} ({row.state})" for row in left)
        raise ResetFailed(f"{_LIMIT:g} s after their removal these containers are still there: {names}")
    _assert_empty(system)
    _assert_free(system)


def ours(engine: Engine, run: str) -> tuple[ListedContainer, ...]:
    """The containers that the run has made."""
    return engine.list({OWNER: run})


def _await_gone(engine: Engine, run: str, clock: Clock) -> tuple[ListedContainer, ...]:
    end = clock.now() + _LIMIT
    while (left := ours(engine, run)) and clock.now() < end:
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
    held = {
        port: seen for port, seen in system.host.look({}, system.observer.ports()).items() if seen.bindable is False
    }
    if held:
        told = ", ".join(f"{port} ({seen.detail or 'by whom is not known'})" for port, seen in held.items())
        raise ResetFailed(f"after the reset these ports of its services are still held: {told}")
