"""Faults: what is done to a system without its manager. Only containers that this run has made are ever struck."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, Self, TypeVar

from attrs import evolve, fields, frozen

from churn.errors import Conflict, EngineError, NotFound
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.operations import (
    Calls,
    Crash,
    Disturb,
    Disturbance,
    HoldPort,
    Interrupt,
    InterruptAt,
    Kill,
    Operation,
    Outage,
    ReleasePort,
    RemoveContainer,
    RestartEngine,
    SetBehaviour,
    Side,
)
from churn.system.clock import Clock
from churn.system.faults import made
from churn.system.faults.gate import MILLI, Fault, Gate, Struck
from churn.system.faults.interruption import Alarm, Interruption
from churn.system.protocols import Engine, Host, ListedContainer

_T = TypeVar("_T")
Armed = Disturb | Interrupt | InterruptAt
"""What strikes the manager's next operation."""


@frozen(kw_only=True)
class Waits:
    """How long things last, in seconds."""

    short: float = 5.0
    """A short wait."""
    long: float = 120.0
    """A long wait."""
    slow: float = 20.0
    """A slow server, until it answers."""
    reading: float = 0.3
    """A server, until it has read a behaviour that was set, and done as it says."""
    hang: float = 0.0
    """An engine that hangs, until it answers; 0: until its client gives up."""
    latency: float = 2.0
    """A reply that comes late, beyond what it takes anyway."""
    outage: float = 1.0
    """An engine that is restarted, until it answers again."""
    speed: float = 1.0
    """How fast the time of servers runs, beside the clock by which all these are counted."""

    def hastened(self, speed: float) -> Self:
        """These waits for an engine whose time, and that of its servers, runs `speed` times as fast."""
        shorter = {one.name: getattr(self, one.name) / speed for one in fields(type(self))}
        return evolve(self, **shorter | {"speed": self.speed * speed})


@frozen
class Disturbed:
    """What befell the calls of one operation: which faults struck them, and for how many seconds in all replies were held back.

    `foreseen`: a `disturb` or an `interrupt` of the sequence is the reason.
    """

    struck: tuple[Struck, ...] = ()
    held: float = 0.0
    foreseen: bool = False


REAL_WAITS = Waits(short=1.0, long=3.0, slow=0.5, hang=1.0, latency=0.5, outage=0.5)
"""Seconds, where they are real."""


