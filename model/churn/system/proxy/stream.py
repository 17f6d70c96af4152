"""Bytes both ways between a client and the engine, and whatever else goes on at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from churn.system.proxy.wire import Wire

T = TypeVar("T")


async def either(wanted: Coroutine[Any, Any, T], instead: Coroutine[Any, Any, object]) -> T | None:
    """What `wanted` gives; None where `instead` ends before it, which cancels it. Raises what the first to end raises."""
    first, second = asyncio.create_task(wanted), asyncio.create_task(instead)
    try:
        await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)
        if first.done():
            return first.result()
        second.result()
        return None
    finally:
        first.cancel()
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)


async def stream(client: Wire, engine: Wire) -> None:
    """Pass on bytes, and that either side sends no more, until one of them has gone and all that it sent is passed on."""
    client.release()
    await either(_pour(client, engine), _pour(engine, client))


async def _pour(source: Wire, sink: Wire) -> None:
    """Pass on all that comes of `source`, until it has gone."""
    try:
        while data := await source.receive():
            await sink.send(data)
        sink.end()
    except OSError:  # the sink has gone, which the source shall notice as soon as it sends more; or the source has
        source.refuse()
    await source.gone()
