"""The reference manager's locks: one for each service, and one for the ports of all.

They belong to whoever holds them: a program that is killed lets go of its locks by ending. So none can outlive its owner.
"""

import fcntl
import os
from zlib import crc32

from churn.errors import UsageError

PORTS = ""
"""The lock under which ports are chosen. No service is called so."""


class Locks:
    """Locks by name. Those at a `path` hold between programs, others between the managers that share this value."""

    def __init__(self, path: str = "") -> None:
        self._path = path
        self._held: set[str] = set()
        self._file: int | None = None

    def take(self, name: str) -> bool:
        """Take it, if it is free; whether it was."""
        if name in self._held:
            return False
        if self._path and not self._lock(name):
            return False
        self._held.add(name)
        return True

    def free(self, name: str) -> None:
        """Let go of it."""
        self._held.discard(name)
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, crc32(name.encode()))

    def _lock(self, name: str) -> bool:
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, crc32(name.encode()))
        except BlockingIOError:
            return False
        except OSError as error:
            raise UsageError(
                f"{self._path}: expected a file to hold locks in, but: {error.strerror}; name another --db"
            ) from error
        return True

    def close(self) -> None:
        """Let go of all, and of the file."""
        self._held.clear()
        if self._file is not None:
            os.close(self._file)
            self._file = None
