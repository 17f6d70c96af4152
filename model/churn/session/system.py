"""The system under test: a manager on an engine, driven by the model's operations; its `Observer` looks at it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve

from churn.errors import UsageError
from churn.lifecycle.form import Setting
from churn.lifecycle.operations import (
    Create,
    HoldPort,
    Length,
    List,
    Operation,
    Remove,
    Restart,
    RestartManager,
    Start,
    Status,
    Stop,
    Together,
    Update,
    Wait,
)
from churn.lifecycle.outcome import Evidence, Ok, Outcome, Rejected, Unknown
from churn.lifecycle.sequence import Naming
from churn.session.clients import Clients, at_once
from churn.session.faults import Disturbed, Faults, Waits
from churn.session.observer import Observer
from churn.system.clock import Clock
from churn.system.faults import KINDS
from churn.system.faults.gate import Gate
from churn.system.faults.interruption import ENDINGS, Interruption
from churn.system.ownership import remove
from churn.system.process import run
from churn.system.protocols import Engine, Host, Manager
from churn.system.refusals import Trouble
from churn.system.rewinding import Keyed, Numbers, Rewindable


class System:
    """A manager on an engine. `begin` names the services anew for each sequence.

    `shared` are the labels of what this run has made, on an engine that others use, too: other networks, volumes and images
    are not looked at. Without such labels the engine is this run's alone.
    """

    def __init__(
        self,
        manager: Manager,
        engine: Engine,
        host: Host,
        clock: Clock,
        waits: Waits | None = None,
        shared: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.manager = manager
        self.engine = engine
        self.host = host
        self.clock = clock
        self.waits = waits or Waits()
        self.environ = environ or {}
        """The environment of commands that are run for evidence."""
        self._shared = shared or {}
        self.contract = manager.contract
        self.observer = Observer(manager, engine, host, self._shared, lambda operation: self.apply(operation))
        self.inside = 0.0
        """Seconds spent in the manager so far, looks and resets included, by the run's clock."""
        self.waited = 0.0
        """Seconds spent in `Wait` so far."""
        self._real: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        self._moving: set[str] = set()
        """Services that get another port with their next start."""
        contract = manager.contract
        parts = (engine, host, clock, self.waits, manager.service_of, self._shared)
        self._faults = Faults(*parts, obedient=contract.obedient, late=contract.bounds.late, gate=gate)
        self.gate = gate
        self.clients: Clients | None = None
        """How several clients ask the manager at once, where they can."""
        self.usual: Callable[[Operation], float | None] = lambda _: None
        """Tells how many seconds an operation usually takes that is done next, None where nobody knows."""
        self.probe: Callable[[], str] = lambda: ""
        """Tells why the engine cannot run any container at this moment; empty where it can, or where nobody can tell."""

    @property
    def alone(self) -> bool:
        """Whether the engine is this run's alone."""
        return not self._shared

    @property
    def marks(self) -> Mapping[str, str]:
        """The labels of what this run has made, on an engine that others use, too."""
        return self._shared

    @property
    def real_names(self) -> Mapping[str, str]:
        """What each service of the sequence is really called."""
        return self._real

    # -- going back ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> tuple[Any, ...]:
        """As `Rewindable.snapshot`. Raises `UsageError` where a part of the system cannot be put back."""
        parts = (self.clock, self.engine, self.host, self.manager, self._faults)
        for part in parts:
            if not isinstance(part, Rewindable):
                name = type(part).__name__
                raise UsageError(f"expected a system that can be put back to an earlier state, which {name} cannot")
        taken = [part.snapshot() for part in parts if isinstance(part, Rewindable)]
        return (*taken, self.observer.snapshot())

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """As `Rewindable.restore`."""
        *taken, own = snapshot
        for part, state in zip((self.clock, self.engine, self.host, self.manager, self._faults), taken, strict=True):
            if isinstance(part, Rewindable):
                part.restore(state)
        self.observer.restore(own)

    def key(self, numbers: Numbers) -> object:
        """As `Keyed.key`, together with what was seen of the containers that are there."""
        parts = (self.engine, self.manager)
        known = tuple([part.key(numbers) for part in parts if isinstance(part, Keyed)])
        ports = tuple([(name, numbers(port)) for name, port in self.observer.port_of.items()])
        return known, self.observer.starts(), ports, self._faults.key()

    def begin(self, names: Iterable[str], naming: Naming) -> None:
        """Name the services of a new sequence; what was seen before is forgotten, what is there now is not ours."""
        self._real = {name: naming.real(name) for name in names}
        self._folders = {name: self.host.folder(real) for name, real in self._real.items()}
        self._moving.clear()
        self._faults.begin(self._real, self._folders)
        self.observer.begin({real: name for name, real in self._real.items()})

    # -- doing --------------------------------------------------------------------------------------------------------

    def apply(self, operation: Operation) -> Outcome:
        """Carry `operation` out, and tell how it ended."""
        if isinstance(operation, Together):
            return self._together(operation)
        mark = self.engine.mark() if operation.makes_container else 0
        outcome = self._applied(operation)
        self._note(operation, outcome)
        if operation.manager:
            self.inside += outcome.ended - outcome.began
        return evolve(outcome, mark=mark + 1) if operation.makes_container else outcome

    def _note(self, operation: Operation, outcome: Outcome) -> None:
        """An operation has ended: what is known of ports may not be so any more."""
        if isinstance(operation, Remove):
            self.observer.port_of.pop(operation.name, None)
            if isinstance(outcome, Ok):
                self.forget(operation.name)
        elif isinstance(operation, Start | Restart) and isinstance(outcome, Ok) and operation.name in self._moving:
            self._moving.discard(operation.name)
            self.observer.port_of.pop(operation.name, None)  # the new one is seen at the next look, or asked for

    def _together(self, operation: Together) -> Outcome:
        if self.clients is None:
            raise UsageError(f"expected a system that several clients can ask at once, got {self.manager.name}")
        for one in operation.operations:
            if isinstance(one, Create):
                self.observer.forget(one.name)
        mark = self.engine.mark() + 1
        ended = at_once(self.clients, operation, self.clock, self._asked)
        told = (evolve(call.outcome, mark=mark) for call in ended.calls)
        calls = (evolve(call, outcome=self.observer.in_model(one)) for call, one in zip(ended.calls, told, strict=True))
        outcome = evolve(ended, calls=tuple(calls))
        for call in outcome.calls:
            self.observer.kills.hear(call.operation, call.outcome, struck=False)
            if not isinstance(call.operation, Remove):
                self._note(call.operation, call.outcome)
        self.inside += outcome.ended - outcome.began
        return outcome

    def _asked(self, manager: Manager, operation: Operation) -> Outcome:
        """What comes of an operation for which one of several clients asks its manager."""
        ask, name = REQUESTS[type(operation)], operation.service
        outcome = ask(manager, self._real[name] if name else "", self._folders[name] if name else "")
        if isinstance(operation, Remove):
            self._note(operation, outcome)  # at once: what is made anew next has no faults of before
        return outcome

    def identity(self) -> str:
        """Which engine this is, and how often it was upset by hand. Raises `EngineUnreachable`."""
        upset = self.gate.upsets if self.gate is not None else 0
        return f"{self.engine.identity()}{f', upset {upset} time(s)' if upset else ''}"

    @property
    def troubles(self) -> Sequence[Trouble]:
        """What the engine answered to the manager when it was in trouble, as far as the gate between them has seen it."""
        return self.gate.troubles if self.gate is not None else ()

    @property
    def removes_images(self) -> bool:
        """Whether the manager has removed an image."""
        return self.gate is not None and self.gate.images_removed > 0

    def _applied(self, operation: Operation) -> Outcome:
        if not operation.changes_containers:
            outcome = self._carried_out(operation)
            self.observer.kills.hear(operation, outcome, struck=False)
            return outcome
        if isinstance(operation, Create):
            self.observer.forget(operation.name)
        outcome, by = self._faults.disturbing(lambda: self._carried_out(operation), lambda: self._usually(operation))
        told = _disturbed(outcome, by, self.contract.bounds.grace) if by.struck else outcome
        self.observer.kills.hear(operation, told, struck=bool(by.struck))
        return told

    def _usually(self, operation: Operation) -> float:
        """Seconds that the operation usually takes; as long as nobody knows, those that it may take."""
        known = self.usual(operation)
        return known if known is not None else self.contract.bounds.of(operation.kind) or 0.0

    def _carried_out(self, operation: Operation) -> Outcome:
        ask = REQUESTS.get(type(operation))
        if ask is not None:
            name = operation.service
            return ask(self.manager, self._real[name] if name else "", self._folders[name] if name else "")
        if isinstance(operation, Update):
            return self._update(operation)
        return self._wait(operation) if isinstance(operation, Wait) else self._strike(operation)

    def _update(self, operation: Update) -> Outcome:
        """Ask for a changed setting. A new port is one that is free, and no service's; the old one is let go."""
        name, value = operation.name, self.contract.updates[operation.what]
        if operation.what is not Setting.PORT:
            return self.manager.update(self._real[name], operation.what, value)
        port = self.host.free_port_of(
            {*self.observer.port_of.values(), *self.observer.ports()}, self.contract.port_range
        )
        outcome = self.manager.update(self._real[name], operation.what, str(port))
        if not isinstance(outcome, Rejected):
            self._faults.let_go(name)
            self._moving.add(name)
        return evolve(outcome, port=port)

    def forget(self, name: str) -> None:
        """The manager does not know the service any more: one of that name has its port and its behaviour anew."""
        self.observer.port_of.pop(name, None)
        self._faults.forget(name)

    def _strike(self, operation: Operation) -> Outcome:
        began = self.clock.now()
        port_of = self.observer.port_of
        if isinstance(operation, HoldPort) and operation.name not in port_of:
            self.observer.learn_ports()
        refused = self._faults.strike(operation, port_of.get(operation.service or ""))
        return Rejected(began, self.clock.now(), reason=refused) if refused else Ok(began, self.clock.now())

    def _wait(self, operation: Wait) -> Outcome:
        began = self.clock.now()
        seconds = self.waits.long if operation.length is Length.LONG else self.waits.short
        self.clock.sleep(seconds)
        self.waited += seconds
        return Ok(began, self.clock.now())

    def show(self, command: str) -> Evidence:
        """Run a command that only looks, if commands reach this engine. If not, the evidence says that it was not run."""
        if not command or not self.engine.cli:
            return Evidence(command, "", ran=False)
        finished = run(("sh", "-c", command), env=self.environ, timeout=_SHOW_LIMIT)
        return Evidence(command, f"{finished.stdout}{finished.stderr}".strip() or "(no output)")

    def discard(self, containers: frozenset[str]) -> None:
        """Remove the containers with these ids, but only those that this run has made."""
        self.observer.kills.forgive(containers)
        for row in self.engine.list(self._shared):
            if row.id in containers:
                remove(self.engine, row)


