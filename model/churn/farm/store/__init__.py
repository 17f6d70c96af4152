"""Failures that are kept from one campaign to the next, with who found them: in a folder, or in Redis."""

from pathlib import Path

from churn.farm.store.base import Store
from churn.farm.store.folder import FolderStore
from churn.farm.store.redis import RedisStore

__all__ = ["Store", "opened"]


def opened(where: str) -> Store:
    """The store at that place: ``redis://HOST:PORT``, or a folder. Raises `UsageError`, `EnvironmentFault`."""
    if where.startswith(("redis://", "rediss://", "unix://")):
        return RedisStore(where)
    return FolderStore(Path(where))
