"""Jobs in processes of this machine, by the standard library's pools: one process each, so that one that dies costs one job."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NoReturn

from attrs import define, field

from churn.system.parent import end_with

_LONGEST = 8.0
"""Seconds that processes get to clean up after themselves."""


@define(eq=False)
class Processes:
    """So many processes. `act` makes a result's text of a job's text, in one of them."""

    act: Callable[[str], str]
    workers: int
    told: str = ""
    deaths: tuple[type[BaseException], ...] = (BrokenProcessPool,)
    _pools: "dict[ProcessPoolExecutor, Future[str] | None]" = field(init=False, factory=dict)
    """Each of one process, with what it does or did last."""

    def begin(self, text: str) -> "Future[str]":
        """As `Host.begin`. A process that died meanwhile, though it had nothing to do, gets another one in its place."""
        while True:
            pool = self._free()
            try:
                future = self._pools[pool] = pool.submit(_act, self.act, text)
            except BrokenProcessPool:
                pool.shutdown(wait=False)
                del self._pools[pool]
            else:
                return future

    def _free(self) -> ProcessPoolExecutor:
        """A process that has nothing to do."""
        free = next((pool for pool, last in self._pools.items() if last is None or last.done()), None)
        if free is None:
            free = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_begun)
            self._pools[free] = None
        return free

    def close(self) -> None:
        """As `Host.close`."""
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        for child in multiprocessing.active_children():
            child.join(_LONGEST)


def _begun() -> None:
    """A process of the pool begins. Whoever interrupts Churn interrupts the head, which ends this one; so does its death."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    head = multiprocessing.parent_process()
    if head is not None and head.pid is not None:
        end_with(head.pid)


def _end(*_: Any) -> NoReturn:
    sys.exit(1)  # what is being done is left by its contexts, which clean up


def _act(act: Callable[[str], str], text: str) -> str:
    """As `act`. The pool would tell an end that was asked for as a result, and wait for the next job."""
    try:
        return act(text)
    except SystemExit:
        os._exit(1)
