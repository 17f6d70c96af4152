"""The reference manager's memory: one SQLite table of services."""

import sqlite3
from math import isinf
from typing import Any

from attrs import frozen

from churn.errors import UsageError
from churn.lifecycle.form import Setting
from churn.system.managers.reference.locks import Locks
from churn.system.rewinding import Numbers

_TABLE = """
CREATE TABLE IF NOT EXISTS services (
    place INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    port INTEGER NOT NULL,
    folder TEXT NOT NULL,
    status TEXT NOT NULL,
    container TEXT
)"""
_SETTINGS = """
CREATE TABLE IF NOT EXISTS settings (
    name TEXT NOT NULL,
    setting TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name, setting)
)"""


StoreBroken = sqlite3.DatabaseError
"""What the file may raise at any call: it is no database, broken, full, locked, of another shape."""


@frozen
class Record:
    """A service: its port for life, its server's folder, the status and container that the last operation left."""

    name: str
    port: int
    folder: str
    status: str
    container: str | None


_MEMORY = ":memory:"


class Store:
    """Services in the SQLite file at `path`, or in memory. Each change is durable when its method returns.

    `db` is the connection, for whoever keeps more than services in the same file. Raises `UsageError` for a file that cannot be
    used; its methods raise `StoreBroken` where only later that shows.
    """

    def __init__(self, path: str = _MEMORY) -> None:
        self.path = path
        self.locks = Locks("" if path == _MEMORY else f"{path}-locks")
        try:
            self.db = self._opened()
        except StoreBroken as error:
            raise UsageError(
                f"--db {path}: expected an SQLite file of the reference manager's, or none yet, but: {error}; name another"
            ) from error
        self._rows: list[tuple[str, int, str, str, str | None]] = []
        self._read_at: tuple[int, ...] = ()

    def _opened(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None)
        try:
            for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", _TABLE, _SETTINGS):
                db.execute(statement)
        except StoreBroken:
            db.close()
            raise
        return db

    def add(self, record: Record) -> None:
        """Keep a new service. Raises `sqlite3.IntegrityError` where the name is taken."""
        self.db.execute(
            "INSERT INTO services (name, port, folder, status, container) VALUES (?, ?, ?, ?, ?)",
            (record.name, record.port, record.folder, record.status, record.container),
        )

    def get(self, name: str) -> Record | None:
        """The service of that name, None where there is none."""
        row = self.db.execute(f"{_SELECT} WHERE name = ?", (name,)).fetchone()
        return None if row is None else Record(*row)

    def all(self) -> list[Record]:
        """All services, oldest first."""
        return [Record(*row) for row in self.rows()]

    def rows(self) -> list[tuple[str, int, str, str, str | None]]:
        """All services, oldest first, as bare rows in the order of `Record`'s fields.

        Read anew only after a change, by this connection or by another.
        """
        state = (self.db.total_changes, *self.db.execute("PRAGMA data_version").fetchone())
        if state != self._read_at:
            self._rows, self._read_at = self.db.execute(f"{_SELECT} ORDER BY place").fetchall(), state
        return self._rows

    def mark(self, name: str, status: str, container: str | None) -> None:
        """What an operation left of a service."""
        self.db.execute("UPDATE services SET status = ?, container = ? WHERE name = ?", (status, container, name))

    def change(self, name: str, setting: Setting, value: str) -> None:
        """Keep a setting of a service that it was not created with."""
        self.db.execute("REPLACE INTO settings (name, setting, value) VALUES (?, ?, ?)", (name, setting.value, value))

    def settings(self, name: str) -> dict[Setting, str]:
        """The settings of a service that it was not created with."""
        rows = self.db.execute("SELECT setting, value FROM settings WHERE name = ?", (name,))
        return {Setting(setting): value for setting, value in rows}

    def move(self, name: str, port: int) -> None:
        """Give a service another port."""
        self.db.execute("UPDATE services SET port = ? WHERE name = ?", (port, name))

    def drop(self, name: str) -> None:
        """Forget a service."""
        self.db.execute("DELETE FROM settings WHERE name = ?", (name,))
        self.db.execute("DELETE FROM services WHERE name = ?", (name,))

    def clear(self) -> None:
        """Forget all services, and whatever else is kept in the same file."""
        for table in self._tables():
            self.db.execute(f'DELETE FROM "{table}"')  # noqa: S608 -- names from SQLite's own list, quoted

    def snapshot(self) -> dict[str, list[Any]]:
        """As `Rewindable.snapshot`: the rows of each table."""
        return {name: self.db.execute(f'SELECT * FROM "{name}"').fetchall() for name in self._tables()}  # noqa: S608 -- see clear

    def restore(self, snapshot: dict[str, list[Any]]) -> None:
        """As `Rewindable.restore`. Tables that are new since then are left empty."""
        self.clear()
        for name, rows in snapshot.items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                self.db.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)  # noqa: S608 -- see clear

    def key(self, numbers: Numbers) -> object:
        """As `Keyed.key`. What else is kept in the same file counts as it is, but for moments and ports: names say so."""
        rows = [(name, numbers(port), status, numbers(container)) for name, port, _, status, container in self.rows()]
        others = "tallies" in self._tables()
        notes = self.db.execute("SELECT name, value FROM tallies ORDER BY name").fetchall() if others else []
        changed = self.db.execute("SELECT name, setting, value FROM settings ORDER BY name, setting").fetchall()
        settings = [(*key, numbers(int(value)) if value.isdigit() else value) for *key, value in changed]
        return tuple(rows), tuple([(name, _plainly(name, value, numbers)) for name, value in notes]), tuple(settings)

    def _tables(self) -> list[str]:
        return [name for (name,) in self.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]

    def close(self) -> None:
        """Let go of the file, and of all locks."""
        self.locks.close()
        self.db.close()


MOMENT, PORT = "moment of ", "port of "
"""How the names of notes begin whose values are moments of the clock, or ports."""
_LONG_AGO = 10.0
"""Seconds after which it makes no difference when something was."""


def _plainly(name: str, value: float, numbers: Numbers) -> float:
    if name.startswith(MOMENT):
        return value if isinf(value) else numbers.since(value, _LONG_AGO)
    return numbers(int(value)) if name.startswith(PORT) and value else value


_SELECT = "SELECT name, port, folder, status, container FROM services"
