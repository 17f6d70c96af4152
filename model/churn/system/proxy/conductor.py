"""Several clients of an engine that are programs, of whose calls one client's go on at a time.

A client whose turn it is goes on until its schedule says that another one is next, until it has ended, or until it makes no
new call for long: it may wait for one that is held. What a program does between two calls is not held, so the same turns give
mostly the same run, not always.
"""

import asyncio
from collections.abc import Sequence

from attrs import define, field

from churn.lifecycle.operations import Turn
from churn.lifecycle.operations.together import PATIENCE
from churn.lifecycle.outcome import Points
from churn.system.clock import Clock, RealClock
from churn.system.faults.gate import CHANGING, Call
from churn.system.proxy.wire import LOOK_EVERY

_THINKING = 2.0
"""Seconds without a call that the engine has, after which a client may wait for another one: a program needs some to begin."""
_POLLS = 3
"""How often a client may make the same call in a row until the others come first: it may wait for one of them."""
_REMEMBERED = 2
"""Calls that one who waits asks in turn."""


@define(kw_only=True)
class _Client:
    """One client: the calls that it has made."""

    since: float
    """When it began, or its last new call did."""
    points: int = 0
    changing: list[int] = field(factory=list)
    recent: tuple[Call, ...] = ()
    polls: int = 0
    under_way: int = 0
    """Calls that the engine has."""
    held: int = 0
    """Calls that wait for its turn."""
    over: bool = False


@define(eq=False)
class Conductor:
    """Holds the calls of so many clients as `turns` say; without turns none is held, and calls are counted.

    All of it is for the proxy's loop, but `begin`, `end`, `finish` and `points`.
    """

    count: int
    turns: tuple[Turn, ...]
    clock: Clock = field(factory=RealClock)
    _clients: Sequence[_Client] = field(init=False)
    _left: dict[tuple[int, int], Turn] = field(init=False)
    """The turns that were not taken yet, by client and point."""
    _going: int = field(init=False, default=0)
    """Whose turn it is."""
    _finished: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        began = self.clock.now()
        self._clients = [_Client(since=began) for _ in range(self.count)]
        self._left = {(turn.client, turn.point): turn for turn in self.turns}

    async def admitted(self, number: int, call: Call) -> bool:
        """Return, with True, when the client of that number may make that call; `ended` has to be told when it is done."""
        client = self._clients[number]
        self._counted(number, client, call)
        client.held += 1
        try:
            while not self._may(number):
                await asyncio.sleep(LOOK_EVERY)
        finally:
            client.held -= 1
        client.under_way += 1
        client.since = self.clock.now()
        return True

    def answered(self, number: int) -> None:
        """A call that was admitted is done."""
        client = self._clients[number]
        client.under_way -= 1
        client.since = self.clock.now()

    def begin(self, number: int) -> None:
        """Return when the program of that client may begin: where calls are held, once the first client has asked something.

        Else another one could be the first at what is no call, such as a lock.
        """
        while (
            number and self.turns and not (self._finished or self._clients[0].points or self._rests(self._clients[0]))
        ):
            self.clock.sleep(LOOK_EVERY)

    def end(self, number: int) -> None:
        """That client has ended."""
        self._clients[number].over = True

    def finish(self) -> None:
        """All is over: nothing is held any more."""
        self._finished = True

    def points(self) -> Points:
        """What was counted, and which turns were not taken."""
        made = tuple(client.points for client in self._clients)
        changing = tuple(tuple(client.changing) for client in self._clients)
        return Points(made, changing, tuple(turn for turn in self.turns if turn in self._left.values()))

    def _counted(self, number: int, client: _Client, call: Call) -> None:
        """Count it, unless it is asked again and again; hand over where that is due."""
        if call in client.recent:
            client.polls += 1
            if client.polls > _POLLS and self._going == number:
                self._hand_on()
            return
        if call.verb in CHANGING:
            client.changing.append(client.points)
        turn = self._left.get((number, client.points))
        client.recent, client.polls = (*client.recent, call)[-_REMEMBERED:], 0
        client.points += 1
        if turn is not None and turn.to < self.count and not self._clients[turn.to].over:
            del self._left[number, turn.point]
            self._hand_to(turn.to)

    def _may(self, number: int) -> bool:
        """Whether that client may go on: it is its turn, or it takes it from one that does not go on."""
        if not self.turns or self._finished:
            return True
        if self._going != number and self._rests(self._clients[self._going]):
            self._hand_on()
        return self._going == number

    def _rests(self, client: _Client) -> bool:
        patience = PATIENCE if client.under_way else _THINKING
        return client.over or (not client.held and self.clock.now() - client.since > patience)

    def _hand_on(self) -> None:
        """To the next one that is held, in turn: each of several that poll may wait for any other."""
        following = [(self._going + further) % self.count for further in range(1, self.count)]
        waiting = [number for number in following if self._clients[number].held]
        if waiting:
            self._hand_to(waiting[0])

    def _hand_to(self, number: int) -> None:
        self._going, self._clients[number].since = number, self.clock.now()
