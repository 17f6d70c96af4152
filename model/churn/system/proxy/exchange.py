"""One request that the engine gets, and its reply: passed on as they come, labelled, noted down, lost on the way."""

import asyncio
import http
import json
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum, auto

from attrs import define, frozen

from churn.system.faults.gate import Call, Gate, Late, Lost
from churn.system.proxy.address import Address
from churn.system.proxy.journal import Access, AccessJournal
from churn.system.proxy.labels import created_by, with_labels
from churn.system.proxy.message import (
    Body,
    Chunked,
    Endless,
    ReplyHead,
    RequestHead,
    next_piece,
    read_head,
    unchunked,
    whole,
)
from churn.system.proxy.stream import either
from churn.system.proxy.wire import LOOK_EVERY, Wire

_OK, _CREATED, _NOT_FOUND, _FAILED = 200, 201, 404, 500
_BAD_GATEWAY = 502
_GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


class Next(Enum):
    """What follows on a request that was answered."""

    REQUEST = auto()
    STREAM = auto()
    """Bytes both ways, until both sides have ended: HTTP is over."""
    RESET = auto()
    END = auto()

    @property
    def is_over(self) -> bool:
        """Whether nothing follows but the closing."""
        return self in (Next.RESET, Next.END)


@frozen
class ProxySettings:
    """What all clients of a proxy share."""

    engine: Address
    labels: Mapping[str, str]
    gate: Gate
    journal: AccessJournal

    def no_engine(self, error: Exception) -> str:
        """What a client is told in place of a reply."""
        return f"churn's proxy: expected an engine at {self.engine.url}, got: {error}"


