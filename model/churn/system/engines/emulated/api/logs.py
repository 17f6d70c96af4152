"""A container's logs as the API sends them: frames of one stream each, or the bare bytes where it has a terminal."""

import struct
from functools import partial

from churn.system.engines.emulated.api.dates import asked_moment, when
from churn.system.engines.emulated.api.message import Request, Stream
from churn.system.engines.emulated.calls import Until
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.core import Core

Line = tuple[float, int, bytes]


def reading(core: Core, container: EmulatedContainer, request: Request) -> Stream:
    """The lines there are, and with ``follow`` those to come until the container ends."""
    places = {number for number, name in ((1, "stdout"), (2, "stderr")) if request.flag(name)}
    told = [line for line in container.logs if line[1] in places and _within(core, line, request)]
    tail = request.value("tail", "all")
    if tail.isdecimal():
        told = told[len(told) - min(int(tail), len(told)) :]
    for line in told:
        yield _sent(core, container, line, request)
    read = len(container.logs)
    while request.flag("follow") and container.alive:
        if not (yield Until(partial(_moved, container, read))):
            return
        for line in container.logs[read:]:
            if line[1] in places:
                yield _sent(core, container, line, request)
        read = len(container.logs)


def _moved(container: EmulatedContainer, read: int) -> bool:
    return len(container.logs) > read or not container.alive


def _within(core: Core, line: Line, request: Request) -> bool:
    moment = core.calendar.nanoseconds(line[0])
    since, until = asked_moment(request.value("since")), asked_moment(request.value("until"))
    return moment >= (since or 0) and (not until or moment <= until)


def _sent(core: Core, container: EmulatedContainer, line: Line, request: Request) -> bytes:
    moment, stream, content = line
    if request.flag("timestamps"):
        content = f"{when(core, moment)} ".encode() + content
    return content if container.body.get("Tty") else struct.pack(">BxxxL", stream, len(content)) + content
