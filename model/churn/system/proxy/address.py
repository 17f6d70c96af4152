"""Where an engine is, and the way there."""

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlsplit

from attrs import frozen

from churn.errors import UsageError
from churn.system.proxy.wire import LOOK_EVERY, Wire

LONGEST_PATH = 107
"""Of a unix socket, in bytes."""

_PORT = 2375
"""Where Docker listens on TCP without TLS."""


@frozen
class Address:
    """An engine's unix socket, or where it listens on TCP (then `path` is empty)."""

    url: str
    path: str = ""
    host: str = ""
    port: int = 0

    @classmethod
    def parse(cls, url: str) -> Self:
        """Of a URL as in DOCKER_HOST: ``unix:///run/docker.sock``, ``tcp://HOST:PORT``. Raises `UsageError`."""
        scheme, _, place = url.partition("://")
        if scheme == "unix" and place:
            return cls._unix(url, place)
        if scheme == "tcp" and place:
            return cls._tcp(url)
        raise _unusable(url)

    async def connect(self) -> Wire:
        """A connection to it. Raises `OSError`."""
        if self.path:
            return await _connected(socket.AF_UNIX, self.path)
        loop = asyncio.get_running_loop()
        places = await loop.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        for family, _, _, _, place in places[:-1]:
            with suppress(OSError):
                return await _connected(family, place)
        return await _connected(places[-1][0], places[-1][4])

    @classmethod
    def _unix(cls, url: str, path: str) -> Self:
        if len(os.fsencode(path)) > LONGEST_PATH:
            raise UsageError(
                f"expected a socket's path of at most {LONGEST_PATH} bytes, got {path!r}; link a shorter one to it"
            )
        return cls(url, path=path)

    @classmethod
    def _tcp(cls, url: str) -> Self:
        parts = urlsplit(url)
        try:
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise _unusable(url) from error
        if not host or parts.path.strip("/") or parts.query or parts.username:
            raise _unusable(url)
        return cls(url, host=host, port=port or _PORT)


def _unusable(url: str) -> UsageError:
    return UsageError(
        f"expected an engine's address such as 'unix:///var/run/docker.sock' or 'tcp://192.0.2.1:{_PORT}' (without TLS), "
        f"got {url!r}; set DOCKER_HOST to such a one"
    )


async def _connected(family: int, place: Any) -> Wire:
    end = socket.socket(family, socket.SOCK_STREAM)
    end.setblocking(False)
    try:
        await (_connect_unix(end, place) if family == socket.AF_UNIX else _connect_tcp(end, place))
    except BaseException:
        end.close()
        raise
    return Wire(end)


async def _connect_unix(end: socket.socket, path: str) -> None:
    while True:
        try:
            end.connect(path)
        except BlockingIOError:  # as many as the engine lets wait are waiting; the loop would take that for a success
            await asyncio.sleep(LOOK_EVERY)
        else:
            return


async def _connect_tcp(end: socket.socket, place: Any) -> None:
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await asyncio.get_running_loop().sock_connect(end, place)
