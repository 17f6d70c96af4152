"""The reference manager in this process, as a `Manager`: the default on the emulated engine."""

from collections.abc import Callable

from churn.errors import EngineError
from churn.lifecycle.contract import Contract
from churn.lifecycle.form import Setting
from churn.lifecycle.observation import Listed
from churn.lifecycle.outcome import Evidence, Ok, Outcome, Rejected, Unknown
from churn.system.faults.interruption import Cut
from churn.system.managers.answers import as_evidence, unreadable
from churn.system.managers.reference.answer import PrintedInstead, Row, Rows, UnreadableAnswer, read
from churn.system.managers.reference.contract import CONTRACT, contract_for, with_daemon
from churn.system.managers.reference.manager import SERVICE, ReferenceManager, ServiceError
from churn.system.managers.reference.store import StoreBroken
from churn.system.protocols import ListedContainer as Container
from churn.system.rewinding import Numbers


class Embedded:
    """Drives a `ReferenceManager` by plain calls. `shown` is how its program would be called in evidence."""

    name = "reference"
    marker = ""

    def __init__(self, manager: ReferenceManager, shown: str = "churn reference --db PATH") -> None:
        self.manager = manager
        self.contract: Contract = with_daemon(contract_for(manager.settings, manager.promises))
        self._shown = shown
        self._entries: dict[Row, Listed] = {}

    def snapshot(self) -> dict[str, Rows]:
        """As `Rewindable.snapshot`."""
        return self.manager.store.snapshot()

    def restore(self, snapshot: dict[str, Rows]) -> None:
        """As `Rewindable.restore`."""
        self.manager.store.restore(snapshot)

    def key(self, numbers: Numbers) -> object:
        """As `Keyed.key`."""
        return self.manager.store.key(numbers)

    def create(self, service: str, folder: str) -> Outcome:
        """As `Manager.create`."""
        return self._call(f"create {service}", lambda: self.manager.create(service, folder))

    def start(self, service: str) -> Outcome:
        """As `Manager.start`."""
        return self._call(f"start {service}", lambda: self.manager.start(service))

    def stop(self, service: str) -> Outcome:
        """As `Manager.stop`."""
        return self._call(f"stop {service}", lambda: self.manager.stop(service))

    def remove(self, service: str) -> Outcome:
        """As `Manager.remove`."""
        return self._call(f"remove {service}", lambda: self.manager.remove(service))

    def restart(self, service: str) -> Outcome:
        """As `Manager.restart`."""
        return self._call(f"restart {service}", lambda: self.manager.restart(service))

    def update(self, service: str, setting: Setting, value: str) -> Outcome:
        """As `Manager.update`."""
        words = f"update {service} {setting.value} {value}"
        return self._call(words, lambda: self.manager.update(service, setting, value))

    def list(self) -> Outcome:
        """As `Manager.list`."""
        return self._call("list", None, self.manager.list)

    def status(self, service: str) -> Outcome:
        """As `Manager.status`."""
        return self._call(f"status {service}", None, lambda: [self.manager.status(service)])

    def restart_daemon(self) -> Outcome:
        """As `Manager.restart_daemon`: another manager takes its place, over the same store."""
        self._replace()
        return self._call("# is started anew", self.manager.wake)

    def _replace(self) -> None:
        old = self.manager
        self.manager = type(old)(old.store, old.engine, old.host, old.clock, old.settings)

    def service_of(self, container: Container) -> str | None:
        """As `Manager.service_of`: the reference labels its containers with the service's name."""
        return container.labels.get(SERVICE)

    def reset(self) -> None:
        """As `Manager.reset`."""
        self.manager.store.clear()

    def _call(self, words: str, act: Callable[[], object] | None, look: Callable[[], Rows] | None = None) -> Outcome:
        clock = self.manager.clock
        began = clock.now()
        listed = None
        try:
            if act is not None:
                act()
            if look is not None:
                listed = self._listed(look())
        except Cut:
            self._replace()  # what was ended is another one when it is asked again
            evidence = Evidence(f"{self._shown} {words}", "Killed", ran=False)
            return Unknown(began, clock.now(), 0, evidence, "it was ended by SIGKILL", until=clock.now())
        except (ServiceError, EngineError, StoreBroken) as error:
            evidence = Evidence(f"{self._shown} {words}", f"Error: {error}", ran=False)
            return Rejected(began, clock.now(), 0, evidence, str(error))
        except PrintedInstead as printed:
            return self._read(printed.text, f"{self._shown} {words}", began)
        return Ok(began, clock.now(), 0, Evidence(f"{self._shown} {words}", "", ran=False), listed)

    def _read(self, text: str, command: str, began: float) -> Outcome:
        """What its program would have ended with, had it printed that."""
        ended, evidence = self.manager.clock.now(), Evidence(command, as_evidence(text.encode()), ran=False)
        try:
            return Ok(began, ended, 0, evidence, self._listed(read(text)))
        except UnreadableAnswer as error:
            return unreadable(evidence, began, ended, error.garbled, str(error))

    def _listed(self, rows: Rows) -> tuple[Listed, ...]:
        # One value a row for ever: most rows are the same at every step, and making values is what a look costs.
        entries = self._entries
        return tuple([entries.get(row) or self._entry(row) for row in rows])

    def _entry(self, row: Row) -> Listed:
        name, word, port = row
        entry = self._entries[row] = Listed(name, word, CONTRACT.spelled(word), port)
        return entry
