"""A socket as the proxy needs it: bytes are looked at before they are taken, each half ends by itself, and leaving is seen."""

import asyncio
import select
import socket
from contextlib import suppress

PIECE = 1 << 16
"""How many bytes are passed on at once, at most."""

LOOK_EVERY = 0.01
"""Seconds between two looks at what tells nobody when it changes."""

_GONE = 0
"""That a peer has closed altogether is told unasked."""


class Wire:
    """One end of a connection on the running loop; for one reader, one writer and one watcher (`ended`, `gone`) at a time.

    Where it is `resettable`, the last byte of what is held stays unread until `release`. A unix socket has no other way
    to reset a connection: its peer sees ECONNRESET where it is closed with bytes unread, else a mere end.
    """

    def __init__(self, end: socket.socket, *, resettable: bool = False) -> None:
        end.setblocking(False)
        self._socket = end
        self._resettable = resettable
        self._held = False
        self._watch: select.epoll | None = None

    async def peek(self) -> bytes:
        """Bytes that have come, which stay; none where the peer sends no more. Raises `ConnectionError`."""
        while True:
            try:
                return self._socket.recv(PIECE, socket.MSG_PEEK)
            except BlockingIOError:
                await _readable(self._socket.fileno())

    def take(self, count: int) -> None:
        """Remove so many of the bytes that were peeked at."""
        while count:
            count -= len(self._socket.recv(count))

    def hold(self, count: int) -> None:
        """As `take`, of the end of a message: at least one byte."""
        self._held = self._resettable
        self.take(count - self._held)

    def release(self) -> None:
        """Remove the byte that is held, if one is."""
        if self._held:
            self._held = False
            self.take(1)

    def is_empty(self) -> bool:
        """Whether nothing has come but what is held."""
        with suppress(BlockingIOError):
            return len(self._socket.recv(1 + self._held, socket.MSG_PEEK)) <= self._held
        return True

    async def receive(self) -> bytes:
        """Bytes that have come, taken; none where the peer sends no more. Raises `ConnectionError`."""
        return await asyncio.get_running_loop().sock_recv(self._socket, PIECE)

    async def send(self, data: bytes) -> None:
        """Send all of it, as fast as the peer reads. Raises `ConnectionError`."""
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    def end(self) -> None:
        """Send no more: the peer reads what was sent, and then the end."""
        self._shut_down(socket.SHUT_WR)

    def refuse(self) -> None:
        """Let the peer send no more: on a unix socket it gets EPIPE, as from one that has closed."""
        self._shut_down(socket.SHUT_RD)

    async def ended(self) -> None:
        """Return once the peer sends no more, or has gone."""
        await self._events(select.EPOLLRDHUP)

    async def gone(self) -> None:
        """Return once the peer has closed altogether (on TCP: has ended, and we have, or has reset)."""
        await self._events(_GONE)

    def has_gone(self) -> bool:
        """Whether the peer has closed altogether, at this very moment."""
        look = select.poll()
        look.register(self._socket, _GONE)
        return bool(look.poll(0))

    def close(self) -> None:
        """Close in order: what is unread is discarded first, for the peer is not to see a reset. For unix sockets."""
        self.refuse()  # else it could go on sending, behind what is discarded
        with suppress(OSError):
            while self._socket.recv(PIECE):
                pass
        self.drop()

    def drop(self) -> None:
        """Close at once: with bytes unread the peer sees a reset."""
        if self._watch is not None:
            self._watch.close()
        self._socket.close()

    def _shut_down(self, half: int) -> None:
        with suppress(OSError):  # it has gone, or was closed: no more is sent either way
            self._socket.shutdown(half)

    async def _events(self, events: int) -> None:
        # An epoll of its own, itself watched by the loop: the loop watches for bytes only, and those may lie unread.
        if self._watch is None:
            self._watch = select.epoll()
            self._watch.register(self._socket, events)
        else:
            self._watch.modify(self._socket, events)
        await _readable(self._watch.fileno())


async def _readable(descriptor: int) -> None:
    """Return once there is something to read from it."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
