"""Ctrl-C ends what is done, wherever it comes."""

import gc
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from churn.cli.interrupts import interruptible
from churn.system.clock import Clock, RealClock

LIMIT = 5.0
"""Seconds, far more than it takes."""


@contextmanager
def interrupted_while_collecting() -> Iterator[None]:
    """What is raised in a callback of the garbage collector reaches nobody."""

    def callback(phase: str, _: Any) -> None:
        if phase == "start":
            gc.callbacks.remove(callback)
            os.kill(os.getpid(), signal.SIGINT)

    gc.callbacks.append(callback)
    yield


def collect_and_go_on(clock: Clock, end: float) -> None:
    gc.collect()
    while clock.now() < end:
        pass


def test_an_interrupt_that_comes_where_nobody_can_catch_it_comes_again(capfd: pytest.CaptureFixture[str]) -> None:
    clock = RealClock()
    end = clock.now() + LIMIT
    with interruptible() as stop, stop.heeded(), pytest.raises(KeyboardInterrupt), interrupted_while_collecting():
        collect_and_go_on(clock, end)
    assert stop.happened
    assert clock.now() < end
    assert "Traceback" not in capfd.readouterr().err


def test_after_it_nothing_is_left_of_it() -> None:
    before = signal.getsignal(signal.SIGVTALRM), signal.getsignal(signal.SIGINT)
    with interruptible():
        pass
    assert (signal.getsignal(signal.SIGVTALRM), signal.getsignal(signal.SIGINT)) == before
