"""The API as an ASGI application: one loop, no threads; a call that waits lets others go on, and time passes by the clock."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, NoReturn

from churn.errors import ChurnError, EngineUnreachable
from churn.system.clock import ScaledClock
from churn.system.engines.emulated.api.control import CONTROL, Control
from churn.system.engines.emulated.api.message import Reply, Stream, refused, told
from churn.system.engines.emulated.api.routes import Api
from churn.system.engines.emulated.calls import Until, Waits
from churn.system.faults.gate import Call, Gate, Late, Lost, Refused
from churn.system.refusals import refusal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CONNECTION = "churn.connection"
"""Where the scope has the connection's transport, so that replies can be lost."""
_HEARTBEAT = 0.1
"""Real seconds between two looks at what only shows by looking: behaviour files."""


class Gone(Exception):
    """The client went away, or its connection was cut: there is nobody to answer."""


class App:
    """Serves an `Api` whose core runs by `clock`. `gate` is where faults strike; `None` has no faults and no control."""

    def __init__(self, api: Api, clock: ScaledClock, gate: Gate | None = None) -> None:
        self.api = api
        self.clock = clock
        self.gate = gate or Gate()
        self.control = Control(gate) if gate is not None else None
        self._changed = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        method, path = scope["method"], scope["raw_path"].decode("ascii")
        query = scope["query_string"].decode("ascii")
        body = await _whole(receive)
        if self.control is not None and path.startswith(CONTROL):
            await self._send(_controlled(self.control, method, path, body), receive, send)
            self.beat()
            return
        with suppress(Gone):
            await self._answer(scope, method, f"{path}?{query}" if query else path, body, receive, send)

    async def _answer(self, scope: Scope, method: str, target: str, body: bytes, receive: Receive, send: Send) -> None:
        connection = scope.get(CONNECTION)
        call = Call.of(method, target)
        struck = self.gate.before(call)
        if struck is Lost.HANG:
            await self._hang(receive)
        elif isinstance(struck, Lost):
            _lose(struck, connection)
        if isinstance(struck, Refused):
            await self._send(refused(refusal(struck.status, struck.message)), receive, send)
            return
        try:
            reply = await self._carried_out(self.api.answer(method, target, body))
        except EngineUnreachable:
            _lose(Lost.RESET, connection)
        lost = self.gate.after(call)
        if isinstance(lost, Late):
            await self._hold(lost, receive)
        if lost is Lost.TRUNCATED:
            await self._send_half(reply, connection, send)
        elif lost in (Lost.CLOSED, Lost.RESET):
            _lose(lost, connection)
        else:
            await self._send(reply, receive, send)

    # -- waiting ------------------------------------------------------------------------------------------------------

    async def _carried_out(self, call: Waits[Reply]) -> Reply:
        """The call's reply. It is carried out to its end even if the client leaves: so does a real engine."""
        try:
            wait = next(call)
            while True:
                self.beat()
                wait = call.send(await self.until(wait))
        except StopIteration as done:
            self.beat()
            reply: Reply = done.value
            return reply

    async def until(self, wait: Until) -> bool:
        """Whether what is waited for came about within its limit."""
        core, began = self.api.core, self.clock.now()
        end = None if wait.limit is None else began + wait.limit
        while True:
            core.advance()
            if wait.reached():
                return True
            now = self.clock.now()
            if end is not None and now >= end:
                return False
            moments = [moment for moment in (core.agenda.next(), end) if moment is not None]
            await self._pause(self.clock.real(min(moments) - now) if moments else None)

    async def _pause(self, seconds: float | None) -> None:
        """Until something has changed, at most so many real seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    def beat(self) -> None:
        """Wake all who wait: something has changed."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Let happen what is due while nobody asks, until cancelled."""
        core = self.api.core
        while True:
            with suppress(EngineUnreachable):
                core.advance()
                core.runner.heed()
            self.beat()
            due = core.agenda.next()
            left = _HEARTBEAT if due is None else self.clock.real(due - self.clock.now())
            await asyncio.sleep(max(0.001, min(left, _HEARTBEAT)))

    # -- replies ------------------------------------------------------------------------------------------------------

    async def _send(self, reply: Reply, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": reply.status, "headers": _headers(reply)})
        if reply.stream is None:
            await send({"type": "http.response.body", "body": reply.body})
            return
        stream = asyncio.ensure_future(self._send_stream(reply.stream, send))
        left = asyncio.ensure_future(_gone(receive))
        await asyncio.wait((stream, left), return_when=asyncio.FIRST_COMPLETED)
        for task in (stream, left):
            task.cancel()
        sent, _ = await asyncio.gather(stream, left, return_exceptions=True)
        if isinstance(sent, Exception) and not isinstance(sent, EngineUnreachable):
            raise sent

    async def _send_stream(self, stream: Stream, send: Send) -> None:
        answer: bool | None = None
        with suppress(StopIteration):
            while True:
                part = next(stream) if answer is None else stream.send(answer)
                answer = None
                if isinstance(part, Until):
                    answer = await self.until(part)
                else:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _send_half(self, reply: Reply, connection: Any, send: Send) -> None:
        """The head, half of the body, and the end of the connection."""
        headers = [*_headers(reply), (b"content-length", str(max(len(reply.body), 2)).encode())]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
        _cut(connection)
        raise Gone

    async def _hang(self, receive: Receive) -> None:
        """No reply for as long as the fault is on. Raises `Gone` where the client gives up first."""
        left = asyncio.ensure_future(_gone(receive))
        while not left.done() and self.gate.hanging():
            await asyncio.wait((left,), timeout=_HEARTBEAT)
        if left.done():
            raise Gone
        left.cancel()

    async def _hold(self, late: Late, receive: Receive) -> None:
        """No reply for so long. Raises `Gone` where the client gives up first."""
        left = asyncio.ensure_future(_gone(receive))
        await asyncio.wait((left,), timeout=self.clock.real(late.seconds))
        if left.done():
            raise Gone
        left.cancel()


def _lose(lost: Lost, connection: Any) -> NoReturn:
    """No reply. Raises `Gone`."""
    _cut(connection, abruptly=lost is Lost.RESET)
    raise Gone


def _controlled(control: Control, method: str, path: str, body: bytes) -> Reply:
    try:
        return told(control.answer(method, path.removeprefix(CONTROL), json.loads(body or b"{}")))
    except (ChurnError, ValueError, TypeError, RecursionError) as error:
        return told({"message": str(error)}, 400)


def _cut(connection: Any, *, abruptly: bool = False) -> None:
    if connection is not None:
        (connection.abort if abruptly else connection.close)()


def _headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    found = {"Server": "Docker/20.10.24 (emulated)", **reply.headers}
    if reply.kind:
        found["Content-Type"] = reply.kind
    if reply.stream is None and reply.status not in (204, 304) and reply.body:
        found["Content-Length"] = str(len(reply.body))
    return [(key.lower().encode(), value.encode()) for key, value in found.items()]


async def _whole(receive: Receive) -> bytes:
    parts = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    return b"".join(parts)


async def _gone(receive: Receive) -> None:
    """Until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
