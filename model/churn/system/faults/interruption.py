"""An interruption: the manager is ended at one of its calls. It is no fault of the engine's: no user can switch it on there."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import ClassVar

from attrs import define, field

from churn.system.clock import Clock, VirtualClock
from churn.system.faults.gate import CHANGING, Call, Fault, Gate, Late, Lost, Struck

STORE_CHANGE, STORE_READ = "store-change", "store-read"
"""Calls of what the manager keeps, where that is in Churn's own process. The engine does not know them."""


class Cut(BaseException):
    """Raised out of a call in place of its answer: whoever made the call is ended, and does nothing more.

    It is no `Exception`, so that nobody on the way takes it for an error that can be dealt with.
    """


@define(kw_only=True)
class Interruption(Fault):
    """The manager gets a signal at its call of number `call`, counted from 1, `after` the engine has done it or before.

    By ``KILL`` its connection is closed as well; by another signal its call goes on, and the manager does what it does then.
    `every`: calls that only ask are counted, too.
    """

    name: ClassVar[str] = "interrupt"
    call: int
    after_it: bool
    signal: str = "KILL"
    every: bool = False
    _passed: int = field(init=False, default=0)

    def concerns(self, call: Call) -> bool:
        """Whether the call is one of those that are counted."""
        return self.every or call.verb in CHANGING or call.verb == STORE_CHANGE

    def on_strike(self, gate: Gate) -> None:
        """Send the signal."""
        gate.signalled(self.signal)

    def before(self, call: Call) -> Lost | None:
        """Counts it. The call is lost where its number has come."""
        self._passed += 1
        return Lost.CUT if self._passed == self.call and not self.after_it else None

    def after(self, call: Call) -> Lost | Late | None:
        """The reply is lost where its number has come; to a program that got another signal it is given."""
        if self._passed != self.call or not self.after_it:
            return None
        return Lost.CUT if self.signal == "KILL" else Late(0.0)


@define(kw_only=True)
class Alarm(Fault):
    """The manager gets a signal so many `seconds` after the alarm was `set`, if it is still at work then.

    A manager in Churn's own process, whose time is virtual, is ended at its first call that begins or ends by then or later.
    """

    name: ClassVar[str] = "interrupt-at"
    times: int = 1
    seconds: float
    signal: str = "KILL"
    _clock: Clock | None = field(init=False, default=None, eq=False)
    _due: float = field(init=False, default=inf)

    @contextmanager
    def set(self, gate: Gate) -> Iterator[None]:
        """While this lasts it may go off."""
        self._clock, self._due = gate.clock, gate.clock.now() + self.seconds
        if isinstance(gate.clock, VirtualClock):
            yield
            return
        timer = threading.Timer(self.seconds, self._go_off, (gate,))
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _go_off(self, gate: Gate) -> None:
        if gate.signalled(self.signal):
            gate.struck.append(Struck(self.name, f"the way, after {self.seconds:.2g} s"))

    def concerns(self, call: Call) -> bool:
        """Whether it is time, where time is virtual."""
        return isinstance(self._clock, VirtualClock) and self._clock.now() >= self._due

    def before(self, call: Call) -> Lost | None:
        """The call does not take place."""
        return Lost.CUT

    def after(self, call: Call) -> Lost | Late | None:
        """The call took place, and who made it has been ended meanwhile."""
        return Lost.CUT


ENDINGS = frozenset({Interruption.name, Alarm.name})
"""The names of what ends the manager."""
