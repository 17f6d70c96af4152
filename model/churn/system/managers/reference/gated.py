"""The reference manager's memory behind a gate: the manager may be ended at each call of it, as at a call of the engine."""

from collections.abc import Callable
from typing import TypeVar

from churn.lifecycle.form import Setting
from churn.system.faults.gate import Call, Gate, Lost
from churn.system.faults.interruption import STORE_CHANGE, STORE_READ, Cut
from churn.system.managers.reference.store import Record, Store

_T = TypeVar("_T")


class GatedStore(Store):
    """A `Store` in memory. Its calls count where an interruption is on; other faults do not concern them."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def add(self, record: Record) -> None:
        """As `Store.add`."""
        self._through(STORE_CHANGE, lambda: Store.add(self, record))

    def get(self, name: str) -> Record | None:
        """As `Store.get`."""
        return self._through(STORE_READ, lambda: Store.get(self, name))

    def mark(self, name: str, status: str, container: str | None) -> None:
        """As `Store.mark`."""
        self._through(STORE_CHANGE, lambda: Store.mark(self, name, status, container))

    def change(self, name: str, setting: Setting, value: str) -> None:
        """As `Store.change`."""
        self._through(STORE_CHANGE, lambda: Store.change(self, name, setting, value))

    def settings(self, name: str) -> dict[Setting, str]:
        """As `Store.settings`."""
        return self._through(STORE_READ, lambda: Store.settings(self, name))

    def move(self, name: str, port: int) -> None:
        """As `Store.move`."""
        self._through(STORE_CHANGE, lambda: Store.move(self, name, port))

    def drop(self, name: str) -> None:
        """As `Store.drop`."""
        self._through(STORE_CHANGE, lambda: Store.drop(self, name))

    def _through(self, verb: str, act: Callable[[], _T]) -> _T:
        if not self._gate.faults:
            return act()
        call = Call(verb)
        if self._gate.before(call) is Lost.CUT:
            raise Cut(verb)
        done = act()
        if self._gate.after(call) is Lost.CUT:
            raise Cut(verb)
        return done
