"""What the pictures of a report show, as values: sequences step by step, and what was tried of the model."""

from attrs import define, frozen


@frozen
class Contained:
    """A container, as the engine showed it."""

    alias: str
    state: str
    ports: tuple[int, ...] = ()

    def __str__(self) -> str:
        ports = f", port {', '.join(map(str, self.ports))}" if self.ports else ""
        return f"{self.alias} {self.state}{ports}"


@frozen(kw_only=True)
class Standing:
    """How one service stood: what the manager said of it, beside what the engine showed."""

    service: str
    said: str
    """The manager's word, and the port that it told."""
    containers: tuple[Contained, ...]
    port: str
    """Its port, and who has it."""


@frozen(kw_only=True)
class Moment:
    """A step and what was seen after it. `standing` is None where nobody looked."""

    number: int
    operation: str
    service: str | None
    fault: bool
    hurried: bool
    ended: str
    """``ok``, ``refused``, ``unknown``, or nothing where it did not end."""
    answer: str
    told: str
    """What was done, in plain words."""
    verdict: str
    took: float
    command: str
    output: str
    standing: tuple[Standing, ...] | None
    wrong: tuple[str, ...] = ()


@frozen(kw_only=True)
class Scene:
    """A sequence, to be drawn. `cut` steps before its first moment are left out."""

    title: str
    services: tuple[str, ...]
    moments: tuple[Moment, ...]
    cut: int = 0
    place: int = 0
    """The number of the bug that it shows, 0 for none."""


@define
class Cell:
    """One condition and one operation: in how many states of the whole it can be done, in how many it was, and how it went."""

    enabled: int = 0
    done: int = 0
    times: int = 0
    failed: int = 0

    @property
    def word(self) -> str:
        """What became of it, in a word."""
        if self.failed:
            return "failed"
        if not self.enabled:
            return "impossible"
        return "tried" if self.done >= self.enabled else "partly" if self.done else "untried"


@frozen(kw_only=True)
class Heat:
    """The map for one thing that the other services were doing. `cells` are by row and column."""

    facet: str
    rows: tuple[str, ...]
    told: tuple[str, ...]
    """The rows in plain words."""
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]


@frozen(kw_only=True)
class Way:
    """From one condition of a service to another: by which operations the model expects that, and which of them were done."""

    start: str
    end: str
    walked: tuple[str, ...]
    untried: tuple[str, ...]
    failed: bool


@frozen(kw_only=True)
class Graph:
    """The conditions of a service, with how often an operation was done in each, and the ways between them."""

    nodes: tuple[tuple[str, str, int], ...]
    ways: tuple[Way, ...]
