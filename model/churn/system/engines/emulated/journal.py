"""What an emulated engine tells of what happens."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from attrs import define, field

from churn.lifecycle.observation import Event
from churn.system.engines.emulated.agenda import Calendar
from churn.system.engines.emulated.container import EmulatedContainer

REMEMBERED = 256
"""Events that the engine remembers, as a real one does; those who listen get all."""

Json = dict[str, Any]


@define(eq=False)
class EventLog:
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


class Journal:
    """What is told of what happens: of containers to whoever calls the engine directly, of everything to its API's clients."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self.events: list[Event] = []
        """Container events in order; their marks are counted from 1."""
        self.log: EventLog | None = None
        """What the API's clients are told of; nobody is told where there is none."""

    def tell(self, container: EmulatedContainer, action: str, **attributes: str) -> None:
        """Tell everybody of an event of a container."""
        event = Event(
            mark=len(self.events) + 1,
            container=container.id,
            action=action,
            signal=attributes.get("signal", ""),
            at=self._calendar.clock.now(),
            name=container.name,
            labels=container.spec.labels,
        )
        self.events.append(event)
        self.say(container, action, **attributes)

    def say(self, container: EmulatedContainer, action: str, **attributes: str) -> None:
        """Tell the API's clients something of a container."""
        if self.log is not None:
            told = {"image": container.spec.image, "name": container.name, **container.spec.labels, **attributes}
            self.log.tell("container", action, container.id, told, self._calendar.nanoseconds())

    def note(self, kind: str, action: str, identity: str, **attributes: str) -> None:
        """Tell the API's clients something of an image, a network or a volume."""
        if self.log is not None:
            self.log.tell(kind, action, identity, attributes, self._calendar.nanoseconds())
