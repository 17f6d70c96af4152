"""Ctrl-C, SIGTERM and a closed terminal: each ends what is being done, and the clean-up after it is bounded in time."""

import os
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from churn.errors import TimeIsUp

CLEANING = 8.0
"""Seconds that a clean-up may take after an interrupt."""
_AGAIN = 0.5
"""Seconds after which each further thing is given up that hangs by then: there may be some on the way out."""
_SOON = 0.001
"""Seconds of the processor after which a lost interrupt is raised once more."""
_STDERR = 2
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """The signals that end a command.

    The first that comes while they are `heeded` raises `KeyboardInterrupt`, unless the clean-up has begun. All later ones are
    only answered. Once `CLEANING` seconds have passed after the first, whatever the main thread waits for raises `TimeIsUp`,
    until all is over.
    """

    def __init__(self) -> None:
        self.happened = False
        self._heeding = self._cleaning = False
        self._unraisable = sys.unraisablehook

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """While this lasts a signal ends what is done; after it the clean-up is over."""
        self._heeding, self._cleaning = True, False
        try:
            yield
        finally:
            self.over()

    def clean_up(self) -> None:
        """All is done, and the clean-up begins: it is not ended any more, but bounded in time by a signal."""
        self._cleaning = True

    def over(self) -> None:
        """Nothing is to be given up any more, nor to be ended."""
        self._heeding = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def signalled(self, number: int, _: Any) -> None:
        """A signal that ends a command has come."""
        if number == signal.SIGHUP:
            _leave_terminal()
        if self.happened or not self._heeding:
            _say("still cleaning up, or writing the report\n")
            return
        self.happened = True
        signal.setitimer(signal.ITIMER_REAL, CLEANING, _AGAIN)
        if not self._cleaning:
            raise KeyboardInterrupt

    def again(self, *_: Any) -> None:
        """The interrupt was lost, and is raised once more."""
        if self._heeding and not self._cleaning:
            raise KeyboardInterrupt

    def lost(self, told: Any) -> None:
        """Something was raised where nobody can catch it, such as while the garbage collector calls: an interrupt comes again."""
        if isinstance(told.exc_value, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_VIRTUAL, _SOON)
        elif not isinstance(told.exc_value, TimeIsUp):  # which comes again anyway
            self._unraisable(told)

    def too_late(self, *_: Any) -> None:
        """The time for the clean-up is up."""
        if self._heeding:
            raise TimeIsUp(
                f"the clean-up after the interrupt was given up after {CLEANING:g} s: churn clean removes what is left"
            )


@contextmanager
def interruptible() -> Iterator[Interrupts]:
    """While this lasts, `Interrupts` get the signals. SIGHUP that is ignored when this begins (nohup) stays so."""
    interrupts = Interrupts()
    numbers = [one for one in _ENDING if one != signal.SIGHUP or signal.getsignal(one) is not signal.SIG_IGN]
    before = {one: signal.signal(one, interrupts.signalled) for one in numbers}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, interrupts.too_late)
    before[signal.SIGVTALRM] = signal.signal(signal.SIGVTALRM, interrupts.again)
    unraisable, sys.unraisablehook = sys.unraisablehook, interrupts.lost
    try:
        yield interrupts
    finally:
        interrupts.over()
        sys.unraisablehook = unraisable
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str) -> None:
    # Past Python's streams: the signal may have come in the middle of a write to them.
    with suppress(OSError):
        os.write(_STDERR, text.encode())


def _leave_terminal() -> None:
    """What is still printed goes nowhere: to write to a terminal that is gone would fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(number).st_mode):
                os.dup2(nowhere, number)
    os.close(nowhere)
