"""The proxy in front of an engine: what goes through unchanged, what is labelled, and what the faults make of it.

The engine here is a bare socket, and most tests are dialogues: the client says something, the engine reads just that.
"""

import http.client
import json
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from tempfile import TemporaryDirectory
from time import monotonic
from typing import ClassVar

import pytest
from attrs import define
from hypothesis import given, strategies as st

from churn.errors import EngineError, UsageError
from churn.system.faults.gate import Call, Fault, Gate, Late, Lost, Refused, Struck
from churn.system.proxy import Access, Proxy, proxied
from churn.system.proxy.address import Address
from churn.system.proxy.journal import AccessJournal
from churn.system.proxy.labels import created_by, with_labels
from churn.system.proxy.message import Chunked, ReplyHead, RequestHead, unchunked

Until = Callable[..., float]

LONG = 10.0
"""Seconds that no test waits for: what takes as long has hung."""

NOTHING_COMES = 0.2
"""Seconds in which something wrong would have shown."""

PING = b"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"
CREATE = b"POST /v1.41/containers/create?name=a HTTP/1.1\r\nHost: docker\r\nContent-Length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
CREATED = b'HTTP/1.1 201 Created\r\nContent-Length: 13\r\n\r\n{"Id": "abc"}'
ATTACH = b"POST /containers/a/attach HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
UPGRADED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
HIJACKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class End:
    """A blocking socket to talk with."""

    def __init__(self, end: socket.socket) -> None:
        end.settimeout(LONG)
        self.socket = end

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hears(self, data: bytes) -> None:
        """The next bytes are these."""
        assert self.read(len(data)) == data

    def read(self, count: int) -> bytes:
        """So many bytes, or fewer where the other side ends before."""
        read = b""
        while len(read) < count and (piece := self.socket.recv(count - len(read))):
            read += piece
        return read

    def hears_the_end(self) -> None:
        """The other side sends no more, in order."""
        assert self.socket.recv(100) == b""

    def hears_a_reset(self) -> None:
        with pytest.raises(ConnectionResetError):
            self.socket.recv(100)

    def hears_nothing(self) -> None:
        self.socket.settimeout(NOTHING_COMES)
        with pytest.raises(TimeoutError):
            self.socket.recv(1)
        self.socket.settimeout(LONG)

    def says_all_it_can(self, piece: bytes, most: int) -> int:
        """How many bytes, about `most` at most, go before the other side would have to read."""
        self.socket.settimeout(NOTHING_COMES)
        sent = 0
        with suppress(TimeoutError):
            while sent < most:
                sent += self.socket.send(piece)
        return sent

    def ends(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def leaves(self) -> None:
        self.socket.close()

    def cannot_say_more(self) -> bool:
        try:
            self.socket.send(b"x")
        except BrokenPipeError:
            return True
        return False


class Stage:
    """A listening socket that plays the engine, and a proxy in front of it."""

    def __init__(self, proxy: Proxy, gate: Gate, listener: socket.socket, stack: ExitStack) -> None:
        self.proxy, self.gate = proxy, gate
        self._listener, self._stack = listener, stack

    def client(self) -> End:
        """A new client of the proxy."""
        return End(self._closed(connected(self.proxy)))

    def engine(self) -> End:
        """The engine's end of the next connection that the proxy makes."""
        return End(self._closed(self._listener.accept()[0]))

    def engine_is_not_asked(self) -> None:
        self._listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            self._listener.accept()
        self._listener.settimeout(LONG)

    def asked(self, request: bytes) -> tuple[End, End]:
        """A client that has sent this request, and the engine that has read it."""
        client = self.client()
        client.say(request)
        engine = self.engine()
        engine.hears(request)
        return client, engine

    def talking(self, reply: bytes = UPGRADED) -> tuple[End, End]:
        """Both ends of a connection that is no longer HTTP."""
        client, engine = self.asked(ATTACH)
        engine.say(reply)
        client.hears(reply)
        return client, engine

    def _closed(self, end: socket.socket) -> socket.socket:
        return self._stack.enter_context(closing(end))


def open_files() -> int:
    """How many files this process has open, the proxy's among them."""
    return len(os.listdir("/proc/self/fd"))


class Echo(ThreadingUnixStreamServer):
    """An engine that says what was said to it."""

    request_queue_size = 100


class EchoHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def connected(proxy: Proxy) -> socket.socket:
    end = socket.socket(socket.AF_UNIX)
    try:
        end.connect(proxy.url.removeprefix("unix://"))
    except OSError:
        end.close()
        raise
    return end


@contextmanager
def staged(folder: Path, labels: Mapping[str, str]) -> Iterator[Stage]:
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory()), "engine")
        listener = stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
        listener.settimeout(LONG)
        listener.bind(str(place))
        listener.listen()
        gate = Gate()
        with proxied(f"unix://{place}", folder, labels, gate) as proxy:
            yield Stage(proxy, gate, listener, stack)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, {}) as made:
        yield made


@pytest.fixture
def labelling(tmp_path: Path) -> Iterator[Stage]:
    """Its proxy labels what is created."""
    with staged(tmp_path, {"churn.owner": "x"}) as made:
        yield made


