"""The condition of a service: what is told apart of it without ids, ports and history.

Planning, coverage and signatures go by it. A report writes it as a word, ``created``, with ``!`` where the service's server
cannot live and ``+held`` where somebody else holds its port.
"""

from enum import Enum
from typing import NamedTuple


class Behaviour(Enum):
    """How the server in a service's container behaves. The value is the word in its behaviour file."""

    HEALTHY = "healthy"
    SLOW = "slow"
    CRASH = "crash"
    UNHEALTHY = "unhealthy"
    HANG = "hang"
    IGNORE_SIGTERM = "ignore-sigterm"

    @property
    def deadly(self) -> bool:
        """Whether a server like this can never become, or stay, healthy."""
        return self in (Behaviour.CRASH, Behaviour.UNHEALTHY, Behaviour.HANG)


class Server(Enum):
    """The server of a service's present container, as far as the model knows."""

    NONE = "none"
    SOUND = "sound"
    """It runs and must answer."""
    ILL = "ill"
    """It runs under a fault: it need not answer, and may end at any moment."""
    DEAD = "dead"
    """It ended by itself: its container has exited, or is gone."""


NONE, SOUND, ILL, DEAD = Server
"""For what runs over all services at each step: Python 3.11 finds a member in its class five times more slowly than this."""


class Condition(NamedTuple):
    """A service's condition. `ill`: its server cannot live; `held`: a stranger holds its port.

    A tuple, not an attrs class: conditions are hashed at each step of a plan, and a tuple's hash is C.
    """

    word: str
    ill: bool = False
    held: bool = False

    @classmethod
    def of(cls, text: "str | Condition") -> "Condition":
        """The condition that a file or report writes so."""
        if isinstance(text, Condition):
            return text
        word, *marks = text.replace("!", "+!").split("+")
        return cls(word, "!" in marks, "held" in marks)

    @property
    def faulted(self) -> bool:
        """Whether the service is under a fault that lasts."""
        return self.ill or self.held

    def __str__(self) -> str:
        return f"{self.word}{'!' if self.ill else ''}{'+held' if self.held else ''}"


ABSENT = Condition("absent")
"""Of a service that the manager does not know."""
ANY = Condition("any")
"""Of no service in particular: where an operation acts on none."""

Abstract = tuple[Condition, ...]
"""A state without ids and history: the condition of each service, in the order of their names."""


def spelled(conditions: Abstract) -> str:
    """Conditions as one line of words."""
    return " ".join(map(str, conditions))
