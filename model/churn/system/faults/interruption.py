"""An interruption: the manager is ended at one of its calls. It is no fault of the engine's: no user can switch it on there."""

from typing import ClassVar

from attrs import define, field

from churn.system.faults.gate import CHANGING, Call, Fault, Gate, Late, Lost

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
