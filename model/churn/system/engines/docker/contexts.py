"""Where engines are: the one that the `docker` command would use, in an environment that is handed in, and others.

Contexts are those of the command's configuration, which the docker SDK looks for by itself.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import frozen
from docker.context import ContextAPI
from docker.context.config import get_current_context_name
from docker.utils import kwargs_from_env

from churn import errors
from churn.system.engines.docker.wire import translated

_SOCKETS = ("/var/run/docker.sock", "/run/podman/podman.sock")
_SOCKETS_OF_USERS = (
    ("XDG_RUNTIME_DIR", "docker.sock"),
    ("XDG_RUNTIME_DIR", "podman/podman.sock"),
    ("HOME", ".docker/run/docker.sock"),
    ("HOME", ".docker/desktop/docker.sock"),
)
"""Where engines listen by themselves; the second kind in a folder that a variable names."""
_UNIX = "unix://"
_REACHED_AT_ONCE = (_UNIX, "tcp://")
"""How addresses begin at which an engine answers without asking for a password first."""


@frozen
class Place:
    """Where an engine may be: its address, and the docker context of that name where one leads there."""

    url: str
    context: str = ""


def named_by(environ: Mapping[str, str]) -> str:
    """What says which engine the `docker` command would use: ``DOCKER_HOST``, or the name of a context."""
    if environ.get("DOCKER_HOST"):
        return "DOCKER_HOST"
    return f"docker context {environ.get('DOCKER_CONTEXT') or get_current_context_name()}"


def places(environ: Mapping[str, str]) -> tuple[Place, ...]:
    """Where else engines may be: sockets that are there, where engines listen by themselves, and what contexts lead to.

    None twice. Contexts are those of the `docker` command's configuration, if that can be read. Nothing is asked.
    """
    sockets = (*_SOCKETS, *(f"{environ[name]}/{rest}" for name, rest in _SOCKETS_OF_USERS if environ.get(name)))
    found = [Place(f"{_UNIX}{path}") for path in sockets if _is_socket(path)]
    with suppress(Exception):  # the SDK raises all kinds for a broken configuration, the plain one among them
        contexts = [Place(str(one.Host), str(one.Name)) for one in ContextAPI.contexts()]
        found += [place for place in contexts if place.url.startswith(_REACHED_AT_ONCE)]
    return tuple({_spot(place.url): place for place in found}.values())


def _is_socket(path: str) -> bool:
    """Whether it is one, as far as this user may see."""
    try:
        return Path(path).is_socket()
    except OSError:
        return False


def _spot(url: str) -> str:
    """What two addresses of one socket have in common, links followed."""
    return os.path.realpath(url.removeprefix(_UNIX)) if url.startswith(_UNIX) else url


def connection(environ: Mapping[str, str], name: str = "") -> dict[str, Any]:
    """Where the `docker` command would go, and with which certificates; nothing for the default socket."""
    if environ.get("DOCKER_HOST") and not name:
        with translated(environ["DOCKER_HOST"]):
            return dict(kwargs_from_env(environment=environ))
    wanted = name or environ.get("DOCKER_CONTEXT")
    with translated(f"docker context {wanted}" if wanted else "the current docker context"):
        context = ContextAPI.get_context(wanted or None)
    if context is None:
        raise errors.EngineUnreachable(
            f"there is no docker context {wanted or 'as configured'!r}; see `docker context ls`"
        )
    found = {"base_url": context.Host, "tls": context.TLSConfig}
    return {key: value for key, value in found.items() if value}