@define
class Strike(Fault):
    """Answers every call of that verb, before or after the engine has it."""

    name: ClassVar[str] = "strike"
    told: Refused | Lost | Late = Lost.CLOSED
    verb: str = "create"
    late: bool = False

    def concerns(self, call: Call) -> bool:
        return call.verb == self.verb

    def before(self, call: Call) -> Refused | Lost | None:  # noqa: ARG002 -- a seam
        return None if self.late or isinstance(self.told, Late) else self.told

    def after(self, call: Call) -> Lost | Late | None:  # noqa: ARG002 -- a seam
        return self.told if self.late and not isinstance(self.told, Refused) else None


# What goes through


def test_requests_and_replies_go_through_as_they_are_on_one_connection(stage: Stage) -> None:
    client, engine = stage.asked(PING)
    for request in (b"GET /info?x=%20 HTTP/1.1\r\nhOST:docker\r\nX:  y \r\n\r\n", CREATE, PING):
        engine.say(OK)
        client.hears(OK)
        client.say(request)
        engine.hears(request)
    stage.engine_is_not_asked()


def test_each_client_has_a_connection_of_its_own(stage: Stage) -> None:
    first, for_first = stage.asked(PING)
    second, for_second = stage.asked(PING)
    for_second.say(OK)
    second.hears(OK)
    for_first.say(OK)
    first.hears(OK)


def test_pipelined_requests_are_answered_in_their_order(stage: Stage) -> None:
    client = stage.client()
    client.say(PING + CREATE + PING)
    client.ends()
    engine = stage.engine()
    for request, reply in ((PING, OK), (CREATE, CREATED), (PING, OK)):
        engine.hears(request)
        engine.say(reply)
        client.hears(reply)
    engine.hears_the_end()


def test_many_clients_at_once_each_get_their_own(tmp_path: Path) -> None:
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory()), "engine")
        server = stack.enter_context(Echo(str(place), EchoHandler))
        stack.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        proxy = stack.enter_context(proxied(f"unix://{place}", tmp_path, {"churn.owner": "x"}, Gate()))
        with ThreadPoolExecutor(20) as pool:
            said = list(pool.map(lambda number: _talk_of(proxy, f"client {number}"), range(20)))
        assert said == [[f"client {number}"] * 10 for number in range(20)]
        assert len(proxy.accesses()) == 200


def test_a_head_may_come_byte_by_byte(stage: Stage) -> None:
    client = stage.client()
    for byte in CREATE:
        client.say(bytes([byte]))
    engine = stage.engine()
    engine.hears(CREATE)
    for byte in OK:
        engine.say(bytes([byte]))
    client.hears(OK)


def test_a_reply_streams_as_it_comes(stage: Stage) -> None:
    client, engine = stage.asked(b"GET /events HTTP/1.1\r\nHost: docker\r\n\r\n")
    for piece in (CHUNKED, b"5\r\nhel", b"lo\r", b"\n3;x=y\r\nyou\r\n", b"0\r\nTrailer: z\r\n", b"\r\n"):
        engine.say(piece)
        client.hears(piece)
    client.say(PING)
    engine.hears(PING)


def test_a_request_streams_as_it_comes_and_may_be_answered_meanwhile(stage: Stage) -> None:
    head = b"POST /images/load HTTP/1.1\r\nHost: docker\r\nTransfer-Encoding: chunked\r\n\r\n"
    client, engine = stage.asked(head)
    engine.say(CHUNKED + b"2\r\nso\r\n")
    client.hears(CHUNKED + b"2\r\nso\r\n")
    for piece in (b"4\r\nbyte\r\n", b"0\r\n", b"\r\n"):
        client.say(piece)
        engine.hears(piece)
    engine.say(b"0\r\n\r\n")
    client.hears(b"0\r\n\r\n")
    client.say(PING)
    engine.hears(PING)


def test_a_request_may_be_answered_before_all_of_it_has_come(stage: Stage) -> None:
    client, engine = stage.asked(b"POST /build HTTP/1.1\r\nContent-Length: 4\r\n\r\n")
    engine.say(OK)
    client.hears(OK)
    client.hears_nothing()  # in that time the proxy has got over the reply
    client.say(b"\r\n\r\n" + PING)
    engine.hears(b"\r\n\r\n" + PING)


@pytest.mark.parametrize("chunked", [True, False])
def test_an_upload_of_many_megabytes_goes_through(stage: Stage, *, chunked: bool) -> None:
    content = os.urandom(1 << 20)
    count = 24
    frame = b"%x\r\n" % len(content) + content + b"\r\n" if chunked else content
    length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (count * len(content))
    client, engine = stage.asked(b"PUT /containers/a/archive HTTP/1.1\r\n" + length + b"\r\n\r\n")
    sender = threading.Thread(target=lambda: [client.say(frame) for _ in range(count)])
    sender.start()
    for _ in range(count):
        assert engine.read(len(frame)) == frame
    sender.join()
    if chunked:
        client.say(b"0\r\n\r\n")
        engine.hears(b"0\r\n\r\n")
    engine.say(OK)
    client.hears(OK)


def test_a_slow_reader_slows_the_sender_down(stage: Stage) -> None:
    client, engine = stage.asked(b"GET /containers/a/export HTTP/1.1\r\n\r\n")
    engine.say(CHUNKED)
    sent = engine.says_all_it_can(b"10000\r\n" + bytes(0x10000) + b"\r\n", most=1 << 24)
    assert sent < 1 << 24
    client.hears(CHUNKED)
    assert len(client.read(sent)) == sent


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (b"HEAD /_ping HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
        (b"POST /containers/a/start HTTP/1.1\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"POST /containers/a/start HTTP/1.1\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"),
    ],
)
def test_replies_without_a_body_are_known(stage: Stage, request_: bytes, reply: bytes) -> None:
    client, engine = stage.asked(request_)
    engine.say(reply)
    client.hears(reply)
    client.say(PING)
    engine.hears(PING)


