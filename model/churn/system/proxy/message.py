"""HTTP/1 as far as a proxy needs it: heads are read and kept as they came, and bodies measured to find where they end."""

import re
from collections.abc import Iterable
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

from attrs import define, field, frozen

from churn.system.proxy.wire import Wire

LONGEST_HEAD = 1 << 20
"""In bytes, as in Docker's daemon."""

_END = b"\r\n\r\n"
_HEX = re.compile(rb"[0-9a-fA-F]{1,16}")
_BODILESS = frozenset({204, 304})
_FRAMING = ("content-length", "transfer-encoding", "trailer", "expect")
"""The fields that no longer hold once a body was replaced."""


class Body(Protocol):
    """Where a body ends."""

    def is_done(self) -> bool:
        """Whether all of it has been measured."""

    def measure(self, data: bytes) -> int:
        """How many of these next bytes belong to it."""


@define
class Counted:
    """A body of so many bytes."""

    left: int

    def is_done(self) -> bool:
        """As `Body.is_done`."""
        return self.left == 0

    def measure(self, data: bytes) -> int:
        """As `Body.measure`."""
        count = min(self.left, len(data))
        self.left -= count
        return count


@define
class Endless:
    """A body that ends where its sender does."""

    def is_done(self) -> bool:
        """As `Body.is_done`."""
        return False

    def measure(self, data: bytes) -> int:
        """As `Body.measure`."""
        return len(data)


@define
class Chunked:
    """A body in chunks, measured with what is between them. One that is malformed is endless: its reader shall judge it."""

    malformed: bool = field(default=False, init=False)
    _line: bytes = field(default=b"", init=False)
    """The beginning of a line whose end has not come."""
    _chunk: int = field(default=0, init=False)
    """Bytes left of a chunk and the line end behind it."""
    _last: bool = field(default=False, init=False)
    """Whether only trailers are to come."""
    _done: bool = field(default=False, init=False)

    def is_done(self) -> bool:
        """As `Body.is_done`."""
        return self._done

    def measure(self, data: bytes) -> int:
        """As `Body.measure`."""
        at = 0
        while at < len(data) and not self._done:
            if self.malformed:
                return len(data)
            at += self._skip(len(data) - at) if self._chunk else self._read_line(data, at)
        return at

    def _skip(self, most: int) -> int:
        count = min(self._chunk, most)
        self._chunk -= count
        return count

    def _read_line(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at)
        if end < 0:
            self._line += data[at:]
            self.malformed = len(self._line) > LONGEST_HEAD
            return len(data) - at
        line, self._line = self._line + data[at:end], b""
        self._understand(line.strip())
        return end + 1 - at

    def _understand(self, line: bytes) -> None:
        if self._last:
            self._done = not line
        elif (size := _chunk_size(line)) is None:
            self.malformed = True
        elif size:
            self._chunk = size + len(b"\r\n")
        else:
            self._last = True


@frozen
class Fields:
    """The fields of a head, names in lower case, in their order."""

    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Self:
        """Raises `ValueError` for a line that is no field."""
        split = [(line, *line.partition(":")) for line in lines]
        wrong = [line for line, _, colon, _ in split if not colon]
        if wrong:
            raise ValueError(f"expected a field such as 'Host: docker', got {wrong[0]!r}")
        return cls(tuple((name.strip().lower(), value.strip()) for _, name, _, value in split))

    def get(self, name: str) -> str:
        """Its value; of several all, with commas between; empty where there is none."""
        return ", ".join(value for other, value in self.pairs if other == name)

    def says(self, name: str, word: str) -> bool:
        """Whether the list that this field is has that word."""
        return word in (part.strip().lower() for part in self.get(name).split(","))

    def keep_alive(self, version: str) -> bool:
        """Whether the connection goes on after a message of that version."""
        return self.says("connection", "keep-alive") if version == "HTTP/1.0" else not self.says("connection", "close")

    def body(self) -> Body | None:
        """The body that they announce; None where they announce none. Raises `ValueError`."""
        if self.says("transfer-encoding", "chunked"):
            return Chunked()
        lengths = {value for name, value in self.pairs if name == "content-length"}
        if not lengths:
            return None
        length = lengths.pop()
        if lengths or not (length.isascii() and length.isdecimal()):
            raise ValueError(f"expected one Content-Length, a number, got {self.get('content-length')!r}")
        return Counted(int(length))


