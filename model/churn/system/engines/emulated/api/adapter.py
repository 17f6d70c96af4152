"""The API in this process: the docker SDK talks to an emulated engine without a socket.

Calls that wait let the engine's clock run; with a virtual one they cost nothing. What has no end (events, logs that are
followed) ends where nothing more would happen, and is there as a whole: to read it while other calls are made needs the
server.
"""

import io
from collections.abc import Mapping
from typing import Any

import docker
import requests
from docker.utils.proxy import ProxyConfig
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from churn.errors import EngineUnreachable
from churn.system.engines.emulated.api.daemon import API_VERSION
from churn.system.engines.emulated.api.message import Reply, Stream, refused
from churn.system.engines.emulated.api.routes import Api
from churn.system.engines.emulated.calls import settle
from churn.system.engines.emulated.core import Core
from churn.system.faults.gate import Call, Gate, Late, Lost, Refused
from churn.system.refusals import refusal

_PLACE = "emulated:1"
"""Where the SDK believes that it connects to; it insists on a port."""
_ANSWER_TIME = 60.0
"""Seconds that a client waits for a reply that does not come, where it says nothing else."""
_TOO_LATE = "no reply came in time"


def client(core: Core, gate: Gate | None = None) -> docker.DockerClient:
    """The docker SDK over an emulated engine. What the user has configured for real engines has no part in it."""
    made = docker.DockerClient(base_url=f"tcp://{_PLACE}", version=API_VERSION)
    api: Any = made.api
    api.trust_env = False
    api._general_configs, api._proxy_configs = {}, ProxyConfig()  # noqa: SLF001 -- it reads the user's files by itself
    api.mount(f"http://{_PLACE}", Adapter(Api(core), gate))
    return made


class Adapter(BaseAdapter):
    """Carries requests to an `Api`; `gate` is where faults strike them."""

    def __init__(self, api: Api, gate: Gate | None = None) -> None:
        super().__init__()
        self._api = api
        self._gate = gate or Gate()

    def send(  # type: ignore[override]  # the settings of a connection are not needed where there is none
        self, request: requests.PreparedRequest, timeout: Any = None, **_: Any
    ) -> requests.Response:
        """The reply. Raises the library's own errors for replies that get lost."""
        method, target = request.method or "GET", request.path_url
        call = Call.of(method, target)
        struck = self._gate.before(call)
        if isinstance(struck, Lost):
            raise self._lost(struck, timeout)
        if isinstance(struck, Refused):
            reply = refused(refusal(struck.status, struck.message))
            return _response(request, reply, reply.body)
        try:
            reply = settle(self._api.core, self._api.answer(method, target, _body(request)))
            body = reply.body if reply.stream is None else self._whole(reply.stream)
        except EngineUnreachable as error:
            raise requests.ConnectionError(str(error)) from None
        late = self._gate.after(call)
        if isinstance(late, Lost):
            raise self._lost(late, timeout)
        if late is not None:
            self._await(late, timeout)
        return _response(request, reply, body)

    def close(self) -> None:
        """Nothing is open."""

    def _lost(self, lost: Lost, timeout: Any) -> requests.RequestException:
        if lost is Lost.HANG:
            self._api.core.clock.sleep(_patience(timeout))
            return requests.ReadTimeout(_TOO_LATE)
        if lost is Lost.TRUNCATED:
            return requests.exceptions.ChunkedEncodingError("the reply ended in the middle of its body")
        return requests.ConnectionError(f"the connection was {lost.value} before a reply came")

    def _await(self, late: Late, timeout: Any) -> None:
        """Wait for a reply. Raises `ReadTimeout` where it comes after the client has given up."""
        patience = _patience(timeout)
        self._api.core.clock.sleep(min(late.seconds, patience))
        if late.seconds >= patience:
            raise requests.ReadTimeout(_TOO_LATE)

    def _whole(self, stream: Stream) -> bytes:
        """All that a stream yields until it ends, or would wait for what never happens."""
        parts: list[bytes] = []
        answer: bool | None = None
        try:
            while True:
                part = next(stream) if answer is None else stream.send(answer)
                if isinstance(part, bytes):
                    parts.append(part)
                    answer = None
                else:
                    answer = self._api.core.await_state(part.reached, part.limit)
        except StopIteration:
            return b"".join(parts)


def _patience(timeout: Any) -> float:
    """Seconds after which the client gives up."""
    return float(timeout) if isinstance(timeout, int | float) else _ANSWER_TIME


def _body(request: requests.PreparedRequest) -> bytes:
    body: Any = request.body
    if body is None:
        return b""
    if hasattr(body, "read"):
        body = body.read()
    if not isinstance(body, str | bytes):
        body = b"".join(body)
    return body.encode() if isinstance(body, str) else body


class _Whole(io.BytesIO):
    """A body that is there already, with what the SDK looks for beneath a response: a connection that sends it in chunks."""

    chunked = True

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.chunk_left = len(body)

    @property
    def _fp(self) -> "_Whole":
        return self

    fp = raw = _sock = _fp

    def shutdown(self, _: int) -> None:
        """There is no connection to end."""


def _response(request: requests.PreparedRequest, reply: Reply, body: bytes) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url, made.request = reply.status, request.url or "", request
    headers: Mapping[str, str] = {"Content-Type": reply.kind, **reply.headers} if reply.kind else reply.headers
    made.headers = CaseInsensitiveDict(headers)
    made.raw = _Whole(body)
    made._content = body  # noqa: SLF001 -- the library's way to a response that is read already
    made.encoding = "utf-8"
    return made
