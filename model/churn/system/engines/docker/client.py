"""The docker SDK's client, which leaves nothing open where an engine cannot be reached."""

import socket
from contextlib import ExitStack
from typing import Any

import docker
import requests
from docker.transport import UnixHTTPAdapter
from docker.transport.unixconn import UnixHTTPConnection, UnixHTTPConnectionPool
from requests.adapters import BaseAdapter
from urllib3.exceptions import ProtocolError


class Client(docker.APIClient):
    """A client of one engine. Its constructor talks to that, and closes what it opened where it fails."""

    def __init__(self, **settings: Any) -> None:
        with ExitStack() as unless_done:
            unless_done.callback(self.close)
            super().__init__(**settings)
            unless_done.pop_all()

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        """As in the class above, but what changes nothing is asked once more where the connection was closed meanwhile.

        A connection is kept while nothing is asked, and whoever is at its other end may close it just when something is.
        """
        try:
            return super().send(request, **settings)
        except requests.ConnectionError as error:
            if request.method not in _CHANGE_NOTHING or not _was_closed(error):
                raise
        return super().send(request, **settings)

    def mount(self, prefix: str | bytes, adapter: BaseAdapter) -> None:
        """As in the class above, but the way over a unix socket is `_Adapter`'s."""
        super().mount(prefix, _Adapter.like(adapter) if isinstance(adapter, UnixHTTPAdapter) else adapter)


_CHANGE_NOTHING = ("GET", "HEAD")


def _was_closed(error: requests.ConnectionError) -> bool:
    """Whether there was a connection, and it ended without an answer."""
    reason = error.args[0] if error.args else None
    return isinstance(reason, ProtocolError) and any(isinstance(one, ConnectionError) for one in reason.args)


class _Connection(UnixHTTPConnection):
    """The SDK's own leaves the socket of a connection that fails to the garbage collector."""

    def connect(self) -> None:
        """As in the class above, but the socket is closed where nobody answers."""
        end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with ExitStack() as unless_done:
            unless_done.callback(end.close)
            end.settimeout(self.timeout)
            end.connect(self.unix_socket)
            unless_done.pop_all()
        self.sock = end


class _Pool(UnixHTTPConnectionPool):
    def _new_conn(self) -> Any:
        timeout: Any = self.timeout  # a number, which the stubs do not know
        return _Connection(self.base_url, self.socket_path, timeout)


class _Adapter(UnixHTTPAdapter):
    @classmethod
    def like(cls, other: UnixHTTPAdapter) -> "_Adapter":
        """One to the same socket."""
        return cls(other.socket_path, other.timeout, max_pool_size=other.max_pool_size)

    def get_connection(self, url: bytes | str, proxies: Any = None) -> UnixHTTPConnectionPool:  # noqa: ARG002 -- no proxy is between
        """As in the class above: a pool for each URL."""
        with self.pools.lock:
            pool: UnixHTTPConnectionPool | None = self.pools.get(url)
            if pool is None:
                pool = self.pools[url] = _Pool(str(url), self.socket_path, self.timeout, self.max_pool_size)
            return pool