def _disturbed(outcome: Outcome, by: Disturbed, grace: float) -> Outcome:
    """The outcome of an operation whose calls were struck by faults.

    If replies only came later, by less than the grace that the manager's timeouts get anyway, it stands as it is. Otherwise a
    success is believed, unless the manager was misled; and if it is no success, nobody knows what the operation did.
    """
    outcome = evolve(outcome, held=by.held)
    ended_midway = any(one.fault in ENDINGS for one in by.struck)
    kinds = [KINDS.get(one.fault, Interruption) for one in by.struck]
    stands = by.held < grace and all(kind.only_delays for kind in kinds)
    if stands or (isinstance(outcome, Ok) and not any(kind.misleads for kind in kinds)):
        return outcome
    told = outcome.reason if isinstance(outcome, Rejected | Unknown) else "it reported success"
    until = outcome.until if isinstance(outcome, Unknown) else outcome.ended
    who = "it was interrupted" if ended_midway else "the engine failed the manager"
    reason = f"{who} ({', '.join(map(str, by.struck))}): {told}"
    times = (outcome.began, outcome.ended, outcome.mark, outcome.evidence)
    return Unknown(*times, reason, until=until, foreseen=by.foreseen, held=by.held)


REQUESTS: Mapping[type[Operation], Callable[[Manager, str, str], Outcome]] = {
    Create: lambda manager, real, folder: manager.create(real, folder),
    Start: lambda manager, real, _: manager.start(real),
    Stop: lambda manager, real, _: manager.stop(real),
    Remove: lambda manager, real, _: manager.remove(real),
    Restart: lambda manager, real, _: manager.restart(real),
    Status: lambda manager, real, _: manager.status(real),
    List: lambda manager, _, __: manager.list(),
    RestartManager: lambda manager, _, __: manager.restart_daemon(),
}
"""How the manager is asked for its operations: with the real name of the service, and the folder for its behaviour.

For an update, `System` itself knows what to ask for."""
_SHOW_LIMIT = 10.0
"""Seconds that a command for evidence may take."""
