"""The observer: all that looks at a system, and what it remembers from one look to the next.

Real names, ids and ports stay below this file: what goes up is in the model's words (services ``a``, containers ``a#2``).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import partial
from typing import Any

from attrs import evolve, frozen

from churn.errors import NotFound
from churn.lifecycle.binding import needs_resources
from churn.lifecycle.condition import NONE, SOUND
from churn.lifecycle.contract import Contract
from churn.lifecycle.form import Difference, Form, Setting, differences, part_of, without_ports
from churn.lifecycle.observation import Container, Event, Killed, Listed, Observation, Resource, ResourceKind
from churn.lifecycle.operations import List, Operation, Status
from churn.lifecycle.outcome import Ok, Outcome, Overlapped
from churn.lifecycle.patterns import fits
from churn.lifecycle.state import State
from churn.session.kills import Kills
from churn.session.volumes import Volumes
from churn.system.protocols import Engine, Host, ListedContainer as Row, Manager, carries


@frozen(eq=False)
class Look:
    """What was seen at one moment, and how the list command ended that was asked for it (None: it was not asked)."""

    observation: Observation
    listing: Outcome | None


class Observer:
    """Looks at the engine, the host and what the manager says. `begin` names the services of a new sequence.

    `shared` are the labels of what this run has made, on an engine that others use, too. `ask` carries an operation out.
    """

    def __init__(
        self,
        manager: Manager,
        engine: Engine,
        host: Host,
        shared: Mapping[str, str],
        ask: Callable[[Operation], Outcome],
    ) -> None:
        self._manager = manager
        self._engine = engine
        self._host = host
        self._shared = shared
        self._ask = ask
        self._contract = manager.contract
        self._pattern = self._contract.name_pattern
        self._model: Mapping[str, str] = {}
        self.volumes = Volumes(engine, self._contract.belongings)
        """The volumes that containers mount."""
        self._forget()

    def _forget(self) -> None:
        self._views: dict[str, tuple[Row, Container]] = {}
        self._born: dict[str, int] = {}
        self._starts: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._strangers: set[str] = set()
        """Containers that were there before the sequence."""
        self._told: set[str] = set()
        """Containers that came since, and are not the manager's as far as is known. A report has each once."""
        self._newcomers: tuple[str, ...] = ()
        self._entries: dict[Listed, Listed] = {}
        self._events: tuple[Event, ...] = ()
        self._seen_ports: dict[int, None] = {}
        self._forms: dict[str, Form] = {}
        """What the first container of each service was made from."""
        self.kills = Kills()
        """The signals that servers got. Told of each operation that ends."""
        self.port_of: dict[str, int] = {}
        """The port of each service, as it was last seen or told."""

    def begin(self, model: Mapping[str, str]) -> None:
        """A new sequence begins. `model` has each service's name in the model by its real name. What is there now is not ours."""
        self._forget()
        self._model = model
        self._engine.events()
        self._strangers = {row.id for row in self._engine.list()}
        self.volumes.begin()

    def snapshot(self) -> dict[str, Any]:
        """As `Rewindable.snapshot`."""
        return {name: copy(getattr(self, name)) for name in _CHANGING}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """As `Rewindable.restore`."""
        for name, value in snapshot.items():
            setattr(self, name, copy(value))

    def starts(self) -> tuple[int, ...]:
        """How often each container that is there was started."""
        return tuple([self._starts.get(row.id, 0) for row in self._engine.list()])

    def ports(self) -> tuple[int, ...]:
        """The ports that services of this sequence had so far."""
        return tuple(self._seen_ports)

    def learn_ports(self) -> None:
        """Ask the manager for its services, to know their ports."""
        told = self._listed(self._ask(_LIST)) or ()
        self.port_of.update({entry.service: entry.port for entry in told if entry.port is not None})

    # -- what is there ------------------------------------------------------------------------------------------------

    def see(self, operation: Operation, outcome: Outcome | None, *, ask: bool, states: Sequence[State]) -> Look:
        """See all that the invariants need, except ports. `states` say which ports the manager's services have.

        `ask`: whether the manager is asked as well. `outcome` is that of `operation`, if it has just ended: if that is a
        `list` or a `status`, its own answer is taken. If `outcome` is None, the manager is asked again.
        """
        listing, told = self._asked(operation, outcome) if ask else (None, None)
        owner = partial(_owner, self._views, self._manager, self._model) if isinstance(outcome, Overlapped) else _nobody
        events = tuple([event.of(owner(event)) for event in self._engine.events()])
        self.kills.look(anew=outcome is not None)
        self._count(events)
        self._events = events if outcome is not None else self._events + events
        listed = self._listed(listing)
        containers = self._containers(states, listed or ())
        # Processes are looked for last: one that was only on its way out has then ended.
        seen = Observation(
            containers=containers,
            listed=listed,
            told=self._listed(told),
            resources=self._engine.resources(self._shared, self.volumes.mounted)
            | _helping(self._engine, self._contract, self._strangers)
            if any(map(needs_resources, states))
            else None,
            processes=self._host.processes(self._manager.marker),
            events=self._events,
            mark=self._engine.mark(),
            killed=tuple(self._killed()) if self.kills.hits else (),
            list_command=listing.evidence.command if listing is not None else "",
            strangers=self._newcomers,
        )
        return Look(seen, listing)

    def _asked(self, operation: Operation, outcome: Outcome | None) -> tuple[Outcome, Outcome | None]:
        if isinstance(operation, List):
            return outcome or self._ask(operation), None
        told = (outcome or self._ask(operation)) if isinstance(operation, Status) else None
        return self._ask(_LIST), told

    def in_model(self, outcome: Outcome) -> Outcome:
        """The outcome with what it tells in the model's words."""
        told = self._listed(outcome)
        return evolve(outcome, listed=told) if isinstance(outcome, Ok) and told is not None else outcome

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
            if event.action in ("start", "kill"):
                self.kills.read(event)

    def _killed(self) -> Iterator[Killed]:
        for hit in self.kills.hits:
            _, seen = self._views.get(hit.container, (None, None))
            if seen is not None and seen.service is not None and not self.kills.excuses(seen.service):
                yield Killed(seen.alias, seen.name, seen.service, hit.grace)

    def _containers(self, states: Sequence[State], listed: tuple[Listed, ...]) -> dict[str, Container]:
        found: dict[str, Container] = {}
        newcomers: list[str] = []
        views, starts = self._views, self._starts
        for row in _not_helping(self._engine, self._contract):
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
        """Whether a container is the manager's: by label, by name, or, if it came during the sequence, by a service's port."""
        if self._contract.labels and carries(row.labels, self._contract.labels):
            return True
        if self._pattern and fits(self._pattern, row.name):
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
            detail, changes = self._engine.inspect(row.id), self._engine.changes(row.id)
            real = self._manager.service_of(evolve(row, ports=row.ports or detail.ports))
            service = self._model.get(real, real) if real is not None else None
            lost = self.volumes.look(row.id, service, detail.volumes)
        except NotFound:
            return None
        whose = service or "?"
        number = self._numbers[whose] = self._numbers.get(whose, 0) + 1
        return Container(
            id=row.id,
            alias=f"{whose}#{number}",
            name=row.name,
            state=row.state,
            service=service,
            ports=row.ports,
            restart_policy=detail.restart_policy,
            restart_count=detail.restart_count,
            born=self._born.get(row.id, 0),
            starts=self._starts.get(row.id, 0),
            changes=changes,
            lost=() if self.kills.struck else lost,
            differences=self._differences(service, without_ports(detail.form, row.ports or detail.ports)),
            settings=dict(self._settings(detail.form)),
        )

    def _settings(self, form: Form) -> Iterator[tuple[Setting, str | None]]:
        """What it was made with of the settings that an update changes, its port aside."""
        for setting, value in self._contract.updates.items():
            if setting is not Setting.PORT and not self.kills.struck:
                yield setting, form.get(part_of(setting, value)[0])

    def _differences(self, service: str | None, form: Form) -> tuple[Difference, ...]:
        """How it differs from the service's first container; what was made while the engine failed the manager is no measure."""
        if service is None or self.kills.struck:
            return ()
        first = self._forms.setdefault(service, form)
        return tuple(differences(first, form, self._contract.varying))

    def forget(self, service: str) -> None:
        """The service is made anew: what its containers were made from before does not count."""
        self._forms.pop(service, None)
        self.volumes.forget(service)

    # -- whether it answers -------------------------------------------------------------------------------------------

    def probe(self, look: Look, bound: Iterable[State]) -> Look:
        """The look, with the ports that matter in the states `bound`: of servers that must answer, or that must be gone."""
        asks: dict[int, str] = {}
        frees: list[int] = []
        for state in bound:
            for name, service in state.services.items():
                if service.port is None:
                    continue
                self._seen_ports[service.port] = None
                self.port_of[name] = service.port
                if service.server is SOUND:
                    asks[service.port] = self._contract.health_path
                elif service.server is NONE:
                    frees.append(service.port)
        ports = self._host.look(asks, tuple(dict.fromkeys(frees)))
        return Look(look.observation.with_ports(ports), look.listing)


