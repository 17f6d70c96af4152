"""What an emulated engine tells of what happens."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from attrs import define, field

REMEMBERED = 256
"""Events that the engine remembers, as a real one does; those who listen get all."""

Json = dict[str, Any]


@define(eq=False)
class Journal:
    """The engine's events, of all kinds, as its API tells them. `count` is how many there were in all."""

    count: int = 0
    remembered: deque[Json] = field(factory=lambda: deque(maxlen=REMEMBERED))

    def tell(self, kind: str, action: str, identity: str, attributes: Mapping[str, str], nanoseconds: int) -> None:
        """Write one down."""
        self.count += 1
        told: Json = {
            "Type": kind,
            "Action": action,
            "Actor": {"ID": identity, "Attributes": dict(attributes)},
            "scope": "local",
            "time": nanoseconds // 10**9,
            "timeNano": nanoseconds,
        }
        if kind in ("container", "image"):
            told = {"status": action, "id": identity, **told}
        if kind == "container":
            told["from"] = attributes.get("image", "")
        self.remembered.append(told)

    def has_more(self, place: int) -> bool:
        """Whether there are more than the first `place`."""
        return self.count > place

    def since(self, place: int) -> list[Json]:
        """Those after the first `place` events, as far as they are remembered."""
        fresh = min(self.count - place, len(self.remembered))
        return list(self.remembered)[len(self.remembered) - fresh :] if fresh else []
