"""The condition of a service: how it stands, in one word and two marks, without ids, ports and history.

Churn plans by conditions, counts by them what it has covered, and names failures by them. A report writes a condition as a
word (``created``), then ``!`` if a server that the service starts cannot live, then ``+held`` if somebody else holds its port.
"""

from enum import Enum
from typing import NamedTuple


class Behaviour(Enum):
    """How the server in a service's container behaves. The value is the word in its behaviour file."""

    HEALTHY = "healthy"
    """It serves, and ends when it is told to."""
    SLOW = "slow"
    """It takes long until it answers."""
    LATE = "late"
    """It answers when most of the time has passed that the manager gives it."""
    CRASH = "crash"
    """It ends in error as soon as it runs."""
    UNHEALTHY = "unhealthy"
    """It answers that it is not healthy."""
    HANG = "hang"
    """It accepts connections, and never answers."""
    IGNORE_SIGTERM = "ignore-sigterm"
    """It serves, and only SIGKILL ends it."""

    @property
    def deadly(self) -> bool:
        """Whether a server like this can never become, or stay, healthy."""
        return self in (Behaviour.CRASH, Behaviour.UNHEALTHY, Behaviour.HANG)


class Server(Enum):
    """The server of a service's present container, as far as the model knows."""

    NONE = "none"
    """There is no such server: the service does not run."""
    SOUND = "sound"
    """It runs and must answer."""
    ILL = "ill"
    """It runs under a fault: it need not answer, and may end at any moment."""
    DEAD = "dead"
    """It ended by itself: its container has exited, or is gone."""


NONE, SOUND, ILL, DEAD = Server
"""The members by short names, for code that looks at all services at each step: to find a member through its class takes
Python 3.11 five times as long."""


class Condition(NamedTuple):
    """A service's condition. `doomed`: a server that it starts can not live; `held`: a stranger holds its port.

    A service is doomed while its servers are told to crash, to hang or to be unhealthy, whether one runs now or not.
    (`Server.ILL` is another thing: a server that runs now under such a fault.)

    A tuple, not an attrs class: conditions are hashed at each step of a plan, and a tuple's hash is C.
    """

    word: str
    doomed: bool = False
    held: bool = False

    @classmethod
    def of(cls, text: "str | Condition") -> "Condition":
        """The condition that a file or a report writes as `text`."""
        if isinstance(text, Condition):
            return text
        word, *marks = text.replace("!", "+!").split("+")
        return cls(word, "!" in marks, "held" in marks)

    @property
    def faulted(self) -> bool:
        """Whether the service is under a fault that lasts."""
        return self.doomed or self.held

    def __str__(self) -> str:
        return f"{self.word}{'!' if self.doomed else ''}{'+held' if self.held else ''}"


ABSENT = Condition("absent")
"""The condition of a service that the manager does not know."""
UNSETTLED = Condition("unsettled")
"""The condition of a service on which an operation ended unknown."""
ANY = Condition("any")
"""Stands for the condition where an operation acts on no service."""

Abstract = tuple[Condition, ...]
"""A state without ids and history: the condition of each service, in the order of their names."""


def spelled(conditions: Abstract) -> str:
    """Conditions as one line of words."""
    return " ".join(map(str, conditions))
