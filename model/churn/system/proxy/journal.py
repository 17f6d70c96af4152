"""What was asked through the proxy, and which containers came of it."""

import json
from collections import deque
from contextlib import suppress

from attrs import define, evolve

KEPT = 4096
"""How many requests are remembered: the newest."""


@define
class Access:
    """A request: its method and target (path and query), and the status of the reply; 0 for as long as there is none.

    It is the engine's own status, also where a fault loses the reply on its way.
    """

    method: str
    path: str
    status: int = 0


class AccessJournal:
    """Written by the proxy's thread, read by any."""

    def __init__(self, kept: int = KEPT) -> None:
        self._accesses: deque[Access] = deque(maxlen=kept)
        self._created: dict[str, None] = {}

    def asked(self, method: str, path: str) -> Access:
        """Write down a request; its status is filled in when it comes."""
        access = Access(method, path)
        self._accesses.append(access)
        return access

    def created(self, body: bytes) -> None:
        """Write down the container that the reply to its creation tells."""
        with suppress(ValueError, TypeError, KeyError):
            self._created[str(json.loads(body)["Id"])] = None

    def accesses(self) -> tuple[Access, ...]:
        """The requests, as they came; of very many the newest."""
        return tuple(evolve(access) for access in self._accesses.copy())

    def containers(self) -> tuple[str, ...]:
        """The ids of the containers that were created, as they came."""
        return tuple(self._created.copy())
