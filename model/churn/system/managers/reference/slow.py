"""The reference manager as a slow one: its operations take the seconds of one whose servers load a model."""

from collections.abc import Mapping
from typing import Any

from churn.lifecycle.outcome import Outcome
from churn.system.managers.reference.embedded import Embedded

SECONDS: Mapping[str, float] = {
    "start": 7.0,
    "stop": 3.0,
    "list": 0.3,
    "status": 0.3,
    "create": 0.3,
    "restart": 10.0,
    "remove": 3.0,
    "update": 0.3,
    "#": 5.0,
}
"""By the first word of the evidence; the manager's own restart has none."""
RESET = 5.0
"""Seconds that a reset of such a system takes."""


class Slow(Embedded):
    """Operations take as long as they would on a slow manager, at least."""

    def _call(self, words: str, *act: Any) -> Outcome:
        clock = self.manager.clock
        due = clock.now() + SECONDS[words.partition(" ")[0]]
        try:
            return super()._call(words, *act)
        finally:
            clock.sleep(due - clock.now())
