"""The proxy's socket: clients are let in, thrown out, and kept out for a while."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from churn.system.proxy.wire import LOOK_EVERY, Wire

_FOR_ITS_USER_ONLY = 0o600

Talk = Callable[[Wire], Coroutine[Any, Any, None]]
"""What is done with a client, until it is done with."""


class ProxyServer:
    """Unix sockets, which only this process's user may connect to; for use on one running loop.

    `talks` says for the path of each what is done with its clients. `failures` are the exceptions that a talk ended with: none,
    if all is well.
    """

    def __init__(self, talks: Mapping[Path, Talk]) -> None:
        self.failures: list[BaseException] = []
        self._doors = talks
        self._listeners: dict[socket.socket, Path] = {}
        self._outage: asyncio.Task[None] | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Let clients in, unless they are. Raises `OSError`."""
        if not self._listeners:
            for path in self._doors:
                listener = _listening(path)
                self._listeners[listener] = path
                self._watch(listener)

    async def close(self) -> None:
        """Let no client in, and end the connections of those that are; an outage is over for good."""
        await _ended(self._outage)
        await self._shut()

    async def interrupt(self, seconds: float) -> None:
        """Close for so many seconds, from now on, and return at once."""
        await self.close()
        self._outage = self._begun(self._reopen(seconds))

    async def resume(self) -> None:
        """End an outage, if there is one."""
        await _ended(self._outage)
        await self.open()

    async def _reopen(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.open()

    async def _shut(self) -> None:
        for listener, path in self._listeners.items():
            path.unlink(missing_ok=True)
            asyncio.get_running_loop().remove_reader(listener)
            listener.close()
        self._listeners.clear()
        await _ended(*self._talks)

    def _watch(self, listener: socket.socket) -> None:
        if listener in self._listeners:
            asyncio.get_running_loop().add_reader(listener, self._let_in, listener)

    def _let_in(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except BlockingIOError:  # it has left meanwhile
            return
        except OSError:  # too many open files: others may end
            loop = asyncio.get_running_loop()
            loop.remove_reader(listener)
            loop.call_later(LOOK_EVERY, self._watch, listener)
            return
        wire = Wire(client, resettable=True)
        # Closing is left to nobody: a task that is cancelled at once never begins.
        talk = self._doors[self._listeners[listener]]
        self._begun(talk(wire)).add_done_callback(lambda _: wire.close())

    def _begun(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._talks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._talks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failures.append(error)


def _listening(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        os.fchmod(
            listener.fileno(), _FOR_ITS_USER_ONLY
        )  # which the file gets that binding makes: it never is anybody's
        listener.bind(str(path))
        listener.listen(socket.SOMAXCONN)
    except BaseException:
        listener.close()
        raise
    return listener


async def _ended(*tasks: asyncio.Task[None] | None) -> None:
    """Return once they have been cancelled, or were done."""
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
