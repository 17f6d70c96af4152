"""An engine behind a gate: the calls of whoever is given this one are struck by the faults that are on."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from churn.errors import EngineError, EngineUnreachable
from churn.lifecycle.observation import Event, Resource
from churn.system.clock import Clock
from churn.system.faults.gate import Call, Gate, Late, Lost, Refused
from churn.system.faults.interruption import Cut
from churn.system.protocols import Engine, Inspected, ListedContainer, Spec
from churn.system.refusals import refusal

_T = TypeVar("_T")
ANSWER_TIME = 60.0
"""Seconds after which a client gives up on a reply that does not come."""


class GatedEngine:
    """An `Engine` that passes every call on to `engine`, as far as the faults of `gate` let it."""

    def __init__(self, engine: Engine, gate: Gate, clock: Clock) -> None:
        self.name = engine.name
        self.cli = engine.cli
        self._engine = engine
        self._gate = gate
        self._clock = clock

    def identity(self) -> str:
        """As `Engine.identity`."""
        return self._through(Call("info"), self._engine.identity)

    def create(self, spec: Spec) -> str:
        """As `Engine.create`."""
        return self._through(Call("create", spec.name), lambda: self._engine.create(spec))

    def start(self, reference: str) -> None:
        """As `Engine.start`."""
        self._through(Call("start", reference), lambda: self._engine.start(reference))

    def stop(self, reference: str, grace: float = 10.0) -> None:
        """As `Engine.stop`."""
        self._through(Call("stop", reference), lambda: self._engine.stop(reference, grace))

    def kill(self, reference: str, signal: str = "KILL") -> None:
        """As `Engine.kill`."""
        self._through(Call("kill", reference), lambda: self._engine.kill(reference, signal))

    def remove(self, reference: str, *, force: bool = False, volumes: bool = False) -> None:
        """As `Engine.remove`."""
        self._through(Call("remove", reference), lambda: self._engine.remove(reference, force=force, volumes=volumes))

    def list(self, labels: Mapping[str, str] | None = None) -> tuple[ListedContainer, ...]:
        """As `Engine.list`."""
        return self._through(Call("list"), lambda: self._engine.list(labels))

    def inspect(self, reference: str) -> Inspected:
        """As `Engine.inspect`."""
        return self._through(Call("inspect", reference), lambda: self._engine.inspect(reference))

    def changes(self, reference: str) -> tuple[str, ...]:
        """As `Engine.changes`."""
        return self._through(Call("changes", reference), lambda: self._engine.changes(reference))

    def events(self) -> tuple[Event, ...]:
        """As `Engine.events`."""
        return self._through(Call("events"), self._engine.events)

    def mark(self) -> int:
        """As `Engine.mark`: asks nothing."""
        return self._engine.mark()

    def put_file(self, reference: str, path: str, content: bytes) -> None:
        """As `Engine.put_file`."""
        self._through(Call("archive", reference), lambda: self._engine.put_file(reference, path, content))

    def get_file(self, reference: str, path: str) -> bytes | None:
        """As `Engine.get_file`."""
        return self._through(Call("archive", reference), lambda: self._engine.get_file(reference, path))

    def resources(self, labels: Mapping[str, str] | None = None, volumes: Collection[str] = ()) -> frozenset[Resource]:
        """As `Engine.resources`."""
        return self._through(Call("resources"), lambda: self._engine.resources(labels, volumes))

    def remove_resource(self, resource: Resource) -> None:
        """As `Engine.remove_resource`."""
        self._through(Call("remove-resource", str(resource)), lambda: self._engine.remove_resource(resource))

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """As `Engine.create_volume`."""
        self._through(Call("create-volume", name), lambda: self._engine.create_volume(name, labels))

    def create_network(self, name: str, labels: Mapping[str, str]) -> None:
        """As `Engine.create_network`."""
        self._through(Call("create-network", name), lambda: self._engine.create_network(name, labels))

    def _through(self, call: Call, act: Callable[[], _T]) -> _T:
        if not self._gate.faults:
            return act()
        struck = self._gate.before(call)
        if isinstance(struck, Refused):
            raise refusal(struck.status, struck.message)
        if struck is not None:
            raise self._lost(struck, call)
        try:
            done = act()
        except EngineError:
            self._reply(call)  # a refusal is a reply, too
            raise
        self._reply(call)
        return done

    def _reply(self, call: Call) -> None:
        """Let the reply come, as far as the faults let it. Raises `EngineUnreachable` where it does not come."""
        told = self._gate.after(call)
        if isinstance(told, Lost):
            raise self._lost(told, call)
        if told is not None:
            self._await(told, call)

    def _lost(self, lost: Lost, call: Call) -> EngineUnreachable:
        if lost is Lost.CUT:
            raise Cut(call.verb)
        if lost is Lost.HANG:
            self._clock.sleep(ANSWER_TIME)
            return _given_up(call)
        return EngineUnreachable(f"{call.verb}: the reply was lost ({lost.value})")

    def _await(self, late: Late, call: Call) -> None:
        """Wait for a reply. Raises `EngineUnreachable` where it comes after the client has given up."""
        self._clock.sleep(min(late.seconds, ANSWER_TIME))
        if late.seconds >= ANSWER_TIME:
            raise _given_up(call)


def _given_up(call: Call) -> EngineUnreachable:
    return EngineUnreachable(f"{call.verb}: no reply came within {ANSWER_TIME:g} s")