def test_an_interim_reply_is_passed_on_before_the_body_is_sent(stage: Stage) -> None:
    head = b"POST /build HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    client, engine = stage.asked(head)
    engine.say(b"HTTP/1.1 100 Continue\r\n\r\n")
    client.hears(b"HTTP/1.1 100 Continue\r\n\r\n")
    client.say(b"body")
    engine.hears(b"body")
    engine.say(OK)
    client.hears(OK)


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (PING, b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOK"),
        (b"GET /_ping HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nOK"),
        (b"GET /_ping HTTP/1.1\r\nConnection: Close\r\n\r\n", OK),
    ],
)
def test_a_connection_that_is_to_close_is_closed_on_both_sides(stage: Stage, request_: bytes, reply: bytes) -> None:
    client, engine = stage.asked(request_)
    engine.say(reply)
    client.hears(reply)
    client.hears_the_end()
    engine.hears_the_end()


def test_a_reply_without_a_length_lasts_until_the_engine_closes(stage: Stage) -> None:
    client, engine = stage.asked(b"GET /_ping HTTP/1.0\r\n\r\n")
    engine.say(b"HTTP/1.0 200 OK\r\n\r\nso it ")
    engine.say(b"is")
    engine.leaves()
    client.hears(b"HTTP/1.0 200 OK\r\n\r\nso it is")
    client.hears_the_end()


def test_malformed_chunks_are_left_to_their_reader(stage: Stage) -> None:
    head = b"POST /images/load HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    client, engine = stage.asked(head)
    client.say(b"none\r\nso")
    engine.hears(b"none\r\nso")
    refusal = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    engine.say(refusal)
    engine.leaves()
    client.hears(refusal)
    client.hears_the_end()


@pytest.mark.parametrize(
    "request_",
    [
        b"PRI * HTTP/2.0\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost docker\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"x" * (3 << 20),
    ],
)
def test_what_is_no_request_is_refused(stage: Stage, request_: bytes) -> None:
    client = stage.client()
    try:
        client.say(request_)
    except BrokenPipeError:
        assert len(request_) > 1 << 20
    head = client.read(1 << 16).decode()
    assert head.startswith("HTTP/1.1 400 Bad Request\r\n")
    assert "expected" in json.loads(head.partition("\r\n\r\n")[2])["message"]
    stage.engine_is_not_asked()


def test_what_is_no_reply_is_told_the_client(stage: Stage) -> None:
    client, engine = stage.asked(PING)
    engine.say(b"SSH-2.0-OpenSSH\r\n\r\n")
    told = client.read(1 << 16).decode()
    assert told.startswith("HTTP/1.1 502 Bad Gateway\r\n")
    assert "got 'SSH-2.0-OpenSSH'" in told
    engine.hears_the_end()


# Streams that are no HTTP


@pytest.mark.parametrize("reply", [UPGRADED, HIJACKED])
def test_an_upgraded_connection_carries_bytes_both_ways_and_half_closes(stage: Stage, reply: bytes) -> None:
    client, engine = stage.talking(reply)
    client.say(b"GET / HTTP/1.1\r\n\r\n")
    engine.hears(b"GET / HTTP/1.1\r\n\r\n")
    engine.say(b"\0\1")
    client.hears(b"\0\1")
    client.ends()
    engine.hears_the_end()
    engine.say(b"the rest")
    client.hears(b"the rest")
    engine.leaves()
    client.hears_the_end()


def test_the_engine_may_half_close_first(stage: Stage) -> None:
    client, engine = stage.talking()
    engine.ends()
    client.hears_the_end()
    client.say(b"still")
    engine.hears(b"still")
    client.leaves()
    engine.hears_the_end()


def test_what_is_sent_before_the_upgrade_is_not_lost(stage: Stage) -> None:
    client = stage.client()
    client.say(ATTACH + b"early")
    client.ends()
    engine = stage.engine()
    engine.hears(ATTACH)
    engine.say(UPGRADED + b"hello")
    client.hears(UPGRADED + b"hello")
    engine.hears(b"early")
    engine.hears_the_end()


def test_all_that_a_client_sent_reaches_the_engine_though_it_has_left(stage: Stage) -> None:
    client, engine = stage.talking()
    size = 100_000
    client.say(bytes(size))
    client.leaves()
    assert len(engine.read(size + 1)) == size


def test_an_engine_that_does_not_read_notices_that_a_streams_client_has_left(stage: Stage, until: Until) -> None:
    client, engine = stage.talking()
    sent = client.says_all_it_can(bytes(0x10000), most=1 << 24)
    client.leaves()
    until(engine.cannot_say_more)
    assert len(engine.read(sent + 1)) == sent


def test_an_engine_notices_that_a_streams_client_has_left(stage: Stage, until: Until) -> None:
    client, engine = stage.talking()
    client.leaves()
    engine.hears_the_end()
    until(engine.cannot_say_more)


