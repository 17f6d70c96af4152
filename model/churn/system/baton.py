"""Several clients in one thread, of which one goes on at a time, so that what they do is the same each time.

Each client is a greenlet. It goes on until it sleeps on the clock, has ended, or stands before a call at which its schedule
says that another one is next. While all sleep, the clock goes on to the first that wakes. Whose turn it is by the schedule
goes on over its sleeps as well: the others are slow meanwhile. Only if it makes no new call for long, it may wait for one of
them, and they go on.
"""

from collections.abc import Callable, Sequence
from inspect import isroutine
from typing import Any, TypeVar, cast

from attrs import define, field
from greenlet import GreenletExit, getcurrent, greenlet

from churn.errors import EnvironmentFault
from churn.lifecycle.operations import Turn
from churn.lifecycle.operations.together import PATIENCE
from churn.lifecycle.outcome import Points
from churn.system.clock import VirtualClock
from churn.system.faults.gate import CHANGING

_T = TypeVar("_T")
_POLLS = 3
"""How often a client may make the same call in a row until the others come first: it may wait for one of them without a sleep."""
_REMEMBERED = 2
"""Calls that one who waits asks in turn: whether its server answers, and whether that still runs."""
_MOST_SWITCHES = 100_000
"""Who goes on so often does not come to an end."""


@define(eq=False, kw_only=True)
class _Client:
    """One client: until when it sleeps, and how many calls it has made."""

    number: int
    thread: greenlet
    wake: float = 0.0
    points: int = 0
    changing: list[int] = field(factory=list)
    recent: tuple[object, ...] = ()
    """The last calls that differ: who waits for something asks the same one or two again and again."""
    polls: int = 0
    called: float = 0.0
    """When it made its last new call, in seconds of the clock."""

    @property
    def over(self) -> bool:
        return bool(self.thread.dead)


@define(eq=False)
class Baton:
    """Whose turn it is. `pointed` makes of a thing that clients call one that counts their calls; they share `clock`."""

    clock: VirtualClock
    _clients: list[_Client] = field(init=False, factory=list)
    _turns: dict[tuple[int, int], Turn] = field(init=False, factory=dict)
    """Those that were not taken yet, by client and point."""
    _turn: _Client | None = field(init=False, default=None)
    """Whose turn it is by the schedule."""
    _hub: greenlet = field(init=False, default=None)

    def run(self, lanes: Sequence[Callable[[], None]], turns: Sequence[Turn]) -> Points:
        """Let the clients do their lanes; which calls they have made. What one of them raises ends all."""
        self._hub = getcurrent()
        self._clients = [_Client(number=number, thread=greenlet(lane)) for number, lane in enumerate(lanes)]
        self._turns = {(turn.client, turn.point): turn for turn in turns}
        self.clock.sleeper = self._sleep
        try:
            self._conduct()
        finally:
            self.clock.sleeper = None
            for client in self._clients:
                client.thread.throw(GreenletExit)
            clients, self._clients = self._clients, []
        made = tuple(client.points for client in clients)
        changing = tuple(tuple(client.changing) for client in clients)
        return Points(made, changing, tuple(turn for turn in turns if turn in self._turns.values()))

    def pointed(self, thing: _T) -> _T:
        """The same thing, each call of which is a point at which another client may go on."""
        return cast("_T", _Pointed(thing, self))

    def point(self, call: object) -> None:
        """The client that goes on is about to make that call. Polling is one point, however often it asks."""
        client = self._running()
        if client is None:
            return
        if call in client.recent:
            client.polls += 1
            if client.polls > _POLLS:
                self._give_way(client)
            return
        client.recent, client.polls, client.called = (*client.recent, call)[-_REMEMBERED:], 0, self.clock.now()
        if isinstance(call, tuple) and call[0] in CHANGING:
            client.changing.append(client.points)
        turn = self._turns.get((client.number, client.points))
        client.points += 1
        if turn is not None and turn.to < len(self._clients) and not self._clients[turn.to].over:
            del self._turns[client.number, turn.point]
            self._hand_to(self._clients[turn.to])

    def _hand_to(self, client: _Client) -> None:
        self._turn, client.called = client, self.clock.now()
        self._hub.switch()

    def _conduct(self) -> None:
        for _ in range(_MOST_SWITCHES):
            left = [client for client in self._clients if not client.over]
            if not left:
                return
            client = self._chosen(left)
            self.clock.until(client.wake)
            client.thread.switch()
        raise EnvironmentFault("expected clients that take turns to come to an end, but they wait for one another")

    def _chosen(self, left: list[_Client]) -> _Client:
        """The one whose turn it is; else the first that does not sleep; else the one that wakes first."""
        turn = self._turn
        if turn is not None and turn in left and max(turn.wake, self.clock.now()) - turn.called <= PATIENCE:
            return turn
        self._turn = None
        awake = [client for client in left if client.wake <= self.clock.now()]
        return awake[0] if awake else min(left, key=lambda client: client.wake)

    def _running(self) -> _Client | None:
        here = getcurrent()
        return next((client for client in self._clients if client.thread is here), None)

    def _sleep(self, seconds: float) -> bool:
        client = self._running()
        if client is None:
            return False
        client.wake, client.polls = self.clock.now() + seconds, 0
        self._hub.switch()
        return True

    def _give_way(self, client: _Client) -> None:
        """Let another one go on: one that is awake, or else the one that wakes first."""
        others = [other for other in self._clients if not other.over and other is not client]
        if others:
            self._turn = None
            self._hand_to(self._chosen(others))


class _Pointed:
    """A thing, each call of which is a point."""

    def __init__(self, thing: object, baton: Baton) -> None:
        self._thing = thing
        self._baton = baton

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._thing, name)
        if not isroutine(found):
            return found  # it may change

        def called(*given: object, **named: object) -> object:
            self._baton.point((name, given, named))
            return found(*given, **named)

        setattr(self, name, called)  # so that it is made once
        return called