class Faults:
    """Strikes the services of one sequence; `begin` names them.

    `service_of` tells to which service a container belongs, None where it cannot. `obedient` is whether servers read how to
    behave; a late one needs `late` seconds. `shared` are the labels of what this run has made, on an engine that others use,
    too. Through `gate` go the calls by which the manager asks its engine.
    """

    def __init__(
        self,
        engine: Engine,
        host: Host,
        clock: Clock,
        waits: Waits,
        service_of: Callable[[ListedContainer], str | None],
        shared: Mapping[str, str],
        *,
        obedient: bool = True,
        late: float = 0.0,
        gate: Gate | None = None,
    ) -> None:
        self.engine = engine
        self.host = host
        self.clock = clock
        self.waits = waits
        self._service_of = service_of
        self._shared = shared
        self._obedient = obedient
        self._late = late
        self._real: Mapping[str, str] = {}
        self._folders: Mapping[str, str] = {}
        self._words: dict[str, str] = {}
        self._gate = gate
        self._held = ""
        """The service whose port is held; empty: none is."""
        self._next: Armed | None = None
        """What is to strike the manager's next operation."""

    def begin(self, real: Mapping[str, str], folders: Mapping[str, str]) -> None:
        """A new sequence: its services' real names, and the folders that their servers read their behaviour from."""
        self._real, self._folders = real, folders
        self._words = dict.fromkeys(folders, Behaviour.HEALTHY.value)
        self._next, self._held = None, ""
        for folder in folders.values():
            self.host.behave(folder, Behaviour.HEALTHY.value)

    def snapshot(self) -> tuple[dict[str, str], Armed | None, str]:
        """As `Rewindable.snapshot`."""
        return dict(self._words), self._next, self._held

    def restore(self, snapshot: tuple[dict[str, str], Armed | None, str]) -> None:
        """As `Rewindable.restore`."""
        words, self._next, self._held = snapshot
        self._words = dict(words)

    def key(self) -> object:
        """What is yet to strike."""
        return self._next

    def disturbing(self, act: Callable[[], _T], usual: Callable[[], float]) -> tuple[_T, Disturbed]:
        """Do `act`, an operation of the manager's. If a `disturb` or an `interrupt` was done before, it is on meanwhile.

        `usual` tells how many seconds it usually takes. Given back are what `act` gives, and what befell its calls.
        """
        gate, planned = self._gate, self._next
        if gate is None:
            return act(), Disturbed()
        fault = None if planned is None else self._fault(planned, usual)
        before, held = len(gate.struck), gate.held
        if fault is not None:
            self._next = None
            gate.switch_on(fault)
        try:
            with fault.set(gate) if isinstance(fault, Alarm) else nullcontext():
                done = act()
        finally:
            if fault is not None:
                gate.switch_off(fault)
        return done, Disturbed(tuple(gate.struck[before:]), gate.held - held, fault is not None)

    def let_go(self, name: str) -> None:
        """The service's port is let go, if it is held."""
        if self._held == name:
            self.host.release()
            self._held = ""

    def forget(self, name: str) -> None:
        """The service was removed: its port is let go, and servers of a later one of that name are healthy."""
        self.let_go(name)
        self._words[name] = Behaviour.HEALTHY.value
        self.host.behave(self._folders[name], self._words[name])

    def strike(self, operation: Operation, port: int | None) -> str:
        """Carry out a fault on its service, whose port is `port` (None: not known). Why it could not be done; empty if it was."""
        act = STRIKES.get(type(operation))
        if act is None:
            raise TypeError(f"an operation that systems do not know: {operation!r}")
        return act(self, operation, port)

    def _behave(self, operation: SetBehaviour, _: int | None) -> str:
        if not self._obedient:
            return _DISOBEDIENT
        loads = {Behaviour.SLOW: self.waits.slow, Behaviour.LATE: self._late or self.waits.slow}.get(operation.how)
        self._words[operation.name] = operation.how.value if loads is None else f"slow={loads * self.waits.speed:g}"
        self.host.behave(self._folders[operation.name], self._words[operation.name])
        self.clock.sleep(self.waits.reading)
        return ""

    def _crash(self, operation: Crash, port: int | None) -> str:
        if not self._obedient:
            return _DISOBEDIENT
        running = self._running(operation.name, port)
        if running is None:
            return _NOT_RUNNING
        folder = self._folders[operation.name]
        self.host.behave(folder, Behaviour.CRASH.value)
        try:
            return self._await_end(running.id)
        finally:
            self.host.behave(folder, self._words[operation.name])

    def _await_end(self, identity: str) -> str:
        deadline = self.clock.now() + _READINGS * self.waits.reading
        while any(row.id == identity and row.state == "running" for row in self.engine.list(self._shared)):
            if self.clock.now() >= deadline:
                return "its server did not crash"
            self.clock.sleep(_INTERVAL)
        return ""

    def _kill(self, operation: Kill | RemoveContainer, port: int | None) -> str:
        running = self._running(operation.name, port)
        if running is None:
            return _NOT_RUNNING
        try:
            if isinstance(operation, RemoveContainer):
                self.engine.remove(running.id, force=True)
            else:
                self.engine.kill(running.id)
        except (NotFound, Conflict) as error:  # it went just now, by itself
            return str(error)
        return ""

    def _hold(self, operation: HoldPort, port: int | None) -> str:
        if port is None:
            return "its port is not known"
        if not self.host.hold(port, operation.where.value):
            return f"port {port} cannot be had"
        self._held = operation.name
        return ""

    def _release(self, _: ReleasePort, __: int | None) -> str:
        self.host.release()
        self._held = ""
        return ""

    def _disturb(self, operation: Armed, _: int | None) -> str:
        if self._gate is None:
            return _NO_GATE
        self._next = operation
        return ""

    def _fault(self, operation: Armed, usual: Callable[[], float]) -> Fault:
        if isinstance(operation, InterruptAt):
            return Alarm(seconds=usual() * operation.percent / _WHOLE, signal=operation.how.name)
        if isinstance(operation, Interrupt):
            after, every = operation.side is Side.AFTER, operation.among is Calls.ALL
            return Interruption(call=operation.call, after_it=after, signal=operation.how.name, every=every)
        seconds = LASTING.get(operation.how)
        return made(operation.how.value, {} if seconds is None else {"milliseconds": seconds(self.waits) * MILLI})

    def _restart(self, operation: RestartEngine, _: int | None) -> str:
        if self._gate is None or self._gate.hooks is None:
            return _NO_GATE
        try:
            self._gate.hooks.restart(live=operation.how is Outage.LIVE, seconds=self.waits.outage)
        except EngineError as error:
            return str(error)
        self.clock.sleep(self.waits.outage)
        return "" if await_engine(self.engine, self.clock) else "the engine did not come back"

    def _running(self, name: str, port: int | None) -> ListedContainer | None:
        """The service's running container, as `service_of` tells it, or by its port where that cannot."""
        for row in self.engine.list(self._shared):
            real = self._service_of(row)
            whose = real == self._real[name] if real is not None else port in row.ports
            if whose and row.state == "running":
                return row
        return None


def await_engine(engine: Engine, clock: Clock, within: float | None = None) -> bool:
    """Wait for an engine that is being restarted; whether it came back in time, or in so many seconds."""
    end = clock.now() + (COMES_BACK if within is None else within)
    while True:
        try:
            engine.identity()
        except EngineError:
            if clock.now() >= end:
                return False
            clock.sleep(_INTERVAL)
        else:
            return True


_WHOLE = 100
"""Per cent."""
COMES_BACK = 30.0
"""Seconds that a restart of an engine may take."""
_NO_GATE = "this engine cannot be made to fail"
_NOT_RUNNING = "it has no running container"
_DISOBEDIENT = "its server does not read how to behave"
_READINGS, _INTERVAL = 10, 0.05
"""A server that is told to crash has so many times `Waits.reading` for it; Churn looks every so many seconds."""
LASTING: Mapping[Disturbance, Callable[[Waits], float]] = {
    Disturbance.HANG: lambda waits: waits.hang,
    Disturbance.LATENCY: lambda waits: waits.latency,
}
"""How many seconds those disturbances last that do not strike in a moment."""
STRIKES: dict[type[Operation], Callable[[Faults, Any, int | None], str]] = {
    SetBehaviour: Faults._behave,  # noqa: SLF001 -- the class's own table
    Crash: Faults._crash,  # noqa: SLF001
    Kill: Faults._kill,  # noqa: SLF001
    RemoveContainer: Faults._kill,  # noqa: SLF001
    HoldPort: Faults._hold,  # noqa: SLF001
    ReleasePort: Faults._release,  # noqa: SLF001
    Disturb: Faults._disturb,  # noqa: SLF001
    Interrupt: Faults._disturb,  # noqa: SLF001
    InterruptAt: Faults._disturb,  # noqa: SLF001
    RestartEngine: Faults._restart,  # noqa: SLF001
}
"""How each fault is made, or ended."""