_CHANGING = (
    "_views", "_born", "_starts", "_numbers", "_strangers", "_told", "_newcomers", "_events", "_seen_ports", "port_of",
    "kills", "_forms", "volumes",
)  # fmt: skip
"""The attributes that change step by step, and that `restore` has to put back."""
_LIST = List()


def _owner(views: Mapping[str, tuple[Row, Container]], manager: Manager, model: Mapping[str, str], event: Event) -> str:
    """The service that an event's container belongs to, as far as its labels or name tell: it may be gone. Empty: none."""
    if manager.contract.helped_by(event.name):
        return ""
    row = Row(id=event.container, name=event.name, state="", image="", labels=event.labels, ports=())
    _, seen = views.get(event.container, (None, None))
    service = seen.service if seen is not None else manager.service_of(row)
    return "" if service is None else model.get(service, service)


def _nobody(_: Event) -> str:
    """Where nobody asks whose container an event is of."""
    return ""


def _helping(engine: Engine, contract: Contract, strangers: Collection[str]) -> frozenset[Resource]:
    """The helpers that came during the sequence."""
    rows = engine.list() if contract.helpers else ()
    names = (row.name for row in rows if row.id not in strangers and contract.helped_by(row.name))
    return frozenset(Resource(ResourceKind.HELPER, name) for name in names)


def _not_helping(engine: Engine, contract: Contract) -> Iterable[Row]:
    """All containers but helpers."""
    rows = engine.list()
    return [row for row in rows if not contract.helped_by(row.name)] if contract.helpers else rows
