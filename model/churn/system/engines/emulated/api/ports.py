"""Published ports that are bound for real, and answer as the server in the container would over HTTP."""

import asyncio
import os
import re
import socket
import stat
from collections.abc import Mapping
from contextlib import suppress
from errno import ENOENT
from pathlib import Path
from typing import Any

from churn.system.clock import Clock
from churn.system.engines.emulated.api.bindings import bindings
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.spellings import crashing
from churn.system.host import ALL_INTERFACES, BEHAVIOUR
from churn.system.servers import answer, answer_while_loading

_LONGEST_WORD = 4096
"""Bytes that are read of a behaviour file."""
_LONGEST_PART = 65536
_REQUEST_TIME = 5.0
"""Seconds that a client may take to send its request."""
_REASONS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


class BehaviourFiles(dict[str, str]):
    """The word that a server reads in its mounted folder: in a real file there, else what was set."""

    def get(self, folder: str, otherwise: object = None) -> str | None:  # type: ignore[override]  # noqa: ARG002 -- narrower
        """The word for a folder; None where nothing is written."""
        with suppress(OSError, ValueError):
            return _word_in(Path(folder)) or super().get(folder)
        return super().get(folder)


def _word_in(folder: Path) -> str:
    """The word in the folder's behaviour file. Raises `OSError` and `ValueError` where no plain file of the folder's own has one.

    Clients name the folder, and others write into it: a link leads nowhere else, and a pipe lets nobody wait.
    """
    folder = Path(os.path.realpath(folder))  # where links lead in a circle, Path.resolve raises what differs by version
    path = Path(os.path.realpath(folder / BEHAVIOUR))
    if not path.is_relative_to(folder):
        raise FileNotFoundError(ENOENT, "leads out of its folder", str(path))
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise FileNotFoundError(ENOENT, "is no plain file", str(path))
        return file.read(_LONGEST_WORD).decode().strip()


class HostPorts:
    """Binds host ports as docker-proxy does, and serves them in the running loop. `core` is set by whoever makes both."""

    core: Core

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[int, tuple[socket.socket, asyncio.Task[None]]] = {}
        self._attending: set[asyncio.Task[None]] = set()
        self._writers: dict[int, set[asyncio.StreamWriter]] = {}
        self._asked: tuple[Mapping[str, Any], Mapping[str, str]] = {}, {}
        """What one container was asked for with, and the addresses in it by their ports."""

    def bind(self, port: int, container: EmulatedContainer) -> None:
        """As `PortBinder.bind`."""
        place = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            place.bind((self.address(container, port), port))
            place.listen()
        except OSError:
            place.close()
            raise
        place.setblocking(False)
        self._writers[port] = set()
        self._held[port] = place, asyncio.ensure_future(self._serve(place, port, container))

    def address(self, container: EmulatedContainer, port: int) -> str:
        """As `PortBinder.address`."""
        if self._asked[0] is not container.body:
            found: dict[str, str] = {}
            for _, address, host in bindings(container):
                found.setdefault("" if host == "0" else host, address)
            self._asked = container.body, found
        asked = self._asked[1].get(str(port)) or self._asked[1].get("") or ""
        return asked if asked and ":" not in asked else ALL_INTERFACES

    def release(self, port: int) -> None:
        """As `PortBinder.release`: connections end with it."""
        found = self._held.pop(port, None)
        if found is not None:
            place, serving = found
            serving.cancel()
            with suppress(ValueError):
                asyncio.get_running_loop().remove_reader(place)
            place.close()
            for writer in self._writers.pop(port, ()):
                writer.close()

    def close(self) -> None:
        """Let go of every port."""
        for port in tuple(self._held):
            self.release(port)

    async def _serve(self, place: socket.socket, port: int, container: EmulatedContainer) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(place)
            attending = asyncio.ensure_future(self._attend(connection, port, container))
            self._attending.add(attending)
            attending.add_done_callback(self._attending.discard)

    async def _attend(self, connection: socket.socket, port: int, container: EmulatedContainer) -> None:
        reader, writer = await _opened(connection)
        held = self._writers.setdefault(port, set())
        held.add(writer)
        try:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                async with asyncio.timeout(_REQUEST_TIME):
                    head = await reader.readuntil(b"\r\n\r\n")
                await self._respond(head, reader, writer, container)
        finally:
            held.discard(writer)
            writer.close()

    async def _respond(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, container: EmulatedContainer
    ) -> None:
        word, argv = self.core.runner.behaviour(container), container.spec.command
        loading = self._clock.now() < container.ready_at
        early = answer_while_loading(argv) if loading else None
        if crashing(word) or (loading and early is None):
            return  # nothing listens in the container: the proxy ends the connection
        if word == "hang" or container.state == "paused":
            await reader.read()  # until the client gives up
            return
        method, path = (*head.decode("latin-1").split(" "), "", "")[:2]
        await _take_content(head, reader)
        asked = "GET" if method == "HEAD" else method
        told = early or answer(argv, asked, path.partition("?")[0], healthy=word != "unhealthy")
        content = told.content.encode()
        writer.write(
            f"HTTP/1.1 {told.status} {_REASONS[told.status]}\r\nContent-Type: {told.kind}\r\n"
            f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode()
        )
        writer.write(content if method != "HEAD" else b"")
        await writer.drain()


async def _take_content(head: bytes, reader: asyncio.StreamReader) -> None:
    """Read what belongs to the request after its head: closing with bytes unread would reset the connection."""
    found = re.search(rb"(?im)^content-length:[ \t]*(\d{1,9})[ \t]*\r?$", head)
    left = int(found[1]) if found is not None else 0
    async with asyncio.timeout(_REQUEST_TIME):
        while left > 0 and (part := await reader.read(min(left, _LONGEST_PART))):
            left -= len(part)


async def _opened(connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """What reads and writes there, which closes it from then on."""
    try:
        return await asyncio.open_connection(sock=connection)
    except BaseException:
        connection.close()
        raise
