"""The table of calls, and the API as one thing: a request in, a reply out, whatever carries them."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, unquote

from churn.errors import EngineError, EngineUnreachable
from churn.system.engines.emulated.api import archive, containers, daemon, image_archives, images, networks, volumes
from churn.system.engines.emulated.api.message import Reply, Request, refused
from churn.system.engines.emulated.calls import Waits
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.journal import EventLog
from churn.system.refusals import refusal

Handler = Callable[..., Reply | Waits[Reply]]

_CONTAINER, _IMAGE, _NETWORK, _VOLUME = "/containers/{one}", "/images/{path}", "/networks/{one}", "/volumes/{one}"
ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/_ping", daemon.ping),
    ("HEAD", "/_ping", daemon.ping),
    ("GET", "/version", daemon.version),
    ("GET", "/info", daemon.info),
    ("GET", "/events", daemon.events),
    ("GET", "/system/df", daemon.usage),
    ("POST", "/build/prune", daemon.prune_builds),
    ("GET", "/containers/json", containers.listing),
    ("POST", "/containers/create", containers.create),
    ("POST", "/containers/prune", containers.prune),
    ("GET", f"{_CONTAINER}/json", containers.inspect),
    ("POST", f"{_CONTAINER}/start", containers.start),
    ("POST", f"{_CONTAINER}/stop", containers.stop),
    ("POST", f"{_CONTAINER}/restart", containers.restart),
    ("POST", f"{_CONTAINER}/kill", containers.kill),
    ("POST", f"{_CONTAINER}/pause", containers.pause),
    ("POST", f"{_CONTAINER}/unpause", containers.unpause),
    ("POST", f"{_CONTAINER}/wait", containers.wait),
    ("POST", f"{_CONTAINER}/rename", containers.rename),
    ("POST", f"{_CONTAINER}/update", containers.update),
    ("DELETE", _CONTAINER, containers.remove),
    ("GET", f"{_CONTAINER}/logs", containers.logs),
    ("GET", f"{_CONTAINER}/top", containers.top),
    ("GET", f"{_CONTAINER}/stats", containers.stats),
    ("GET", f"{_CONTAINER}/changes", archive.changes),
    ("GET", f"{_CONTAINER}/archive", archive.get),
    ("HEAD", f"{_CONTAINER}/archive", archive.get),
    ("PUT", f"{_CONTAINER}/archive", archive.put),
    ("GET", "/images/json", images.listing),
    ("GET", "/images/get", image_archives.save_several),
    ("POST", "/images/create", image_archives.create),
    ("POST", "/images/load", image_archives.load),
    ("POST", "/images/prune", images.prune),
    ("GET", f"{_IMAGE}/json", images.inspect),
    ("GET", f"{_IMAGE}/history", images.history),
    ("GET", f"{_IMAGE}/get", image_archives.save),
    ("POST", f"{_IMAGE}/tag", images.tag),
    ("DELETE", _IMAGE, images.remove),
    ("GET", "/networks", networks.listing),
    ("POST", "/networks/create", networks.create),
    ("POST", "/networks/prune", networks.prune),
    ("GET", _NETWORK, networks.inspect),
    ("DELETE", _NETWORK, networks.remove),
    ("POST", f"{_NETWORK}/connect", networks.connect),
    ("POST", f"{_NETWORK}/disconnect", networks.disconnect),
    ("GET", "/volumes", volumes.listing),
    ("POST", "/volumes/create", volumes.create),
    ("POST", "/volumes/prune", volumes.prune),
    ("GET", _VOLUME, volumes.inspect),
    ("DELETE", _VOLUME, volumes.remove),
)
"""Method, path and call; the first that fits counts. ``{one}`` is a part of a path, ``{path}`` one or more."""

_PARTS = {"{one}": "([^/]+)", "{path}": "(.+)"}
_VERSIONED = re.compile(r"/v(\d+)\.(\d+)(/.*)")


def _compiled(path: str) -> re.Pattern[str]:
    for part, pattern in _PARTS.items():
        path = path.replace(part, pattern)
    return re.compile(path)


_COMPILED = tuple((method, _compiled(path), handler) for method, path, handler in ROUTES)


def _silently(_: str) -> None:
    """Nobody listens."""


class Api:
    """The Docker Engine API over `core`. `log` is told what was asked for that is not there."""

    def __init__(self, core: Core, log: Callable[[str], None] = _silently) -> None:
        self.core = core
        self.log = log
        core.journal.log = core.journal.log or EventLog()

    def answer(self, method: str, target: str, body: bytes = b"") -> Waits[Reply]:
        """What the engine answers; refusals are replies. Raises `EngineUnreachable` while the engine is down."""
        path, _, query = target.partition("?")
        self.core.advance()
        try:
            request = Request(method, self._unversioned(path), parse_qs(query, keep_blank_values=True), body)
            handler, arguments = self._route(request)
            reply = handler(self.core, request, *arguments)
            return reply if isinstance(reply, Reply) else (yield from reply)
        except EngineUnreachable:
            raise
        except EngineError as error:
            return refused(error)
        except (TypeError, ValueError, AttributeError, KeyError, RecursionError) as error:
            # A value that nobody has thought of: whoever asks is told, and the engine goes on.
            self.log(f"unreadable: {method} {target}: {error!r}")
            return refused(refusal(400, f"invalid JSON: a value is not of the kind that is expected: {error}"))

    def _unversioned(self, path: str) -> str:
        """The path without its version. Raises `BadParameter` for a version that is not spoken here."""
        found = _VERSIONED.fullmatch(path)
        if found is None:
            return path
        asked = f"{found[1]}.{found[2]}"
        if _number(asked) > _number(daemon.API_VERSION):
            limit = f"Maximum supported API version is {daemon.API_VERSION}"
            raise refusal(400, f"client version {asked} is too new. {limit}")
        if _number(asked) < _number(daemon.OLDEST):
            limit = f"Minimum supported API version is {daemon.OLDEST}, please upgrade your client to a newer version"
            raise refusal(400, f"client version {asked} is too old. {limit}")
        return found[3]

    def _route(self, request: Request) -> tuple[Handler, list[str]]:
        for method, pattern, handler in _COMPILED:
            if method == request.method and (found := pattern.fullmatch(request.path)):
                return handler, [unquote(part) for part in found.groups()]
        self.log(f"not emulated: {request.method} {request.path}")
        raise refusal(404, "page not found")


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
