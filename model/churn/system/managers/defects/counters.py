"""What defects remember from one operation to the next, in the manager's own store: it outlives a process."""

from churn.system.managers.reference.store import Store

_TABLE = "CREATE TABLE IF NOT EXISTS tallies (name TEXT PRIMARY KEY, value REAL NOT NULL)"


def count(store: Store, name: str) -> int:
    """One more of that name; how many it makes."""
    return int(keep(store, name, recall(store, name, 0.0) + 1))


def keep(store: Store, name: str, value: float) -> float:
    """Remember a number; gives it back."""
    store.db.execute(_TABLE)
    store.db.execute("INSERT OR REPLACE INTO tallies VALUES (?, ?)", (name, value))
    return value


def recall(store: Store, name: str, otherwise: float) -> float:
    """The number of that name, or `otherwise`."""
    store.db.execute(_TABLE)
    row = store.db.execute("SELECT value FROM tallies WHERE name = ?", (name,)).fetchone()
    return otherwise if row is None else float(row[0])
