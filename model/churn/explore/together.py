"""Two clients at once, exhaustively: each pair of operations, from each state, by every schedule of up to two turns."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product

from attrs import define, field, frozen

from churn.lifecycle.operations import Create, Kill, List, Operation, Start, Step, Stop, Together, Turn
from churn.lifecycle.operations.together import EXHAUSTIVE
from churn.lifecycle.outcome import Overlapped, Points
from churn.lifecycle.sequence import Sequence as Steps
from churn.session.failing import Failing
from churn.session.session import Session

CLASHES = "two clients at once"
_CHANGES = 3
"""Calls of a client that change something before which the other one is let go on; more of them do much the same."""
Turns = tuple[Turn, ...]
NAME = "a"
_UP = (Create(NAME), Start(NAME))
_BEFORE: Sequence[tuple[Operation, ...]] = ((), (Create(NAME),), _UP, (*_UP, Stop(NAME)), (*_UP, Kill(NAME)))
"""What leads to the states of the service: not there, created, running, stopped, dead."""


@frozen(kw_only=True, cache_hash=True)
class Clash:
    """Two operations at once, and what leads to the state in which they are asked for."""

    before: tuple[Operation, ...]
    block: Together

    @property
    def swapped(self) -> "Clash":
        """The same with the clients the other way about."""
        return Clash(before=self.before, block=Together(self.block.lanes[::-1]))

    def __str__(self) -> str:
        return f"{self.block}, after {', '.join(map(str, self.before)) or 'nothing'}"


@frozen(kw_only=True)
class Tried:
    """What came of one clash: how many schedules were run, and how many of them failed."""

    clash: Clash
    schedules: int
    failures: int


def _clash(before: tuple[Operation, ...], first: Operation, second: Operation) -> Clash:
    return Clash(before=before, block=Together(((first,), (second,))))


_MADE, _BOTH_UP = (Create(NAME),), (*_UP, Create("b"), Start("b"))
_BESIDE = (
    _clash(_MADE, Create("b"), Create("c")),
    _clash((*_MADE, Create("b")), Start(NAME), Start("b")),
    _clash(_BOTH_UP, Stop(NAME), Start("b")),
    _clash(_BOTH_UP, Stop(NAME), Stop("b")),
)
"""Operations on two services, which share what all services share."""
_LIKELIEST = (
    _clash(_MADE, Start(NAME), Start(NAME)),
    _clash(_MADE, Start(NAME), Stop(NAME)),
    *_BESIDE[:2],
    _clash((), Create(NAME), Create(NAME)),
    _clash(_UP, Stop(NAME), List()),
    _clash(_UP, Start(NAME), Stop(NAME)),
    _clash(_UP, Stop(NAME), Stop(NAME)),
    _clash(_MADE, Start(NAME), List()),
)


def clashes(possible: frozenset[str]) -> Iterator[Clash]:
    """The ten pairs of a create, a start, a stop and a list, in each state of the service; and some on two services.

    Those that the contract has as `possible`; none where it does not say that several clients may ask at once.
    """
    for (one, other), before in product(EXHAUSTIVE, _BEFORE):
        first, second = (next(iter(kind.each((NAME,)))) for kind in (one, other))
        yield from _offered((_clash(before, first, second),), possible)
    yield from _offered(_BESIDE, possible)


def likeliest(possible: frozenset[str]) -> list[Clash]:
    """Those that most often show something, where a schedule can not be said and each costs a start or two."""
    return list(_offered(_LIKELIEST, possible))


def _offered(some: Iterable[Clash], possible: frozenset[str]) -> Iterator[Clash]:
    """Those of which the contract offers all that the manager is asked for."""
    for clash in some:
        if {one.kind for one in (*clash.before, clash.block, *clash.block.operations) if one.manager} <= possible:
            yield clash


@define
class Clashes:
    """Runs clashes in a session."""

    session: Session
    failed: Callable[[Failing], object]
    """Told of each schedule that fails."""
    failures: int = field(init=False, default=0)
    """Schedules that failed so far."""

    def run(self, clash: Clash, most_turns: int = 2) -> Tried:
        """All schedules of up to so many turns. Raises `BudgetSpent`, `EnvironmentFault`."""
        before = self.failures
        last: list[tuple[Turns, tuple[int, ...]]] = [((), self._ran(clash, ()).made)]
        seen = {frozenset[Turn]()}
        for _ in range(most_turns):
            further = [one for turns, points in last for one in longer(turns, points)]
            last = []
            for turns in further:
                if frozenset(turns) not in seen:
                    seen.add(frozenset(turns))
                    last.append((turns, self._ran(clash, turns).made))
        return Tried(clash=clash, schedules=len(seen), failures=self.failures - before)

    def likeliest(self, clash: Clash) -> None:
        """Without a turn; then with the second client going on before a call of the first that changes something; and the
        other way about. For programs, of which each schedule costs a start or two. Raises as `run`.
        """
        for one in dict.fromkeys((clash, clash.swapped)):
            seen = self._ran(one, ())
            changing = seen.changing[0][:_CHANGES] if seen.changing else ()
            if not changing and any(seen.made[:1]):  # it was overtaken: it may change something once it comes first
                changing = tuple(range(_CHANGES))
            for point in changing:
                self._ran(one, (Turn(0, point, 1),))

    def _ran(self, clash: Clash, turns: Turns) -> Points:
        """Run it by that schedule; which calls there were."""
        steps = tuple(map(Step, (*clash.before, Together(clash.block.lanes, turns))))
        names = sorted({name for step in steps for name in step.operation.services})
        run = self.session.attempt(CLASHES, tuple(names or (NAME,)), Steps(steps))
        if run.failing is not None:
            self.failures += 1
            self.failed(run.failing)
        outcome = run.records[-1].outcome if len(run.records) == len(steps) else None
        return outcome.points if isinstance(outcome, Overlapped) else Points()


def longer(turns: Turns, points: Sequence[int]) -> Iterator[Turns]:
    """The schedule with one turn more: of each client, at a call after those at which it has one. There were so many calls."""
    for client, made in enumerate(points):
        first = max((turn.point for turn in turns if turn.client == client), default=-1) + 1
        for point in range(first, made):
            yield from ((*turns, Turn(client, point, to)) for to in range(len(points)) if to != client)
