"""What clients may send to a served engine: requests with anything in them, and bytes that are no request."""

import json
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mutating import Mutations

from churn.system.engines.docker.wire import archive_of
from churn.system.engines.emulated.api.routes import ROUTES
from churn.system.engines.emulated.api.server import ServerSettings, ask, served
from churn.system.engines.emulated.container import Timing
from churn.system.standin.image import TAG

_QUICK = Timing(
    create=0.0, start=0.0, terminate=0.0, kill=0.0, remove=0.0, free_name=0.0, crash=0.001, load=0.0, backoff=0.01
)
_NAMES = {"one": ("c", "n", "v", "none", TAG, "bridge"), "path": (TAG, "none", "x/y:z", "sha256:0")}
_BODIES: tuple[Any, ...] = (
    {"Image": TAG},
    {
        "Image": TAG, "Cmd": ["sleep", "0.01"], "Entrypoint": [], "Env": ["A=b"], "Labels": {"a": "b"},
        "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/v": {}}, "StopTimeout": 1, "StopSignal": "TERM", "Tty": False,
        "HostConfig": {
            "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 1}, "Binds": ["v:/v:ro"],
            "Mounts": [{"Type": "volume", "Source": "v", "Target": "/w"}], "NetworkMode": "n", "Memory": 10**7,
            "DeviceRequests": [{"Count": -1, "Capabilities": [["gpu"]]}], "PublishAllPorts": True, "AutoRemove": False,
        },
        "NetworkingConfig": {"EndpointsConfig": {"n": {"Aliases": ["x"], "IPAMConfig": {"IPv4Address": "172.20.0.9"}}}},
    },
    {"Name": "n", "Driver": "bridge", "Labels": {"a": "b"}, "Options": {}, "IPAM": {"Config": [{"Subnet": "172.20.0.0/16"}]}},
    {"Name": "v", "Labels": {"a": "b"}, "DriverOpts": {}},
    {"Container": "c", "EndpointConfig": {"Aliases": ["x"]}},
    {"RestartPolicy": {"Name": "always"}, "Memory": 10**7},
)  # fmt: skip
_ARCHIVE = archive_of("manifest.json", b'[{"Config": "c.json", "RepoTags": ["x:y"], "Layers": ["l.tar"]}]')
_QUERIES = {
    "name": "c", "t": "1", "signal": "KILL", "all": "1", "limit": "3", "size": "1", "force": "1", "v": "1",
    "condition": "next-exit",
    "filters": '{"label": ["a=b"], "name": {"c": true}, "status": ["running"], "until": ["10m"]}', "since": "0", "until": "1.5",
    "stdout": "1", "stderr": "1", "follow": "1", "tail": "3", "timestamps": "1", "path": "/v/x", "stream": "0", "fromImage": TAG,
    "repo": "x", "tag": "y", "fromSrc": "-", "changes": 'CMD ["x"]', "h": "1", "w": "1", "names": TAG,
}  # fmt: skip
_LASTING = ("stop", "restart", "wait", "logs", "events", "stats")
"""Calls that may last as long as they are asked to: of those only what is told at once is awaited."""
_PATIENCE, _AT_ONCE = 10.0, 0.05
"""Seconds that a client waits for an answer, and for one of a call that may last."""
_ROUND = 40
"""Requests after which the engine is emptied."""
Drawn = tuple[bytes, bool]