def test_a_client_notices_that_a_streams_engine_has_left(stage: Stage, until: Until) -> None:
    client, engine = stage.talking()
    engine.say(b"bye")
    engine.leaves()
    client.hears(b"bye")
    client.hears_the_end()
    until(client.cannot_say_more)


# Leaving


@pytest.mark.parametrize("reply", [b"", CHUNKED + b"2\r\nso\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nso"])
def test_an_engine_notices_that_a_client_has_left_before_its_reply_is_complete(
    stage: Stage, until: Until, reply: bytes
) -> None:
    client, engine = stage.asked(PING)
    engine.say(reply)
    client.hears(reply)
    client.leaves()
    engine.hears_the_end()
    until(engine.cannot_say_more)


def test_an_engine_notices_that_a_client_has_left_in_the_middle_of_an_upload(stage: Stage, until: Until) -> None:
    client, engine = stage.asked(b"POST /images/load HTTP/1.1\r\nContent-Length: 9\r\n\r\nso")
    client.leaves()
    engine.hears_the_end()
    until(engine.cannot_say_more)


def test_what_a_client_asked_before_it_left_is_asked(stage: Stage) -> None:
    client = stage.client()
    client.say(CREATE)
    client.leaves()
    engine = stage.engine()
    engine.hears(CREATE)
    engine.hears_the_end()


def test_a_client_that_only_half_closes_gets_its_reply(stage: Stage) -> None:
    client, engine = stage.asked(PING)
    client.ends()
    engine.hears_the_end()
    engine.say(OK)
    client.hears(OK)
    client.hears_the_end()


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200", CHUNKED + b"9\r\nso", OK])
def test_a_client_notices_that_the_engine_has_left(stage: Stage, said: bytes) -> None:
    client, engine = stage.asked(PING)
    engine.say(said)
    engine.leaves()
    whole_head = b"\r\n\r\n" in said
    client.hears(said if whole_head else b"")
    client.hears_the_end()


def test_a_reset_by_the_engine_is_one_for_the_client(stage: Stage) -> None:
    client = stage.client()
    client.say(PING)
    engine = stage.engine()
    engine.hears(PING[:-1])
    engine.leaves()
    client.hears_a_reset()


def test_an_engine_may_answer_an_upload_early_and_leave(stage: Stage) -> None:
    client, engine = stage.asked(b"POST /images/load HTTP/1.1\r\nContent-Length: 90000000\r\n\r\n")
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"
    engine.say(refusal)
    engine.leaves()
    with pytest.raises(BrokenPipeError):
        client.say(bytes(90000000))
    client.hears(refusal)


# Labels


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
LABELS = st.dictionaries(st.text(), st.text(), max_size=3)


@given(body=st.dictionaries(st.text(), JSON), had=st.none() | LABELS, labels=LABELS, indent=st.sampled_from([None, 1]))
def test_labels_are_added_and_win_and_all_else_stays(
    body: dict[str, object], had: dict[str, str] | None, labels: dict[str, str], indent: int | None
) -> None:
    others = {key: value for key, value in body.items() if key.lower() != "labels"}
    told = json.dumps({**others, "Labels": had}, indent=indent, ensure_ascii=indent is None).encode(
        "utf-8", "surrogatepass"
    )
    labelled = with_labels(told, labels)
    if labelled is None:  # a lone surrogate, which is no UTF-8
        with pytest.raises(UnicodeDecodeError):
            told.decode()
    else:
        assert json.loads(labelled) == {**others, "Labels": (had or {}) | labels}


@given(JSON.filter(lambda value: not isinstance(value, dict)))
def test_what_is_no_object_is_not_labelled(value: object) -> None:
    assert with_labels(json.dumps(value).encode(), {"a": "b"}) is None


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"}", b"{}{}", b'{"a": 1,}', b"{,}", b'{"a" 1}', b"{1: 2}", b'{"a": }', b'{"a": 1 "b": 2}'),
        *(b'{"Labels": []}', b'{"Labels": "x"}', b"\xff", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a": "\n"}'),
    ],
)
def test_what_is_no_json_or_has_labels_that_are_none_is_left_to_the_engine(body: bytes) -> None:
    assert with_labels(body, {"a": "b"}) is None


def test_values_stay_as_they_are_written() -> None:
    body = (
        b'{"Image": "\\u0061", "Big": 12345678901234567890123, "Float": 1.50e400, "Image": null, "labels": {"q": 1E2}}'
    )
    labelled = with_labels(body, {"a": "b"})
    assert labelled == (
        b'{"Image":"\\u0061","Big":12345678901234567890123,"Float":1.50e400,"Image":null,"Labels":{"q":1E2,"a":"b"}}'
    )


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/containers/create", "containers"),
        ("POST", "/v1.41/containers/create", "containers"),
        ("POST", "/v1.24/networks/create", "networks"),
        ("POST", "/v2.0/volumes/create", "volumes"),
        ("GET", "/containers/create", ""),
        ("POST", "/images/create", ""),
        ("POST", "/containers/create/start", ""),
        ("POST", "/x/containers/create", ""),
    ],
)
def test_it_is_known_what_creates(method: str, path: str, kind: str) -> None:
    assert created_by(method, path) == kind


