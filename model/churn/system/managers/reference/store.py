"""The reference manager's memory: one SQLite table of services."""

import sqlite3

from attrs import frozen

_TABLE = """
CREATE TABLE IF NOT EXISTS services (
    place INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    port INTEGER NOT NULL,
    folder TEXT NOT NULL,
    status TEXT NOT NULL,
    container TEXT
)"""


@frozen
class Record:
    """A service: its port for life, its server's folder, the status and container that the last operation left."""

    name: str
    port: int
    folder: str
    status: str
    container: str | None


class Store:
    """Services in the SQLite file at `path`, or in memory. Each change is durable when its method returns.

    `db` is the connection, for whoever keeps more than services in the same file.
    """

    def __init__(self, path: str = ":memory:") -> None:
        self.path = path
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=NORMAL")
        self.db.execute(_TABLE)
        self._rows: list[tuple[str, int, str, str, str | None]] = []
        self._read_at: tuple[int, ...] = ()

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

    def clear(self) -> None:
        """Forget all services, and whatever else is kept in the same file."""
        tables = self.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            self.db.execute(f'DELETE FROM "{table}"')  # noqa: S608 -- names from SQLite's own list, quoted

    def close(self) -> None:
        """Let go of the file."""
        self.db.close()


_SELECT = "SELECT name, port, folder, status, container FROM services"
