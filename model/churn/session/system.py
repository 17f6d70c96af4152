"""The system under test: a manager on an engine, driven by the model's operations and looked at in the model's words.

Real names, ids and ports stay below this file: what goes up is aliased (services ``a``, containers ``a#2``).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any

from attrs import evolve, frozen

from churn.errors import NotFound, UsageError
from churn.lifecycle.binding import bind
from churn.lifecycle.observation import Container, Event, Listed, Observation, Port
from churn.lifecycle.operations import Create, HoldPort, Length, List, Operation, Start, Status, Stop, Wait
from churn.lifecycle.outcome import Evidence, Ok, Outcome, Rejected, Unknown
from churn.lifecycle.sequence import Naming
from churn.lifecycle.state import NONE, SOUND, State
from churn.session.faults import Faults, Waits
from churn.system.clock import Clock
from churn.system.faults import KINDS
from churn.system.faults.gate import Gate
from churn.system.ownership import remove
from churn.system.process import run
from churn.system.protocols import Engine, Host, ListedContainer as Row, Manager, carries
from churn.system.rewinding import Keyed, Numbers, Rewindable


@frozen(eq=False)
class Look:
    """An observation, the states with what it taught them, and how the list command ended (None: not asked)."""

    observation: Observation
    states: tuple[State, ...]
    listing: Outcome | None


class System:
    """A manager on an engine. `begin` names the services anew for each sequence.

    `shared` are the labels of what is ours on an engine that others use too: of networks, volumes and images only those that
    carry them are looked at. Without any the engine is ours alone.
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
        self._pattern = re.compile(manager.contract.name_pattern) if manager.contract.name_pattern else None
        self.inside = 0.0
        """Seconds spent in the manager so far, looks and resets included, by the run's clock."""
        self.waited = 0.0
        """Seconds spent in `Wait` so far."""
        self._real: dict[str, str] = {}
        self._model: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        self._faults = Faults(
            engine,
            host,
            clock,
            self.waits,
            manager.service_of,
            self._shared,
            obedient=manager.contract.obedient,
            gate=gate,
        )
        self.gate = gate
        self._forget()

    def _forget(self) -> None:
        self._views: dict[str, tuple[Row, Container]] = {}
        self._born: dict[str, int] = {}
        self._starts: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._strangers: set[str] = set()
        """Containers that were there before the sequence."""
        self._told: set[str] = set()
        """Containers that came since and are not the manager's, as far as is known: told once each."""
        self._newcomers: tuple[str, ...] = ()
        self._entries: dict[Listed, Listed] = {}
        self._events: tuple[Event, ...] = ()
        self._seen_ports: dict[int, None] = {}
        self._port_of: dict[str, int] = {}
        """The port of each service, as it was last seen or told."""

    # -- going back ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> tuple[Any, ...]:
        """As `Rewindable.snapshot`. Raises `UsageError` where a part of the system cannot be put back."""
        parts = (self.clock, self.engine, self.host, self.manager, self._faults)
        for part in parts:
            if not isinstance(part, Rewindable):
                name = type(part).__name__
                raise UsageError(f"expected a system that can be put back to an earlier state, which {name} cannot")
        taken = [part.snapshot() for part in parts if isinstance(part, Rewindable)]
        return (*taken, {name: copy(getattr(self, name)) for name in _CHANGING})

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """As `Rewindable.restore`."""
        *taken, own = snapshot
        for part, state in zip((self.clock, self.engine, self.host, self.manager, self._faults), taken, strict=True):
            if isinstance(part, Rewindable):
                part.restore(state)
        for name, value in own.items():
            setattr(self, name, copy(value))

    def key(self, numbers: Numbers) -> object:
        """As `Keyed.key`, what was seen of containers that are there with it."""
        parts = (self.engine, self.manager)
        starts = tuple([self._starts.get(row.id, 0) for row in self.engine.list()])
        known = tuple([part.key(numbers) for part in parts if isinstance(part, Keyed)])
        ports = tuple([(name, numbers(port)) for name, port in self._port_of.items()])
        return known, starts, ports, self._faults.key()

    def ports(self) -> tuple[int, ...]:
        """The ports that services of this sequence had so far."""
        return tuple(self._seen_ports)

    def begin(self, names: Iterable[str], naming: Naming) -> None:
        """Name the services of a new sequence; what was seen before is forgotten, what is there now is not ours."""
        self._forget()
        self._real = {name: naming.real(name) for name in names}
        self._model = {real: name for name, real in self._real.items()}
        self._folders = {name: self.host.folder(real) for name, real in self._real.items()}
        self._faults.begin(self._real, self._folders)
        self.engine.events()
        self._strangers = {row.id for row in self.engine.list()}

    # -- doing --------------------------------------------------------------------------------------------------------

    def apply(self, operation: Operation) -> Outcome:
        """Carry `operation` out, and tell how it ended."""
        mark = self.engine.mark() if isinstance(operation, Start) else 0
        outcome = self._applied(operation)
        if operation.manager:
            self.inside += outcome.ended - outcome.began
        return evolve(outcome, mark=mark + 1) if isinstance(operation, Start) else outcome

    def identity(self) -> str:
        """Which engine this is, and how often it was upset by hand. Raises `EngineUnreachable`."""
        upset = self.gate.upsets if self.gate is not None else 0
        return f"{self.engine.identity()}{f', upset {upset} time(s)' if upset else ''}"

    def _applied(self, operation: Operation) -> Outcome:
        if not isinstance(operation, Create | Start | Stop):
            return self._carried_out(operation)
        outcome, struck, foreseen = self._faults.disturbing(lambda: self._carried_out(operation))
        return _disturbed(outcome, struck, foreseen=foreseen) if struck else outcome

    def _carried_out(self, operation: Operation) -> Outcome:
        match operation:
            case Start(name):
                return self.manager.start(self._real[name])
            case Stop(name):
                return self.manager.stop(self._real[name])
            case Create(name):
                return self.manager.create(self._real[name], self._folders[name])
            case Status(name):
                return self.manager.status(self._real[name])
            case List():
                return self.manager.list()
            case Wait():
                return self._wait(operation)
        return self._strike(operation)

    def _strike(self, operation: Operation) -> Outcome:
        began = self.clock.now()
        if isinstance(operation, HoldPort) and operation.name not in self._port_of:
            self._learn_ports()
        refused = self._faults.strike(operation, self._port_of.get(operation.service or ""))
        return Rejected(began, self.clock.now(), reason=refused) if refused else Ok(began, self.clock.now())

    def _learn_ports(self) -> None:
        told = self._listed(self.apply(_LIST)) or ()
        self._port_of.update({entry.service: entry.port for entry in told if entry.port is not None})

    def _wait(self, operation: Wait) -> Outcome:
        began = self.clock.now()
        seconds = self.waits.long if operation.length is Length.LONG else self.waits.short
        self.clock.sleep(seconds)
        self.waited += seconds
        return Ok(began, self.clock.now())

    def show(self, command: str) -> Evidence:
        """Run a command that only looks, if the engine is one that commands reach; else it is told as not run."""
        if not command or not self.engine.cli:
            return Evidence(command, "", ran=False)
        finished = run(("sh", "-c", command), env=self.environ, timeout=_SHOW_LIMIT)
        return Evidence(command, f"{finished.stdout}{finished.stderr}".strip() or "(no output)")

    def discard(self, containers: frozenset[str]) -> None:
        """Remove containers by their ids, those alone that are ours."""
        for row in self.engine.list(self._shared):
            if row.id in containers:
                remove(self.engine, row)

    # -- looking ------------------------------------------------------------------------------------------------------

    def look(self, states: Sequence[State], operation: Operation, outcome: Outcome | None, *, ask: bool) -> Look:
        """See what the invariants of these states need to see.

        `ask`: whether the manager is asked as well. `outcome` is that of `operation` if it has just ended: a list or
        status command's own answer is then held against the states; None asks it again.
        """
        listing, told = self._asked(operation, outcome) if ask else (None, None)
        events = self.engine.events()
        self._count(events)
        self._events = events if outcome is not None else self._events + events
        listed = self._listed(listing)
        containers = self._containers(states, listed or ())
        # Processes are looked for last: one that was only on its way out has then ended.
        # Ports are filled in at the end: which ones to look at is known once the states are bound to what was seen.
        ports: dict[int, Port] = {}
        seen = Observation(
            containers,
            ports,
            listed,
            self._listed(told),
            self.engine.resources(self._shared),
            self.host.processes(self.manager.marker),
            self._events,
            self.engine.mark(),
            listing.evidence.command if listing is not None else "",
            self._newcomers,
        )
        bound = tuple([bind(state, seen) for state in states])
        ports.update(self._ports(bound))
        return Look(seen, bound, listing)

    def _asked(self, operation: Operation, outcome: Outcome | None) -> tuple[Outcome, Outcome | None]:
        if isinstance(operation, List):
            return outcome or self.apply(operation), None
        told = (outcome or self.apply(operation)) if isinstance(operation, Status) else None
        return self.apply(_LIST), told

    def _listed(self, outcome: Outcome | None) -> tuple[Listed, ...] | None:
        if not isinstance(outcome, Ok) or outcome.listed is None:
            return None
        entries = self._entries
        return tuple([entries.get(entry) or self._renamed(entry) for entry in outcome.listed])

    def _renamed(self, entry: Listed) -> Listed:
        named = self._entries[entry] = evolve(entry, service=self._model.get(entry.service, entry.service))
        return named

    def _count(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if event.action == "create":
                self._born[event.container] = event.mark
            elif event.action == "start":
                self._starts[event.container] = self._starts.get(event.container, 0) + 1

    def _containers(self, states: Sequence[State], listed: tuple[Listed, ...]) -> dict[str, Container]:
        found: dict[str, Container] = {}
        newcomers: list[str] = []
        views, starts = self._views, self._starts
        for row in self.engine.list():
            last = views.get(row.id)
            if last is not None and last[0] is row and last[1].starts == starts.get(row.id, 0):
                found[row.id] = last[1]
            elif last is not None or self._is_managers(row, states, listed):
                view = self._view(row, last[1] if last is not None else None)
                if view is not None:
                    found[row.id] = view
            elif row.id not in self._strangers and row.id not in self._told:
                self._told.add(row.id)
                newcomers.append(f"{row.name} ({row.image}) is {row.state}")
        self._newcomers = tuple(newcomers)
        return found

    def _is_managers(self, row: Row, states: Sequence[State], listed: tuple[Listed, ...]) -> bool:
        """Whether a container is the manager's: by label, by name, or by a port of its services if it came only later."""
        if self.contract.labels and carries(row.labels, self.contract.labels):
            return True
        if self._pattern is not None and self._pattern.fullmatch(row.name):
            return True
        ports = {service.port for state in states for service in state.services.values()}
        ports |= {entry.port for entry in listed}
        return row.id not in self._strangers and not ports.isdisjoint(row.ports)

    def _view(self, row: Row, last: Container | None) -> Container | None:
        """The container as it is now; at first sight it is inspected. None: it is gone meanwhile."""
        starts = self._starts.get(row.id, 0)
        view = (
            self._first_view(row)
            if last is None
            else evolve(last, state=row.state, ports=row.ports, name=row.name, starts=starts)
        )
        if view is not None:
            self._views[row.id] = (row, view)
        return view

    def _first_view(self, row: Row) -> Container | None:
        try:
            detail, changes = self.engine.inspect(row.id), self.engine.changes(row.id)
        except NotFound:
            return None
        real = self.manager.service_of(evolve(row, ports=row.ports or detail.ports))
        service = self._model.get(real, real) if real is not None else None
        whose = service or "?"
        number = self._numbers[whose] = self._numbers.get(whose, 0) + 1
        return Container(
            row.id,
            f"{whose}#{number}",
            row.name,
            row.state,
            service,
            row.ports,
            detail.restart_policy,
            detail.restart_count,
            self._born.get(row.id, 0),
            self._starts.get(row.id, 0),
            changes,
        )

    def _ports(self, states: Sequence[State]) -> dict[int, Port]:
        asks: dict[int, str] = {}
        frees: list[int] = []
        for state in states:
            for name, service in state.services.items():
                if service.port is None:
                    continue
                self._seen_ports[service.port] = None
                self._port_of[name] = service.port
                if service.server is SOUND:
                    asks[service.port] = self.contract.health_path
                elif service.server is NONE:
                    frees.append(service.port)
        return self.host.look(asks, tuple(dict.fromkeys(frees)))


def _disturbed(outcome: Outcome, struck: tuple[str, ...], *, foreseen: bool) -> Outcome:
    """The outcome of an operation whose calls were struck: only a success says what it did, unless the manager was misled."""
    misled = any(KINDS[one.partition(" on ")[0]].misleads for one in struck)
    if isinstance(outcome, Ok) and not misled:
        return outcome
    told = outcome.reason if isinstance(outcome, Rejected | Unknown) else "it reported success"
    until = outcome.until if isinstance(outcome, Unknown) else outcome.ended
    reason = f"the engine failed the manager ({', '.join(struck)}): {told}"
    times = (outcome.began, outcome.ended, outcome.mark, outcome.evidence)
    return Unknown(*times, reason, until=until, foreseen=foreseen)


_CHANGING = (
    "_views", "_born", "_starts", "_numbers", "_strangers", "_told", "_newcomers", "_events", "_seen_ports", "_port_of",
)  # fmt: skip
"""What of a sequence changes step by step."""
_LIST = List()
_SHOW_LIMIT = 10.0
"""Seconds that a command for evidence may take."""
