"""Kills: which containers' servers got SIGKILL, whether they were asked to end before that, and whether a stop did it."""

from attrs import define, field, frozen

from churn.lifecycle.observation import Event
from churn.lifecycle.operations import Operation, Restart, Start, Stop
from churn.lifecycle.outcome import Ok, Outcome, Unknown

_KILL = "9"


@frozen
class Kill:
    """A container that got SIGKILL, `grace` seconds after it was asked to end by another signal; None if it was not asked."""

    container: str
    grace: float | None


@define(eq=False, kw_only=True)
class Kills:
    """What is remembered of signals in one sequence. Its values are replaced, never changed: a shallow copy is a snapshot."""

    hits: tuple[Kill, ...] = ()
    """Since the last step that was looked at."""
    _asked: dict[str, float] = field(factory=dict)
    """When each container was first asked to end."""
    _excused: frozenset[str | None] = frozenset()
    """Services that something else than a stop may have ended since the last step that was looked at; None: all."""
    _uncertain: frozenset[str | None] = frozenset()
    """Services on which an operation ended unknown: it may still end their servers."""
    _forgiven: frozenset[str] = frozenset()
    """Containers that Churn itself has cleared away."""
    _looked: bool = False

    def hear(self, operation: Operation, outcome: Outcome, *, struck: bool) -> None:
        """An operation has ended. `struck`: the engine failed the manager meanwhile, so that it had to help itself."""
        if not (operation.changes_containers or operation.fault):
            return
        if self._looked:
            self._looked, self._excused = False, frozenset()
        if struck or not isinstance(operation, Stop | Restart):
            self._excused |= {None if struck else operation.service}
        if isinstance(outcome, Unknown):
            self._uncertain |= {operation.service}
        elif isinstance(operation, Start | Restart) and isinstance(outcome, Ok):
            self._uncertain -= {operation.service}

    def forgive(self, containers: frozenset[str]) -> None:
        """Churn clears these containers away: their end is not the manager's doing."""
        self._forgiven |= containers

    def look(self, *, anew: bool) -> None:
        """Somebody looks now. `anew`: for the first time after a step."""
        self._looked = True
        if anew:
            self.hits = ()

    def read(self, event: Event) -> None:
        """The engine tells of a signal, or of a start."""
        container = event.container
        if event.action == "start":
            if container in self._asked:
                self._asked = {one: when for one, when in self._asked.items() if one != container}
        elif event.signal == _KILL:
            since = self._asked.get(container)
            if container not in self._forgiven and all(one.container != container for one in self.hits):
                self.hits += (Kill(container, None if since is None else event.at - since),)
        elif event.signal and container not in self._asked:
            self._asked = {**self._asked, container: event.at}

    @property
    def struck(self) -> bool:
        """Whether the engine failed, or may have failed, the manager since the last step that was looked at."""
        return None in self._excused

    def excuses(self, service: str) -> bool:
        """Whether something else than a stop may have killed that service's server."""
        return not self._excused.isdisjoint((None, service)) or service in self._uncertain