@pytest.mark.parametrize(
    "path", [b"/containers/create?name=Labels", b"/v1.41/networks/create", b"/v1.24/volumes/create"]
)
def test_what_is_created_is_labelled(labelling: Stage, path: bytes) -> None:
    client = labelling.client()
    client.say(b"POST " + path + b' HTTP/1.1\r\nX: y\r\nContent-Length: 14\r\n\r\n{"Name": "\xc3\xa4"}' + PING)
    engine = labelling.engine()
    body = b'{"Name":"\xc3\xa4","Labels":{"churn.owner":"x"}}'
    engine.hears(b"POST " + path + b" HTTP/1.1\r\nX: y\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    engine.say(OK)
    client.hears(OK)
    engine.hears(PING)


def test_a_chunked_body_is_labelled_in_one(labelling: Stage) -> None:
    client = labelling.client()
    head = b"POST /containers/create HTTP/1.1\r\n"
    client.say(
        head + b'Transfer-Encoding: chunked\r\n\r\n8\r\n{"A": [1\r\n4;x\r\n,2]}\r\n0\r\nTrailer: z\r\n\r\n' + PING
    )
    engine = labelling.engine()
    engine.hears(head + b'Content-Length: 41\r\n\r\n{"A":[1,2],"Labels":{"churn.owner":"x"}}'.replace(b"41", b"40"))
    engine.say(OK)
    engine.hears(PING)


@pytest.mark.parametrize(
    "body",
    [
        *(b"Content-Length: 2\r\n\r\n[]", b"Content-Length: 0\r\n\r\n", b"\r\n"),
        *(
            b"Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n1\r\n]\r\n0\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
        ),
    ],
)
def test_a_body_that_is_no_object_goes_through_untouched(labelling: Stage, body: bytes) -> None:
    labelling.asked(b"POST /containers/create HTTP/1.1\r\n" + body)


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it(labelling: Stage) -> None:
    client = labelling.client()
    client.say(b"POST /containers/create HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    client.hears(b"HTTP/1.1 100 Continue\r\n\r\n")
    client.say(b"{}")
    body = b'{"Labels":{"churn.owner":"x"}}'
    labelling.engine().hears(b"POST /containers/create HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def test_a_client_that_leaves_in_the_middle_of_a_body_creates_nothing(labelling: Stage) -> None:
    client = labelling.client()
    client.say(b"POST /containers/create HTTP/1.1\r\nContent-Length: 4\r\n\r\n{}")
    client.leaves()
    engine = labelling.engine()
    engine.hears(b"POST /containers/create HTTP/1.1\r\nContent-Length: 4\r\n\r\n{}")
    engine.hears_the_end()


# Where a body ends


@st.composite
def chunks(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A chunked body, and what its chunks hold."""
    contents = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=4))
    extension = draw(st.sampled_from([b"", b";a=b", b" ;a"]))
    trailers = draw(st.sampled_from([b"", b"A: b\r\n", b"A: b\r\nC: d\r\n"]))
    framed = (b"%x%s\r\n%s\r\n" % (len(content), extension, content) for content in contents)
    return b"".join(framed) + b"0\r\n" + trailers + b"\r\n", b"".join(contents)


@given(chunks(), st.binary(max_size=10), st.integers(1, 50))
def test_the_end_of_a_chunked_body_is_found_however_it_is_cut(
    body: tuple[bytes, bytes], behind: bytes, step: int
) -> None:
    raw, content = body
    chunked = Chunked()
    counts = [chunked.measure((raw + behind)[at : at + step]) for at in range(0, len(raw + behind), step)]
    assert (sum(counts), chunked.is_done(), chunked.malformed) == (len(raw), True, False)
    assert unchunked(raw) == content


@pytest.mark.parametrize("size", [b"", b"-1", b"+1", b"0x1", b"1_0", b"g", b"1" * 17])
def test_a_malformed_chunk_ends_nowhere(size: bytes) -> None:
    chunked = Chunked()
    assert chunked.measure(size + b"\r\n0\r\n\r\n") == len(size) + 7
    assert chunked.malformed
    assert not chunked.is_done()


def test_a_target_may_name_the_host() -> None:
    assert (
        RequestHead.parse(b"GET http://docker/v1.41/containers/a%62/json?x=1 HTTP/1.1\r\n\r\n").path
        == "/v1.41/containers/ab/json"
    )


def test_a_reply_needs_no_reason() -> None:
    assert ReplyHead.parse(b"HTTP/1.1 204\r\n\r\n").status == 204


# Faults


def test_a_refused_call_does_not_reach_the_engine_and_the_connection_goes_on(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Refused(409, 'the name "a" is taken'), times=1))
    client = stage.client()
    client.say(CREATE + CREATE)
    body = b'{"message": "the name \\"a\\" is taken"}\n'
    client.hears(
        b"HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    engine = stage.engine()
    engine.hears(CREATE)
    engine.say(CREATED)
    client.hears(CREATED)
    assert stage.gate.struck == [Struck("strike", "create")]
    assert [access.status for access in stage.proxy.accesses()] == [409, 201]


def test_a_refused_ping_has_no_body_that_its_head_did_not_ask_for(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Refused(599, "no"), verb="ping"))
    client = stage.client()
    client.say(b"HEAD /_ping HTTP/1.1\r\nConnection: close\r\n\r\n")
    client.hears(b"HTTP/1.1 599 Unknown\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n")
    client.hears_the_end()


@pytest.mark.parametrize("late", [False, True])
def test_a_closed_connection_ends_in_order_whatever_else_was_sent(stage: Stage, *, late: bool) -> None:
    stage.gate.switch_on(Strike(Lost.CLOSED, late=late))
    client = stage.client()
    client.say(CREATE + PING)
    _carried_out(stage, late=late)
    client.hears_the_end()


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    ("verb", "request_"), [("create", CREATE), ("start", b"POST /containers/a/start HTTP/1.1\r\n\r\n")]
)
def test_a_reset_connection_is_reset(stage: Stage, verb: str, request_: bytes, *, late: bool) -> None:
    stage.gate.switch_on(Strike(Lost.RESET, verb, late=late))
    client = stage.client()
    client.say(request_)
    _carried_out(stage, request_, late=late)
    client.hears_a_reset()


def test_a_client_is_reset_when_it_waits_and_not_when_it_sends(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Lost.RESET))
    client = stage.client()
    client.say(CREATE[:-2])
    client.hears_nothing()
    client.say(CREATE[-2:])
    client.hears_a_reset()
    stage.engine_is_not_asked()


def test_a_reply_is_truncated_in_its_body(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Lost.TRUNCATED, late=True))
    client = stage.client()
    client.say(CREATE)
    _carried_out(stage, late=True)
    client.hears(CREATED[:-7])
    client.hears_the_end()


def test_a_chunked_reply_is_truncated_in_what_has_come(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Lost.TRUNCATED, "list", late=True))
    client, engine = stage.asked(b"GET /v1.41/containers/json?all=1 HTTP/1.1\r\n\r\n")
    engine.say(CHUNKED)
    client.hears_nothing()
    engine.say(b"14\r\n")
    client.hears(CHUNKED + b"14")
    client.hears_the_end()
    engine.hears_the_end()


def test_a_reply_without_a_body_is_truncated_before_its_status(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Lost.TRUNCATED, "start", late=True))
    client, engine = stage.asked(b"POST /containers/a/start HTTP/1.1\r\n\r\n")
    engine.say(b"HTTP/1.1 204 No Content\r\n\r\n")
    client.hears(b"HTTP/1.1")
    client.hears_the_end()


def test_before_the_engine_has_the_call_there_is_no_reply_to_truncate(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Lost.TRUNCATED))
    client = stage.client()
    client.say(CREATE)
    client.hears_the_end()
    stage.engine_is_not_asked()


def test_a_call_that_hangs_before_the_engine_has_it_goes_on_when_the_fault_is_off(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Lost.HANG, times=0))
    client = stage.client()
    client.say(CREATE)
    client.hears_nothing()
    stage.engine_is_not_asked()
    stage.gate.heal()
    engine = stage.engine()
    engine.hears(CREATE)
    engine.say(CREATED)
    client.hears(CREATED)


def test_a_call_that_hangs_after_the_engine_had_it_is_answered_when_the_fault_is_off(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Lost.HANG, late=True, times=0))
    client, engine = stage.asked(CREATE)
    engine.say(CREATED)
    client.hears_nothing()
    stage.gate.heal()
    client.hears(CREATED)
    client.say(PING)
    engine.hears(PING)


def test_a_client_may_leave_a_call_that_hangs_before_the_engine_has_it(stage: Stage, until: Until) -> None:
    stage.gate.switch_on(Strike(Lost.HANG, times=0))
    opened = open_files()
    client = stage.client()
    client.say(CREATE)
    client.hears_nothing()
    client.leaves()
    until(lambda: open_files() == opened)
    stage.gate.heal()
    stage.engine_is_not_asked()


def test_a_client_that_leaves_before_the_fault_is_off_has_asked_nothing(stage: Stage, until: Until) -> None:
    opened = open_files()
    for hung in range(1, 50):
        stage.gate.switch_on(Strike(Lost.HANG, times=0))
        client = stage.client()
        client.say(CREATE)
        until(lambda count=hung: len(stage.gate.struck) == count)
        client.leaves()
        stage.gate.heal()
        until(lambda: open_files() == opened)
        stage.engine_is_not_asked()


def test_a_client_may_leave_a_call_that_hangs_after_the_engine_had_it(stage: Stage, until: Until) -> None:
    stage.gate.switch_on(Strike(Lost.HANG, late=True, times=0))
    client, engine = stage.asked(CREATE)
    engine.say(CREATED)
    client.hears_nothing()
    client.leaves()
    engine.hears_the_end()
    until(engine.cannot_say_more)
    assert stage.proxy.containers() == ("abc",)


def test_a_reply_that_is_held_comes_whole_and_later_and_the_connection_goes_on(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Late(0.5), late=True, times=1))
    client, engine = stage.asked(CREATE)
    began = monotonic()
    engine.say(CREATED)
    client.hears_nothing()
    client.hears(CREATED)
    assert monotonic() - began >= 0.5
    client.say(PING)
    engine.hears(PING)
    assert stage.gate.held == 0.5


def test_a_client_may_leave_before_a_reply_that_is_held(stage: Stage, until: Until) -> None:
    stage.gate.switch_on(Strike(Late(LONG), late=True))
    client, engine = stage.asked(CREATE)
    engine.say(CREATED)
    client.hears_nothing()
    client.leaves()
    engine.hears_the_end()
    until(engine.cannot_say_more)
    assert stage.proxy.containers() == ("abc",)


def test_faults_of_other_calls_strike_nothing(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Lost.RESET, "start"))
    client, engine = stage.asked(CREATE)
    engine.say(CREATED)
    client.hears(CREATED)
    assert stage.gate.struck == []


def test_a_stream_may_be_lost_before_its_first_byte(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Lost.RESET, "attach", late=True))
    client, engine = stage.asked(ATTACH)
    engine.say(UPGRADED + b"hello")
    client.hears_a_reset()
    engine.hears_a_reset()


def test_a_fault_that_fails_is_told_at_the_end(tmp_path: Path) -> None:
    class Failing(Strike):
        def before(self, call: Call) -> None:
            raise EngineError(500, f"no {call.verb}")

    with pytest.raises(EngineError, match="no create"), staged(tmp_path, {}) as stage:
        _meets_nothing_but_the_end(stage, Failing())


# Interruptions


def test_an_interruption_drops_every_connection_and_takes_none_until_it_is_over(stage: Stage, until: Until) -> None:
    idle, for_idle = stage.asked(PING)
    for_idle.say(OK)
    idle.hears(OK)
    waiting, for_waiting = stage.asked(PING)
    talking, for_talking = stage.talking()

    stage.proxy.interrupt(0.3)
    for client, engine in ((idle, for_idle), (waiting, for_waiting), (talking, for_talking)):
        client.hears_the_end()
        engine.hears_the_end()
    assert _refused(stage.proxy)
    assert until(lambda: not _refused(stage.proxy)) > 0.1
    client, engine = stage.asked(PING)
    engine.say(OK)
    client.hears(OK)


def test_an_interruption_may_be_prolonged_and_ended(stage: Stage) -> None:
    stage.proxy.interrupt(0)
    stage.proxy.interrupt(LONG)
    assert _refused(stage.proxy)
    stage.proxy.resume()
    stage.proxy.resume()
    stage.asked(PING)


def test_the_proxy_may_be_stopped_in_an_interruption(tmp_path: Path) -> None:
    with staged(tmp_path, {}) as stage:
        stage.proxy.interrupt(LONG)
    assert _refused(stage.proxy)


# What was asked


def test_requests_are_journaled_with_the_engines_status(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Lost.CLOSED, late=True))
    client, engine = stage.asked(PING)
    assert stage.proxy.accesses() == (Access("GET", "/_ping", 0),)
    engine.say(OK)
    client.hears(OK)
    client.say(CREATE)
    engine.hears(CREATE)
    engine.say(CREATED)
    client.hears_the_end()
    assert stage.proxy.accesses() == (
        Access("GET", "/_ping", 200),
        Access("POST", "/v1.41/containers/create?name=a", 201),
    )


def test_containers_that_are_created_are_journaled_though_the_reply_is_lost(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Lost.RESET, late=True, times=0))
    for reply in (CREATED, CHUNKED.replace(b"200 OK", b"201 Created") + b'd\r\n{"Id": "def"}\r\n0\r\n\r\n'):
        client, engine = stage.asked(CREATE)
        engine.say(reply)
        client.hears_a_reset()
    assert stage.proxy.containers() == ("abc", "def")


def refusing(status: bytes, message: str) -> bytes:
    """A reply of an engine that did not do what it was asked."""
    body = json.dumps({"message": message}).encode()
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (refusing(b"500 Internal Server Error", "x: no space left on device"), ["x: no space left on device"]),
        (refusing(b"404 Not Found", "No such image: y"), ["No such image: y"]),
        (refusing(b"409 Conflict", "x: no space left on device"), []),
        (refusing(b"500 Internal Server Error", "port is already allocated"), []),
        (b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n[]", []),
    ],
)
def test_an_engine_in_trouble_is_noted_and_its_reply_passed_on(stage: Stage, reply: bytes, told: list[str]) -> None:
    client, engine = stage.asked(CREATE)
    engine.say(reply)
    client.hears(reply)
    assert [trouble.says for trouble in stage.gate.troubles] == told


def test_what_a_fault_answers_is_no_trouble_of_the_engines(stage: Stage) -> None:
    stage.gate.switch_on(Strike(Refused(404, "No such image: y")))
    client = stage.client()
    client.say(CREATE)
    assert client.read(12) == b"HTTP/1.1 404"
    assert stage.gate.troubles == []


def test_images_that_a_client_removes_are_counted(stage: Stage) -> None:
    for request, reply in (
        (b"DELETE /v1.41/images/y", OK),
        (b"DELETE /v1.41/images/z", refusing(b"404 Not Found", "no")),
    ):
        client, engine = stage.asked(request + b" HTTP/1.1\r\nHost: docker\r\n\r\n")
        engine.say(reply)
        client.hears(reply)
    assert stage.gate.images_removed == 1


@pytest.mark.parametrize("reply", [OK, CREATED.replace(b"abc", b'a"b'), CREATED.replace(b"Id", b"ID")])
def test_a_reply_that_tells_no_container_is_none(stage: Stage, reply: bytes) -> None:
    client, engine = stage.asked(CREATE)
    engine.say(reply)
    client.hears(reply)
    assert stage.proxy.containers() == ()


def test_the_journal_forgets_old_requests_but_no_container() -> None:
    journal = AccessJournal(kept=2)
    for number in range(3):
        journal.asked("POST", f"/{number}")
        journal.created(b'{"Id": "%d"}' % number)
    assert [access.path for access in journal.accesses()] == ["/1", "/2"]
    assert journal.containers() == ("0", "1", "2")


# Where it is, and where the engine is


def test_the_socket_is_its_users_alone_and_gone_at_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    threads = threading.active_count()
    with staged(folder, {}) as stage:
        paths = list(folder.iterdir())
        assert {f"unix://{path}" for path in paths} == {stage.proxy.url, *stage.proxy.clients}
        assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
        stage.client()
    assert list(folder.iterdir()) == []
    assert threading.active_count() == threads


def test_a_folder_whose_path_is_too_long_is_replaced(tmp_path: Path) -> None:
    with staged(tmp_path / ("x" * 100), {}) as stage:
        path = Path(stage.proxy.url.removeprefix("unix://"))
        assert len(os.fsencode(path)) <= 107
        stage.asked(PING)
    assert not path.parent.exists()


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="name a folder that this user may write to"), staged(tmp_path / "file", {}):
        pass


def test_the_journal_can_be_read_when_the_proxy_has_stopped(tmp_path: Path) -> None:
    with staged(tmp_path, {}) as stage:
        client, engine = stage.asked(PING)
        engine.say(OK)
        client.hears(OK)
    assert stage.proxy.accesses() == (Access("GET", "/_ping", 200),)


def test_an_engine_that_is_not_there_is_told_and_found_when_it_is(tmp_path: Path) -> None:
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory()), "engine")
        proxy = stack.enter_context(proxied(f"unix://{place}", tmp_path, {}, Gate()))
        client = End(stack.enter_context(closing(connected(proxy))))
        for _ in range(2):
            client.say(CREATE)
            told = http.client.HTTPResponse(client.socket)
            told.begin()
            message = f"churn's proxy: expected an engine at unix://{place}, got: [Errno 2] No such file or directory"
            assert (told.status, json.loads(told.read())) == (502, {"message": message})
        listener = stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
        listener.bind(str(place))
        listener.listen()
        client.say(CREATE)
        End(stack.enter_context(closing(listener.accept()[0]))).hears(CREATE)


def test_an_engine_on_tcp_is_spoken_to(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        url = f"tcp://localhost:{listener.getsockname()[1]}"
        with proxied(url, tmp_path, {}, Gate()) as proxy, closing(connected(proxy)) as end:
            client = End(end)
            client.say(ATTACH)
            with closing(listener.accept()[0]) as other:
                engine = End(other)
                engine.hears(ATTACH)
                engine.say(UPGRADED + b"hello")
                client.hears(UPGRADED + b"hello")
                client.ends()
                engine.hears_the_end()
                engine.say(b"bye")
                engine.leaves()
            client.hears(b"bye")
            client.hears_the_end()


def test_every_address_of_an_engines_host_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener, closing(socket.socket()) as held:
        listener.settimeout(LONG)
        held.bind(("127.0.0.1", 0))  # and does not listen
        places = [held.getsockname(), listener.getsockname(), held.getsockname()]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place) for place in places]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with proxied("tcp://engine", tmp_path, {}, Gate()) as proxy, closing(connected(proxy)) as end:
            End(end).say(PING)
            with closing(listener.accept()[0]) as other:
                End(other).hears(PING)


@pytest.mark.parametrize(
    "url",
    [
        *("", "unix://", "/var/run/docker.sock", "tcp://", "tcp://:2375", "tcp://host:port", "tcp://host/path"),
        *("tcp://user@host", "ssh://host", "https://host:2376", "npipe:////./pipe/docker", "unix:///" + "x" * 107),
    ],
)
def test_a_url_that_cannot_be_used_is_told(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expected .* got"), proxied(url, tmp_path, {}, Gate()):
        pass


@pytest.mark.parametrize(
    ("url", "host", "port"), [("tcp://a", "a", 2375), ("tcp://a:1/", "a", 1), ("tcp://[::1]:1", "::1", 1)]
)
def test_a_tcp_url_is_taken_apart(url: str, host: str, port: int) -> None:
    assert Address.parse(url) == Address(url, host=host, port=port)


def _talk_of(proxy: Proxy, name: str) -> list[str]:
    """What an engine that echoes says to ten requests that tell a name, which come back with the labels."""
    said = []
    connection = http.client.HTTPConnection("docker")
    with closing(connected(proxy)) as end, closing(connection):
        connection.sock = end
        for _ in range(10):
            connection.request("POST", "/volumes/create", json.dumps({"Name": name}))
            told = json.loads(connection.getresponse().read())
            assert told["Labels"] == {"churn.owner": "x"}
            said.append(told["Name"])
    return said


def _carried_out(stage: Stage, request: bytes = CREATE, *, late: bool) -> None:
    """The engine answers where the fault lets the call through, else it has not been asked."""
    if late:
        engine = stage.engine()
        engine.hears(request)
        engine.say(CREATED if request == CREATE else b"HTTP/1.1 204 No Content\r\n\r\n")
        engine.hears_the_end()
    else:
        stage.engine_is_not_asked()


def _meets_nothing_but_the_end(stage: Stage, fault: Fault) -> None:
    stage.gate.switch_on(fault)
    client = stage.client()
    client.say(CREATE)
    client.hears_the_end()


def _refused(proxy: Proxy) -> bool:
    try:
        connected(proxy).close()
    except (FileNotFoundError, ConnectionRefusedError):
        return True
    return False