@frozen
class RequestHead:
    """The head of a request."""

    raw: bytes
    method: str
    target: str
    version: str
    fields: Fields

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Raises `ValueError` for what is no head of an HTTP/1 request with a body that can be measured."""
        first, *lines = _lines(raw)
        method, _, rest = first.partition(" ")
        target, _, version = rest.rpartition(" ")
        if not (method and target and version.startswith("HTTP/1.")):
            raise ValueError(f"expected a line such as 'GET /_ping HTTP/1.1', got {first!r}")
        request = cls(raw, method, target, version, Fields.parse(lines))
        request.body()
        return request

    @property
    def path(self) -> str:
        """What it is asked of: the target without its query, decoded."""
        return unquote(urlsplit(self.target).path)

    @property
    def keep_alive(self) -> bool:
        """Whether its sender would ask more on the same connection."""
        return self.fields.keep_alive(self.version)

    def body(self) -> Body:
        """Its body, unmeasured."""
        return self.fields.body() or Counted(0)

    def with_length(self, length: int) -> bytes:
        """This head for a body of so many bytes in place of its own."""
        lines = self.raw.removesuffix(_END).split(b"\r\n")
        kept = [line for line in lines[1:] if line.partition(b":")[0].strip().lower().decode("latin-1") not in _FRAMING]
        return b"\r\n".join([lines[0], *kept, b"Content-Length: %d" % length]) + _END


@frozen
class ReplyHead:
    """The head of a reply."""

    raw: bytes
    status: int
    version: str
    fields: Fields

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Raises `ValueError` for what is no head of an HTTP/1 reply with a body that can be measured."""
        first, *lines = _lines(raw)
        found = re.match(r"(HTTP/1\.\d) (\d{3})\b", first)
        if not found:
            raise ValueError(f"expected a line such as 'HTTP/1.1 200 OK', got {first!r}")
        reply = cls(raw, int(found[2]), found[1], Fields.parse(lines))
        reply.body("GET")
        return reply

    @property
    def keep_alive(self) -> bool:
        """Whether its sender would answer more on the same connection."""
        return self.fields.keep_alive(self.version)

    @property
    def interim(self) -> bool:
        """Whether the reply proper comes after it."""
        return self.status < 200 and not self.switching

    @property
    def switching(self) -> bool:
        """Whether the connection is no longer HTTP after it."""
        return self.status == 101

    def body(self, method: str) -> Body:
        """The body of this reply to a request of that method, unmeasured."""
        if self.switching:
            return Endless()
        if method == "HEAD" or self.interim or self.status in _BODILESS:
            return Counted(0)
        return self.fields.body() or Endless()


async def read_head(wire: Wire) -> bytes | None:
    """The next head, its last byte held; None where the peer ends before. Raises `ValueError` for an overlong one."""
    wire.release()
    head = b""
    while data := await wire.peek():
        whole = head + data
        end = whole.find(_END, max(0, len(head) - len(_END) + 1))
        if end >= 0:
            wire.hold(end + len(_END) - len(head))
            return whole[: end + len(_END)]
        if len(whole) > LONGEST_HEAD:
            raise ValueError(f"expected a head of at most {LONGEST_HEAD} bytes, got {whole[:40]!r} and more")
        wire.take(len(data))
        head = whole
    return None


async def next_piece(wire: Wire, body: Body) -> bytes:
    """The next bytes of the body; of its last ones, one is held. None where it is done, or (not done) its sender ends."""
    if body.is_done():
        return b""
    wire.release()
    data = await wire.peek()
    count = body.measure(data)
    if body.is_done():
        wire.hold(count)
    else:
        wire.take(count)
    return data[:count]


async def whole(wire: Wire, body: Body) -> bytes:
    """All of a body, as it comes on the wire; less where its sender ends before or it is malformed (then it is not done)."""
    pieces = []
    while piece := await next_piece(wire, body):
        pieces.append(piece)
        if isinstance(body, Chunked) and body.malformed:
            break
    return b"".join(pieces)


def unchunked(raw: bytes) -> bytes:
    """What the chunks of a complete body hold."""
    content: list[bytes] = []
    at = 0
    while True:
        end = raw.index(b"\n", at)
        size = _chunk_size(raw[at:end].strip())
        if not size:
            return b"".join(content)
        content.append(raw[end + 1 : end + 1 + size])
        at = end + 1 + size + len(b"\r\n")


def _lines(raw: bytes) -> list[str]:
    return raw.removesuffix(_END).decode("latin-1").split("\r\n")


def _chunk_size(line: bytes) -> int | None:
    size = line.partition(b";")[0].strip()
    return int(size, 16) if _HEX.fullmatch(size) else None
