"""Failures that are kept from one campaign to the next, with who found them: in a folder, or in Redis."""

import hashlib
import json
from pathlib import Path
from typing import Protocol

from churn.reproducers.file import Reproducer, as_data


class Store(Protocol):
    """Where failures are kept. Several campaigns may use one at the same time."""

    def load(self) -> list[Reproducer]:
        """All that is kept. Raises `EnvironmentFault` where the store does not answer, `UsageError` for what cannot be read."""

    def add(self, found: Reproducer) -> None:
        """Keep one more, once. Where the store does not answer, it is kept later: nothing is lost as long as this lives."""

    def close(self) -> str:
        """Keep what could not be kept before; what is lost then, in words, or nothing."""


def key_of(found: Reproducer) -> str:
    """What is the same for the same failure of the same manager."""
    data = as_data(found)
    same = {part: data[part] for part in ("invariant", "operation", "condition", "services", "naming", "manager")}
    steps = [{key: value for key, value in step.items() if key != "state"} for step in data["steps"]]
    text = json.dumps({**same, "steps": steps}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def opened(where: str) -> Store:
    """The store at that place: ``redis://HOST:PORT``, or a folder. Raises `UsageError`, `EnvironmentFault`."""
    if where.startswith(("redis://", "rediss://", "unix://")):
        from churn.farm.store.redis import RedisStore  # only who has one needs the package

        return RedisStore(where)
    from churn.farm.store.folder import FolderStore

    return FolderStore(Path(where))
