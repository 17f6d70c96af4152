"""The API on a unix socket, served by uvicorn; published ports are bound for real."""

import asyncio
import http.client
import json
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from attrs import Factory, define, frozen
from uvicorn.protocols.http.h11_impl import H11Protocol

from churn.errors import UsageError
from churn.system.clock import RealClock, ScaledClock, today
from churn.system.engines.emulated.agenda import Calendar
from churn.system.engines.emulated.api.app import CONNECTION, App
from churn.system.engines.emulated.api.control import CONTROL
from churn.system.engines.emulated.api.ports import BehaviourFiles, HostPorts
from churn.system.engines.emulated.api.routes import Api
from churn.system.engines.emulated.container import Timing
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.hooks import EmulatedHooks
from churn.system.faults.gate import Gate

OWNER_ONLY = 0o600
_OK = 200
_KEPT = 2**31
"""Seconds that a connection is kept while nothing is asked on it: as long as its client likes, as with dockerd."""
LONGEST = 100
"""Characters that the path of a unix socket may have, on every system."""
_START_LIMIT, _LOOK_EVERY = 10.0, 0.01
"""Seconds that a server in a thread may take to answer, and between two looks at it."""

SERVED = Timing(load=0.2)
"""How long things take on the socket: a stand-in server is up soon."""


@frozen
class ServerSettings:
    """What is emulated."""

    images: frozenset[str] = frozenset()
    gpu: bool = False
    speed: float = 1.0
    seed: int = 0
    timing: Timing = SERVED


class _Connection(H11Protocol):
    """Tells the application its transport, so that a reply can be lost."""

    def connection_made(self, transport: Any) -> None:
        """As in the class above."""
        super().connection_made(transport)
        inner = self.app

        async def with_connection(scope: Any, receive: Any, send: Any) -> None:
            scope[CONNECTION] = transport
            await inner(scope, receive, send)

        self.app = with_connection


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As in the class above."""
        yield


@define(kw_only=True)
class EngineServer:
    """An emulated engine on one or two unix sockets: `path`, and `plain`, which no fault strikes."""

    path: Path
    settings: ServerSettings = Factory(ServerSettings)
    plain: Path | None = None
    log: Any = None
    gate: Gate = Factory(Gate)
    core: Core | None = None
    _servers: list[_Server] = Factory(list)

    async def serve(self) -> None:
        """Serve until `stop`. Raises `UsageError` for a path that cannot be used."""
        clock, chosen = ScaledClock(self.settings.speed), self.settings
        ports = HostPorts(clock)
        core = Core(
            clock,
            seed=chosen.seed,
            timing=chosen.timing,
            images=chosen.images,
            gpu=chosen.gpu,
            calendar=Calendar(clock, today().timestamp() - clock.now() / chosen.speed, chosen.speed),
            binder=ports,
        )
        core.runner.behaviours = BehaviourFiles()
        self.core = ports.core = core
        self.gate.hooks = EmulatedHooks(core)
        api = Api(core, self.log) if self.log else Api(core)
        app = App(api, clock, self.gate)
        apps = {self.path: app, **({self.plain: App(api, clock)} if self.plain else {})}
        with _sockets(tuple(apps)) as sockets:
            runners = [asyncio.ensure_future(one.run()) for one in apps.values()]
            try:
                await asyncio.gather(*map(self._serve_one, apps.values(), sockets))
            finally:
                for runner in runners:
                    runner.cancel()
                ports.close()

    async def _serve_one(self, app: App, place: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http=_Connection,
            lifespan="off",
            log_level="critical",
            access_log=False,
            timeout_keep_alive=_KEPT,
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        self._servers.append(server)
        await server.serve(sockets=[place])

    def stop(self) -> None:
        """Let `serve` end."""
        for server in self._servers:
            server.should_exit = True


@contextmanager
def _sockets(paths: tuple[Path, ...]) -> Iterator[list[socket.socket]]:
    made: list[socket.socket] = []
    try:
        made.extend(map(_listening, paths))
        yield made
    finally:
        for one in made:
            one.close()
        for path in paths[: len(made)]:
            path.unlink(missing_ok=True)


def _listening(path: Path) -> socket.socket:
    """A socket at that path that its owner alone may use. Raises `UsageError`."""
    if len(os.fsencode(path)) > LONGEST:
        raise UsageError(
            f"--socket {path}: expected at most {LONGEST} characters, as unix sockets need; name a shorter path"
        )
    _clear(path)
    made = socket.socket(socket.AF_UNIX)
    before = os.umask(0o777 & ~OWNER_ONLY)
    try:
        made.bind(str(path))
        made.listen()
    except OSError as error:
        made.close()
        raise UsageError(f"--socket {path}: expected a place for a socket, but: {error.strerror}") from error
    finally:
        os.umask(before)
    return made


def _clear(path: Path) -> None:
    """Remove a socket that nobody serves any more. Raises `UsageError` for one that is served, and for another file."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(mode):
        raise UsageError(f"--socket {path}: expected no file there, or a socket, got another file; name another path")
    with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
        probe.connect(str(path))
        raise UsageError(f"--socket {path}: an engine is served there already; stop it, or name another path")
    path.unlink(missing_ok=True)


@contextmanager
def served(
    folder: Path, settings: ServerSettings | None = None, log: Callable[[str], None] | None = None
) -> Iterator[EngineServer]:
    """An engine in a thread of its own, on sockets in `folder`: ``engine.sock``, and ``plain.sock`` without faults."""
    server = EngineServer(
        path=folder / "engine.sock", settings=settings or ServerSettings(), plain=folder / "plain.sock", log=log
    )
    problem: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(server.serve())
        except BaseException as error:  # noqa: BLE001 -- raised again below, in the thread that waits
            problem.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        _await_answer(server, problem)
        yield server
    finally:
        server.stop()
        thread.join()


def _await_answer(server: EngineServer, problem: list[BaseException]) -> None:
    clock = RealClock()
    end = clock.now() + _START_LIMIT
    while not problem and clock.now() < end:
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(str(server.plain or server.path))
            if len(server._servers) == 2 and all(one.started for one in server._servers):  # noqa: SLF001 -- its own module
                return
        clock.sleep(_LOOK_EVERY)
    raise problem[0] if problem else UsageError(f"expected the engine to be served within {_START_LIMIT:g} s")


def ask(path: Path, method: str, body: bytes = b"") -> Any:
    """What the faults' control route of a served engine tells. Raises `UsageError` where it refuses, or none answers."""
    connection = _OverSocket(path)
    try:
        connection.request(method, f"{CONTROL}/faults", body)
        answer = connection.getresponse()
        told = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise UsageError(
            f"--socket {path}: expected an engine that `churn engine serve` serves there, got: {error}"
        ) from error
    finally:
        connection.close()
    if answer.status != _OK:
        raise UsageError(str(told["message"]))
    return told


class _OverSocket(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_START_LIMIT)
        self._path = path

    def connect(self) -> None:
        """As in the class above."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
