"""Outcomes: how an operation ended, as far as Churn could learn."""

from attrs import field, frozen

from churn.lifecycle.observation import Listed
from churn.lifecycle.operations.base import Operation
from churn.lifecycle.operations.together import Turn


@frozen
class Evidence:
    """A command, and what it printed. If `ran` is False, the command was not run: Churn learned the same in another way."""

    command: str
    output: str = ""
    ran: bool = True


@frozen
class Garbled:
    """What the manager printed in place of the answer that it promised, although it reported success.

    `promised` is that answer, and `printed` what came. Both are in words that are the same each time it happens; the text
    itself is in the evidence.
    """

    promised: str
    printed: str


@frozen
class Outcome:
    """How an operation ended. Times are seconds of the run's clock. `mark`: where, in the order of events, a start began."""

    began: float = 0.0
    ended: float = 0.0
    mark: int = 0
    evidence: Evidence = field(default=Evidence(""), repr=False)
    held: float = field(default=0.0, kw_only=True)
    """Seconds by which Churn let the engine's replies come later: the manager did not take those."""
    port: int | None = field(default=None, kw_only=True)
    """The port that an update asked for, None for other operations."""

    @property
    def took(self) -> float:
        """Seconds from beginning to end, without those that replies were held."""
        return max(0.0, self.ended - self.began - self.held)


@frozen
class Ok(Outcome):
    """It ended, and the manager reported success. `listed` is what a `list` or `status` told, None for other operations."""

    listed: tuple[Listed, ...] | None = None


@frozen
class Rejected(Outcome):
    """It ended, and the manager reported an error; that its own timeout had passed is one, too."""

    reason: str = ""


@frozen
class Unknown(Outcome):
    """Churn cut it off, or could not learn how it ended: nothing, part or all of it may have happened, or may yet.

    `overran`: it was still going on when the manager's own stated timeout, and the grace after it, had passed. `until`: from
    that time on no effect of it can come any more. `foreseen`: it ended so because Churn made the engine fail the manager, as
    a step of the sequence; the model has what may follow, so there is no doubt to report. `garbled`: it reported success, but
    its answer cannot be read.
    """

    reason: str = ""
    overran: bool = False
    until: float = 0.0
    foreseen: bool = False
    garbled: Garbled | None = None


@frozen
class Call:
    """One of several operations that overlapped: which client asked for it (from 0), and what came of it."""

    client: int
    operation: Operation
    outcome: Outcome


@frozen
class Points:
    """The calls of the engine, and of its own store, that a manager made for each of several clients, counted from 0."""

    made: tuple[int, ...] = ()
    """How many there were for each client; none where nobody counts."""
    changing: tuple[tuple[int, ...], ...] = ()
    """Those that change a container, for each client."""
    missed: tuple[Turn, ...] = ()
    """The turns that nobody took: the client made no such call, or the one that was to go on had ended."""


@frozen
class Overlapped(Ok):
    """All that several clients asked for at once has ended; how, `calls` tell, in the order in which they were asked for.

    `points` tell which calls the manager made for each client, as far as somebody counts them.
    """

    calls: tuple[Call, ...] = field(default=(), kw_only=True)
    points: Points = field(default=Points(), kw_only=True)