@define(kw_only=True)
class Exchange:
    """A request whose head has come, and the two connections that it is passed on between."""

    client: Wire
    engine: Wire
    settings: ProxySettings
    request: RequestHead
    access: Access
    call: Call

    async def follow(self) -> Next:
        """Pass on the request and the reply, which may overlap, to the end of both, or until either side has left."""
        upload = asyncio.create_task(self._upload())
        try:
            follows = await either(self._reply(), self._left(upload))
            if follows is None or follows.is_over:
                return follows or Next.END
            through = upload.result() if upload.done() else await either(_result(upload), self.engine.ended())
            return follows if through else Next.END
        finally:
            upload.cancel()
            await asyncio.gather(upload, return_exceptions=True)

    async def _upload(self) -> bool:
        """Pass the request on; whether all of it went through."""
        with suppress(OSError):  # the reply, or its lack, tells the client
            if self.settings.labels and created_by(self.request.method, self.request.path):
                return await self._upload_labelled()
            body = self.request.body()
            await self.engine.send(self.request.raw)
            while piece := await next_piece(self.client, body):
                await self.engine.send(piece)
            return body.is_done()
        return False

    async def _upload_labelled(self) -> bool:
        body = await _awaited_body(self.client, self.request)
        raw = await whole(self.client, body)
        labelled = None
        if body.is_done():
            content = unchunked(raw) if isinstance(body, Chunked) else raw
            labelled = with_labels(content, self.settings.labels)
        if labelled is None:
            await self.engine.send(self.request.raw + raw)
        else:
            await self.engine.send(self.request.with_length(len(labelled)) + labelled)
        return body.is_done()

    async def _left(self, upload: asyncio.Task[bool]) -> None:
        """Return once the client has gone; before that, pass on that it sends no more."""
        await _result(upload)
        await self.client.ended()
        if self.client.is_empty():  # else it has asked more before it ended
            self.engine.end()
        await self.client.gone()

    async def _reply(self) -> Next:
        """Pass the reply on, unless it gets lost."""
        try:
            reply = await self._reply_head()
        except ValueError as error:
            self.access.status = _BAD_GATEWAY
            await self.client.send(answer(_BAD_GATEWAY, self.settings.no_engine(error)))
            return Next.END
        if reply is None:
            return Next.END
        self.access.status = reply.status
        body = reply.body(self.request.method)
        read = await self._noted(reply, body)
        return await self._lost(reply, body, read) or await self._pass_on(reply, body, read)

    async def _reply_head(self) -> ReplyHead | None:
        """The head of the reply proper; None where the engine closes the connection before."""
        while (raw := await read_head(self.engine)) is not None:
            reply = ReplyHead.parse(raw)
            if not reply.interim:
                return reply
            await self.client.send(raw)
        return None

    async def _noted(self, reply: ReplyHead, body: Body) -> bytes:
        """Note down what was created, or why it was not, for which the body has to be read: what was read of it."""
        created = reply.status == _CREATED and created_by(self.request.method, self.request.path) == "containers"
        of_images = self.call.verb.startswith("images/")
        failed = (reply.status >= _FAILED and not of_images) or (
            reply.status == _NOT_FOUND and self.call.verb == "create"
        )
        if of_images and self.request.method == "DELETE" and reply.status == _OK:
            self.settings.gate.images_removed += 1
        if not (created or failed):
            return b""
        read = await whole(self.engine, body)
        content = unchunked(read) if isinstance(body, Chunked) and body.is_done() else read
        if created:
            self.settings.journal.created(content)
        else:
            self.settings.gate.answered(reply.status, content)
        return read

    async def _lost(self, reply: ReplyHead, body: Body, read: bytes) -> Next | None:
        """What follows where the reply gets lost, as far as it does; None where the client is to have it, now that it is time."""
        gate = self.settings.gate
        lost = gate.after(self.call)
        if isinstance(lost, Late):
            await asyncio.sleep(lost.seconds)
            return None
        if lost is Lost.HANG:
            await healed(gate)
            return None
        if lost is Lost.TRUNCATED:
            await self.client.send(_half(reply, read or await next_piece(self.engine, body)))
        if lost is Lost.RESET:
            return Next.RESET
        return Next.END if lost else None

    async def _pass_on(self, reply: ReplyHead, body: Body, read: bytes) -> Next:
        """Send the reply, of whose body so much was read already."""
        await self.client.send(reply.raw + read)
        if isinstance(body, Endless):
            return Next.STREAM
        while piece := await next_piece(self.engine, body):
            await self.client.send(piece)
        goes_on = body.is_done() and reply.keep_alive and self.request.keep_alive
        return Next.REQUEST if goes_on else Next.END


def answer(status: int, message: str, *, bodiless: bool = False) -> bytes:
    """An error reply as Docker's; without its body for HEAD."""
    body = json.dumps({"message": message}).encode() + b"\n"
    head = (
        f"HTTP/1.1 {status} {_phrase(status)}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + (b"" if bodiless else body)


async def healed(gate: Gate) -> None:
    """Return once no fault is on that lets calls hang."""
    while gate.hanging():
        await asyncio.sleep(LOOK_EVERY)


async def swallow(client: Wire, request: RequestHead) -> bool:
    """Take the request's body and leave it at that; whether all of it came."""
    body = await _awaited_body(client, request)
    while await next_piece(client, body):
        pass
    return body.is_done()


async def _awaited_body(client: Wire, request: RequestHead) -> Body:
    """The request's body, for one who needs all of it: a client that first wants to be told to send it is told."""
    if request.fields.says("expect", "100-continue"):
        await client.send(_GO_ON)
    return request.body()


async def _result(task: asyncio.Task[bool]) -> bool:
    await asyncio.wait({task})
    return task.result()


def _half(reply: ReplyHead, piece: bytes) -> bytes:
    """The head and half of what there is of the body. Where there is none, not even the status: clients would be content."""
    return reply.raw + piece[: len(piece) // 2] if piece else reply.raw.partition(b" ")[0]


def _phrase(status: int) -> str:
    with suppress(ValueError):
        return http.HTTPStatus(status).phrase
    return "Unknown"
