"""The proxy for those who wait: it runs in a thread of its own, and each call returns when it is done."""

import asyncio
import os
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from uuid import uuid4

from churn.errors import UsageError
from churn.lifecycle.operations.together import MOST_LANES
from churn.system.faults.gate import Gate
from churn.system.proxy.address import LONGEST_PATH, Address
from churn.system.proxy.conductor import Conductor
from churn.system.proxy.conversation import Conversation
from churn.system.proxy.exchange import ProxySettings
from churn.system.proxy.journal import Access, AccessJournal
from churn.system.proxy.server import ProxyServer
from churn.system.proxy.wire import Wire


class Proxy:
    """A proxy that runs. What was asked through it can be read also when it no longer does."""

    def __init__(self, path: Path, settings: ProxySettings) -> None:
        self.url = f"unix://{path}"
        """Where it listens, as for DOCKER_HOST."""
        self.conductor: Conductor | None = None
        """Who says when each of several clients goes on, while there are any."""
        self._settings = settings
        doors = {_beside(path, number): partial(self._talk, number) for number in range(MOST_LANES)}
        self.clients: Sequence[str] = tuple(f"unix://{one}" for one in doors)
        """Where each of several clients is to ask, as for DOCKER_HOST."""
        self._server = ProxyServer({path: partial(self._talk, None), **doors})
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="churn's proxy", daemon=True)

    def interrupt(self, seconds: float) -> None:
        """As an engine that restarts: drop all connections now, and take none for so many (real) seconds.

        Returns when they are dropped. Another one meanwhile counts from its own beginning. Not for a fault that is just
        being asked: it runs in the thread that would have to do this.
        """
        self._wait(self._server.interrupt(seconds))

    def resume(self) -> None:
        """End an interruption, if there is one."""
        self._wait(self._server.resume())

    def accesses(self) -> tuple[Access, ...]:
        """What was asked, in that order; of very much the newest."""
        return self._settings.journal.accesses()

    def containers(self) -> tuple[str, ...]:
        """The ids of the containers created through it, also where their replies were lost.

        One whose client left while the engine was still creating it is known by its labels only.
        """
        return self._settings.journal.containers()

    def start(self) -> None:
        """Let clients in. Raises `OSError` where the socket cannot be made."""
        self._thread.start()
        try:
            self._wait(self._server.open())
        except BaseException:
            self._end()
            raise

    def stop(self) -> None:
        """Close every connection and the socket, for good."""
        try:
            self._wait(self._server.close())
        finally:
            self._end()

    def check(self) -> None:
        """Raise what the first conversation failed with that did: a fault of the gate's, or the proxy's own mistake."""
        for failure in self._server.failures:
            raise failure

    async def _talk(self, number: int | None, client: Wire) -> None:
        """What is done with a client; of several at once it has a number."""
        conductor = self.conductor
        place = (conductor, number) if conductor is not None and number is not None else None
        await Conversation(client, self._settings, place).hold()

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def proxied(url: str, folder: Path, labels: Mapping[str, str], gate: Gate) -> Iterator[Proxy]:
    """A proxy in front of the engine at `url` (``unix://PATH``, ``tcp://HOST:PORT`` without TLS), for as long as this lasts.

    Its socket is in `folder`, or in a temporary one where that path would be too long for a socket. What is created
    through it (containers, networks, volumes) gets the labels. The gate is asked by the proxy's thread, and is not to block.
    Raises `UsageError` for a URL or a folder that cannot be used; that no engine is there is told to the clients.
    """
    settings = ProxySettings(Address.parse(url), dict(labels), gate, AccessJournal())
    with _socket_path(folder) as path:
        with _usable(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            proxy = Proxy(path, settings)
            proxy.start()
        try:
            yield proxy
        finally:
            proxy.stop()
        proxy.check()


@contextmanager
def _socket_path(folder: Path) -> Iterator[Path]:
    """A path where nothing is, short enough for a socket."""
    name = f"{uuid4().hex[:8]}.sock"
    path = folder.absolute() / name
    if _is_short(path):
        yield path
        return
    with TemporaryDirectory(prefix="churn-") as elsewhere:
        path = Path(elsewhere, name)
        if not _is_short(path):
            raise UsageError(
                f"expected a folder in which a socket's path has at most {LONGEST_PATH} bytes, got {str(folder)!r} and, in "
                f"its place, {elsewhere!r}; set TMPDIR to a shorter one"
            )
        yield path


def _is_short(path: Path) -> bool:
    return len(os.fsencode(_beside(path, MOST_LANES))) <= LONGEST_PATH


def _beside(path: Path, number: int) -> Path:
    """The socket of one of several clients."""
    return path.with_suffix(f".{number}.sock")


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"expected to make a socket in {str(folder)!r}, got: {error}; name a folder that this user may write to"
        ) from error
