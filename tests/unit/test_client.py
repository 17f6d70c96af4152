"""The SDK's client leaves nothing open where there is no engine, or none that it can speak with."""

import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import requests

from churn.errors import EngineUnreachable
from churn.system.engines.docker import DockerEngine
from churn.system.engines.docker.client import Client
from churn.system.engines.emulated.api.server import served

LIMIT = 10.0
"""Seconds that a connection may take to be closed, on a slow machine too."""


def sockets() -> set[str]:
    """Those that this process has open."""
    links = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            links.add(os.readlink(f"/proc/self/fd/{name}"))
        except FileNotFoundError:  # that of the folder itself
            continue
    return {link for link in links if link.startswith("socket:")}


def nothing(path: Path) -> None:
    """No file is there."""


def ended(path: Path) -> None:
    """Nobody listens any more."""
    with closing(socket.socket(socket.AF_UNIX)) as end:
        end.bind(str(path))


@pytest.mark.parametrize("place", [nothing, Path.touch, ended], ids=["nothing", "a file", "ended"])
def test_where_nobody_listens_no_socket_stays_open(place: Callable[[Path], None], tmp_path: Path) -> None:
    place(tmp_path / "x.sock")
    before = sockets()
    # The error is kept, and with it whatever the garbage collector would close.
    with pytest.raises(EngineUnreachable, match=r"x\.sock") as kept:
        DockerEngine({}, f"unix://{tmp_path}/x.sock")
    assert sockets() == before, kept


def test_where_an_engine_has_ended_no_socket_stays_open(tmp_path: Path) -> None:
    with ExitStack() as stack:
        with served(tmp_path) as server:
            engine = stack.enter_context(closing(DockerEngine({}, f"unix://{server.path}")))
        before = sockets()
        with pytest.raises(EngineUnreachable) as kept:
            engine.ping()
        assert sockets() <= before, kept


class _Server(socketserver.UnixStreamServer):
    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        return super().get_request()[0], ("local", 0)  # HTTP wants an address


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # which keeps connections

    def do_GET(self) -> None:
        body = json.dumps(self.told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


class _Closing(_Answering):
    """Answers each second request on a connection by closing that."""

    told: object = {"ApiVersion": "1.41", "Version": "20.10.24"}
    asked: list[str]

    def setup(self) -> None:
        super().setup()
        self.before = False

    def do_GET(self) -> None:
        self.asked.append(self.command)
        if self.before:
            self.close_connection = True
            return
        self.before = True
        super().do_GET()

    do_POST = do_GET  # noqa: N815 -- its name is the library's


@pytest.fixture
def closing_engine(tmp_path: Path) -> Iterator[tuple[Client, list[str]]]:
    """A client of something that closes connections, on its second connection, and what that was asked."""
    asked: list[str] = []
    handler = type("Closing", (_Closing,), {"asked": asked})
    with _Threads(str(tmp_path / "x.sock"), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True, args=(0.01,)).start()
        with closing(Client(base_url=f"unix://{tmp_path}/x.sock", version="1.41")) as client:
            client.version()
            asked.clear()
            yield client, asked
        server.shutdown()


class _Threads(socketserver.ThreadingMixIn, _Server):
    daemon_threads = True


def test_a_question_on_a_connection_that_is_closed_meanwhile_is_asked_once_more(
    closing_engine: tuple[Client, list[str]],
) -> None:
    client, asked = closing_engine
    assert client.version()["Version"] == "20.10.24"
    assert asked == ["GET", "GET"]


def test_what_changes_something_is_never_asked_twice(closing_engine: tuple[Client, list[str]]) -> None:
    client, asked = closing_engine
    url = f"{client.base_url}/v1.41/version"  # the connection that it kept
    with pytest.raises(requests.ConnectionError):
        client.post(url)
    assert asked == ["POST"]


@contextmanager
def answering(path: Path, told: object) -> Iterator[threading.Thread]:
    """Something that answers with this whatever it is asked, on one connection; the thread ends with that."""
    with _Server(str(path), type("Telling", (_Answering,), {"told": told})) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        yield thread


@pytest.mark.parametrize("told", [{}, [], {"ApiVersion": "1.12"}], ids=["no version", "no object", "too old"])
def test_what_is_no_engine_for_it_is_not_kept_connected(told: object, tmp_path: Path) -> None:
    with answering(tmp_path / "x.sock", told) as connection:
        with pytest.raises(EngineUnreachable) as kept:
            DockerEngine({}, f"unix://{tmp_path}/x.sock")
        connection.join(LIMIT)
        assert not connection.is_alive(), kept
