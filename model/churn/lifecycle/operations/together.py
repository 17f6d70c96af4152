"""Operations that several clients ask for at the same time, as one step."""

from collections.abc import Iterator, Sequence
from itertools import combinations, product

from attrs import evolve, frozen

from churn.lifecycle.operations.base import Family, OnService, Operation
from churn.lifecycle.operations.requests import Create, List, Remove, Restart, Start, Status, Stop

PATIENCE = 30.0
"""Seconds of the clock in which a server gets up, or down. A client that makes no new call for longer waits for another one."""
MOST_LANES = MOST_ASKED = 3
"""Clients at once, and operations that each asks for."""
ASKED: frozenset[type[Operation]] = frozenset({Create, Start, Stop, Restart, Remove, Status, List})
"""What clients may ask for at once."""
Lane = tuple[Operation, ...]
"""What one client asks for, one after the other."""


@frozen(cache_hash=True)
class Turn:
    """Another client goes on: where `client` stands before its call `point`, `to` is next.

    Calls are those of the engine and of the manager's own store, counted from 0 for each client in each step.
    """

    client: int
    point: int
    to: int

    def __str__(self) -> str:
        return f"{self.client + 1} waits before call {self.point + 1}, {self.to + 1} goes on"


@frozen(cache_hash=True)
class Together(Operation):
    """Several clients at once: each asks for the operations of its lane, one after the other.

    `turns` say when which client goes on, where the system can be held so. Where none is said, a client goes on until it waits.
    """

    lanes: tuple[Lane, ...]
    turns: tuple[Turn, ...] = ()
    kind = "together"
    family = Family.CLIENTS
    offered = True
    toured = False

    @classmethod
    def each(cls, names: tuple[str, ...]) -> Iterator["Together"]:
        """Pairs that are likeliest to clash: on one service, and two that share what all services share."""
        for name in names:
            for lanes in _PAIRS:
                yield cls(tuple((kind(name),) if issubclass(kind, OnService) else (kind(),) for kind in lanes))
        for one, other in combinations(names, 2):
            for first, second in ((Create, Create), (Start, Start), (Start, Stop), (Stop, Start)):
                yield cls(((first(one),), (second(other),)))

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All that is asked for, lane by lane."""
        return tuple(operation for lane in self.lanes for operation in lane)

    @property
    def service(self) -> str | None:
        """The service that all of it acts on; None where there are several, or none."""
        found = self.services
        return found[0] if len(found) == 1 else None

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.service for one in self.operations if one.service is not None))

    @property
    def milder(self) -> tuple[Operation, ...]:
        """One operation alone; a lane of three less; one of a lane less; no turns, or a single one of them; and the client that
        goes first as the first.
        """
        alone = self.operations if len(self.operations) == _TWO else ()
        lanes = (self._without_lane(place) for place in range(len(self.lanes)) if len(self.lanes) > _TWO)
        fewer = (self._without(place, number) for place, lane in enumerate(self.lanes) for number in range(len(lane)))
        turned = ((), *((turn,) for turn in self.turns)) if len(self.turns) > 1 else ((),) if self.turns else ()
        less = dict.fromkeys((*lanes, *(one for one in fewer if len(one.lanes) > 1)))
        swapped = (self._swapped(),) if self.turns[:1] == (_AT_ONCE,) and len(self.lanes) == _TWO else ()
        return (*alone, *less, *(evolve(self, turns=turns) for turns in turned), *swapped)

    def _swapped(self) -> "Together":
        """The other client first, which goes on before the first has made any call; so one turn less."""
        turns = tuple(Turn(turn.to, turn.point, turn.client) for turn in self.turns[1:])
        return Together(self.lanes[::-1], turns)

    def _without(self, place: int, number: int) -> "Together":
        """Without one operation of a lane; a lane without any is none."""
        lane = self.lanes[place][:number] + self.lanes[place][number + 1 :]
        if not lane:
            return self._without_lane(place)
        return evolve(self, lanes=(*self.lanes[:place], lane, *self.lanes[place + 1 :]))

    def _without_lane(self, place: int) -> "Together":
        """Without a lane; its client has no turns."""
        lanes = self.lanes[:place] + self.lanes[place + 1 :]
        return evolve(self, lanes=lanes, turns=tuple(_left(self.turns, place)))

    def __str__(self) -> str:
        lanes = " | ".join(", ".join(map(str, lane)) for lane in self.lanes)
        turns = "".join(f"; {turn}" for turn in self.turns)
        return f"{self.kind} [{lanes}{turns}]"


_TWO, _AT_ONCE = 2, Turn(0, 0, 1)
_PAIRS: Sequence[tuple[type[Operation], type[Operation]]] = (
    (Start, Start),
    (Start, Stop),
    (Stop, Start),
    (Stop, Stop),
    (Create, Create),
    (Start, List),
    (Stop, List),
    (Restart, Stop),
    (Start, Remove),
)
EXHAUSTIVE: Sequence[tuple[type[Operation], type[Operation]]] = tuple(
    (one, other)
    for (place, one), (number, other) in product(enumerate((Create, Start, Stop, List)), repeat=2)
    if place <= number
)
"""The ten pairs of a create, a start, a stop and a list."""


def _left(turns: tuple[Turn, ...], gone: int) -> Iterator[Turn]:
    """The turns without a client; those after it move up."""
    for turn in turns:
        if gone not in (turn.client, turn.to):
            yield Turn(turn.client - (turn.client > gone), turn.point, turn.to - (turn.to > gone))