class Requests:
    """A served engine, and two clients: one that sends anything, and one that asks each time whether it answers."""

    def __init__(self, folder: Path) -> None:
        self._said: list[str] = []
        self._stack = ExitStack()
        settings = ServerSettings(frozenset({TAG}), speed=1000.0, timing=_QUICK)
        self._server = self._stack.enter_context(served(folder, settings, self._said.append))
        self._asked = 0

    def close(self) -> None:
        """Take it down."""
        self._stack.close()

    def draw(self, mutations: Mutations) -> Drawn:
        """As `Subject.draw`: the bytes to send, and whether the call may last."""
        method, path, _ = mutations.one(ROUTES)
        parts = [_filled(part, mutations) for part in path.split("/")]
        keys = mutations.chance.sample(sorted(_QUERIES), mutations.one((0, 1, 1, 2, 4)))
        query = "&".join(f"{quote(key)}={_quoted(_value(_QUERIES[key], mutations))}" for key in keys)
        version = mutations.one(("/v1.41", "/v1.41", "/v1.41", "", "/v1.24", "/v9.9", "/v1.", "/churn"))
        target = f"{version}{'/'.join(parts)}{'?' if query else ''}{query}"
        body = _body(mutations) if method in ("POST", "PUT") else b""
        if mutations.often(0.03):
            method, target = mutations.one(("GET", "POST", "DELETE")), "/churn/faults"
            body = json.dumps(mutations.data({"name": "latency", "milliseconds": 1, "on": "list"})).encode()
        head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode(
            "utf-8", "surrogatepass"
        )
        if mutations.often(0.05):
            head = mutations.text(head.decode("latin-1")).encode("latin-1", "replace")
        return head + body, any(word in path for word in _LASTING)

    def feed(self, drawn: Drawn) -> bool:
        """As `Subject.feed`. Raises `Fault` where the answer is a crash's, and where there is none after."""
        from fuzz import Fault

        raw, lasting = drawn
        told = _answer(self._server.path, raw, _AT_ONCE if lasting or b"/churn" in raw else _PATIENCE)
        if told.endswith(b"\r\n\r\nInternal Server Error"):
            raise Fault("an internal error")
        if self._said and (unread := [line for line in self._said if line.startswith("unreadable")]):
            self._said.clear()
            raise Fault(unread[0].rpartition(": ")[2][:80])
        self._said.clear()
        ask(self._server.path, "DELETE")  # no fault is left on
        if not _answer(self._server.path, _PING, _PATIENCE).startswith(b"HTTP/1.1 200"):
            raise Fault("no answer after it")
        self._asked += 1
        if self._asked % _ROUND == 0:
            self._empty()
        return told[9:10] == b"2"

    def _empty(self) -> None:
        listed = json.loads(_answer(self._server.path, _get("/containers/json?all=1")).partition(b"\r\n\r\n")[2])
        for row in listed:
            _answer(self._server.path, _delete(f"/containers/{row['Id']}?force=1&v=1"))
        for kind in ("networks", "volumes"):
            _answer(self._server.path, f"POST /{kind}/prune HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


def _delete(path: str) -> bytes:
    return f"DELETE {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


_PING = _get("/_ping")


def _answer(path: Path, raw: bytes, patience: float = _PATIENCE) -> bytes:
    """What comes back: all of it, as far as its head says how much that is."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(patience)
        client.connect(str(path))
        told = b""
        try:
            client.sendall(raw)
            client.shutdown(socket.SHUT_WR)
            while part := client.recv(2**16):
                told += part
        except (TimeoutError, BrokenPipeError, ConnectionResetError):
            pass
        return told


def _filled(part: str, mutations: Mutations) -> str:
    kind = part.strip("{}")
    if kind not in _NAMES:
        return part
    name = mutations.one(_NAMES[kind])
    return _quoted(mutations.text(name)) if mutations.often(0.2) else quote(name)


def _value(usual: str, mutations: Mutations) -> str:
    if usual.startswith("{") and mutations.often(0.5):
        return json.dumps(mutations.data(json.loads(usual)))
    return mutations.text(usual) if mutations.often(0.5) else usual


def _body(mutations: Mutations) -> bytes:
    if mutations.often(0.1):
        return mutations.text(_ARCHIVE.decode("latin-1")).encode("utf-8", "surrogatepass")
    body = mutations.one(_BODIES)
    if mutations.often(0.15):
        return b"" if mutations.often(0.3) else mutations.text(json.dumps(body)).encode("utf-8", "surrogatepass")
    return json.dumps(mutations.data(body) if mutations.often(0.7) else body).encode()


def _quoted(text: str) -> str:
    return quote(text[:3000].encode("utf-8", "surrogatepass"))
