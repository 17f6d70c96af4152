"""What a store of failures is, and by what failures are told apart."""

import hashlib
import json
from typing import Protocol

from churn.reproducers.file import Reproducer, as_data


class Store(Protocol):
    """Where failures are kept. Several campaigns may use one at the same time."""

    def load(self) -> list[Reproducer]:
        """All that is kept. Raises `EnvironmentFault` where the store does not answer, `UsageError` for what cannot be read."""

    def add(self, found: Reproducer) -> str:
        """Keep one more, once. Where the store does not answer, it is kept later: nothing is lost as long as this lives.

        Gives in words why that is so, where it was not so before; else nothing.
        """

    def close(self) -> str:
        """Keep what could not be kept before; what is lost then, in words, or nothing."""


def key_of(found: Reproducer) -> str:
    """What is the same for the same failure of the same manager."""
    data = as_data(found)
    same = {part: data[part] for part in ("invariant", "operation", "condition", "services", "naming", "manager")}
    steps = [{key: value for key, value in step.items() if key != "state"} for step in data["steps"]]
    text = json.dumps({**same, "steps": steps}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
