"""The real engine: Docker, or whatever speaks its API, through the docker SDK. The SDK's only home."""

import json
import math
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import docker
import docker.errors
import requests
import urllib3.exceptions
from attrs import frozen
from docker.context import ContextAPI
from docker.context.config import get_current_context_name
from docker.utils import kwargs_from_env, parse_repository_tag

from churn import errors
from churn.lifecycle.observation import Event
from churn.system.clock import today
from churn.system.protocols import Inspected, Listed, Mount, Spec
from churn.system.refusals import refusal

ANSWER_TIME = 60
"""Seconds within which an engine has to answer; what a stop grants its container comes on top."""

_BUILT_IN_NETWORKS = frozenset({"bridge", "host", "none"})
_DEFAULT_NETWORK, _BRIDGE_NAME = "bridge", "com.docker.network.bridge.name"
_UNTAGGED = "<none>:<none>"
_EVERY_GPU = -1
_SECOND = 1_000_000_000
"""In nanoseconds, the unit of the engine's event times."""

_OVERLAP = _SECOND
"""How far before the newest event read to read again: an event gets its time before it gets its place in the engine's
order, so one with an earlier time may come later, where containers are changed at once."""

_FEW = 64
"""Events of containers in one reading, among as many of other kinds, of which the engine cannot have forgotten one yet."""

_DEFAULT_SOCKET = "unix:///var/run/docker.sock"
_LOCAL_SOCKET = "http+docker://localhost"
"""What the SDK calls any unix socket."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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

_DESKTOP, _ROOTLESS = "Docker Desktop", "name=rootless"

Told = dict[str, Any]
"""What an engine tells: decoded JSON."""


@frozen
class Image:
    """An image that the engine has."""

    id: str
    labels: Mapping[str, str]


@frozen
class About:
    """What an engine tells of itself. `api` is the newest version of the API that it speaks: ``1.41``."""

    identity: str
    version: str
    api: str
    runtimes: frozenset[str] = frozenset()
    apart: str = ""
    """Why its networks are not this machine's, though it is: ``rootless``, ``Docker Desktop``; mostly empty."""


@frozen
class Place:
    """Where an engine may be: its address, and the docker context of that name where one leads there."""

    url: str
    context: str = ""


class DockerEngine:
    """A Docker daemon.

    Without a `url` it is the one that the `docker` command would use: DOCKER_HOST, else the context that DOCKER_CONTEXT or
    the command's configuration names; with a `context` the one that this leads to. The constructor talks to it. It and
    every call raise `EngineUnreachable` where no answer comes within `patience` seconds.
    """

    name = "docker"

    def __init__(self, url: str | None = None, *, context: str = "", patience: int = ANSWER_TIME) -> None:
        self.cli = shutil.which("docker") is not None
        as_the_command = not url or url == os.environ.get("DOCKER_HOST")  # then its certificates count, too
        connection = _connection(context) if as_the_command else {"base_url": url}
        told: str = connection.get("base_url") or _DEFAULT_SOCKET
        self.url = told.replace("https://", "tcp://")
        """Where it is, as DOCKER_HOST would have it."""
        self.encrypted = bool(connection.get("tls")) or told.startswith("https://")
        """Whether it is reached by TLS."""
        with self._asking():
            # Any: the SDK's stubs leave most calls untyped, which strict checking refuses to call
            self._api: Any = docker.APIClient(version="auto", timeout=patience, use_ssh_client=True, **connection)
        local = self._api.base_url == _LOCAL_SOCKET
        if local:
            self._api.trust_env = False  # proxies cannot be between; looking for them costs a fifth of a request
        with ExitStack() as unless_done:
            unless_done.callback(self.close)
            self._ahead = self._measured_ahead(local=local)
            unless_done.pop_all()
        self._feed = _Feed(since=self._engine_now())

    def close(self) -> None:
        """Give the connections back."""
        self._api.close()

    def identity(self) -> str:
        """The engine's own id, which outlives its restarts; those that were noticed show."""
        with self._asking():
            told = str(self._api.info()["ID"])
        return f"{told}{f', restarted {self._feed.restarts} time(s)' if self._feed.restarts else ''}"

    def version(self) -> str:
        """The engine's version, as people tell it: ``20.10.24``."""
        with self._asking():
            return str(self._api.version()["Version"])

    def architecture(self) -> str:
        """The machine that containers run on, in Go's words: ``amd64``, ``arm64``."""
        with self._asking():
            return str(self._api.version()["Arch"])

    def about(self) -> About:
        """What it tells of itself."""
        with self._asking():
            info, version = self._api.info(), self._api.version()
        rootless = _ROOTLESS in (info.get("SecurityOptions") or ())
        desktop = _DESKTOP if _DESKTOP in info.get("OperatingSystem", "") else ""
        runtimes = frozenset(info.get("Runtimes") or ())
        return About(
            info["ID"], version["Version"], version["ApiVersion"], runtimes, "rootless" if rootless else desktop
        )

    def bridge(self) -> str | None:
        """The interface of its default network: ``docker0``; empty where it tells none, None where it has no such network."""
        with self._asking():
            networks = self._api.networks(names=[_DEFAULT_NETWORK])
        found = (network for network in networks if network["Name"] == _DEFAULT_NETWORK)
        options = next((network.get("Options") or {} for network in found), None)
        return None if options is None else str(options.get(_BRIDGE_NAME, ""))

    def ping(self) -> None:
        """Raise `EngineUnreachable` where the engine does not answer."""
        with self._asking():
            self._api.ping()

    def create(self, spec: Spec) -> str:
        """A new container's id. Raises `NameTaken`, `NoSuchImage`, `BadParameter`."""
        with self._asking():
            return str(self._api.create_container_from_config(_config(spec), name=spec.name)["Id"])

    def start(self, reference: str) -> None:
        """Start it; nothing happens to one that runs. Raises `NotFound`, `Conflict`, `PortTaken`, `NoSuchDevice`."""
        with self._asking():
            self._api.start(reference)

    def stop(self, reference: str, grace: float = 10.0) -> None:
        """SIGTERM, after `grace` seconds (the API knows whole ones: rounded up) SIGKILL; returns when it has ended."""
        with self._asking():
            # The SDK waits longer than the grace: by what it waits for any other answer.
            self._api.stop(reference, timeout=math.ceil(grace))

    def kill(self, reference: str, signal: str = "KILL") -> None:
        """Send a signal and return at once. Raises `Conflict` where it does not run."""
        with self._asking():
            self._api.kill(reference, signal)

    def remove(self, reference: str, *, force: bool = False) -> None:
        """Remove it; `force` kills it first. Raises `NotFound`, `Conflict`, `RemovalInProgress`."""
        with self._asking():
            self._api.remove_container(reference, force=force)

    def list(self, labels: Mapping[str, str] | None = None) -> tuple[Listed, ...]:
        """All containers, those not running included, that carry all of `labels` (an empty value stands for any)."""
        with self._asking():
            entries = self._api.containers(all=True, filters=_carrying(labels))
        return tuple(_listed(entry) for entry in entries)

    def inspect(self, reference: str) -> Inspected:
        """One container. Raises `NotFound`."""
        with self._asking():
            return _inspected(self._api.inspect_container(reference))

    def changes(self, reference: str) -> tuple[str, ...]:
        """Paths added, changed or deleted in its layer. Raises `NotFound`."""
        with self._asking():
            return tuple(sorted(change["Path"] for change in self._api.diff(reference) or ()))

    def events(self) -> tuple[Event, ...]:
        """Container events since the last call of this, or since this object was made, in the engine's order.

        The engine remembers its last 256 events, of all kinds; what more there was between two calls is lost.
        """
        window = {
            "since": _seconds(self._feed.since),
            "until": _seconds(self._engine_now()),
            "filters": json.dumps({"type": ["container"]}),
        }
        with self._asking():
            return self._feed.take(self._get_lines("/events", window))

    def mark(self) -> int:
        """The place of the newest event read so far. Asks nothing."""
        return self._feed.mark

    def resources(self, labels: Mapping[str, str] | None = None) -> frozenset[str]:
        """Networks but the built-in ones, volumes, and images by tag (by id where they have none): ``volume x``.

        With `labels`, those that carry them all. It asks for each kind in turn.
        """
        filters = _carrying(labels)
        with self._asking():
            volumes = self._api.volumes(filters=filters)["Volumes"] or ()
            networks = self._api.networks(filters=filters) or ()
            images = self._api.images(filters=filters) or ()
        return frozenset(
            [f"volume {volume['Name']}" for volume in volumes]
            + [f"network {network['Name']}" for network in networks if network["Name"] not in _BUILT_IN_NETWORKS]
            + [f"image {name}" for image in images for name in _image_names(image)]
        )

    def remove_resource(self, resource: str) -> None:
        """Remove one of `resources`. Raises `NotFound`, `Conflict`, `UsageError` for what is none."""
        kind, _, name = resource.partition(" ")
        removers = {
            "volume": self._api.remove_volume,
            "network": self._api.remove_network,
            "image": self._api.remove_image,
        }
        if kind not in removers:
            raise errors.UsageError(f"expected a resource such as 'volume x', got {resource!r}")
        with self._asking():
            removers[kind](name)

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """A named volume; nothing happens where it is there."""
        with self._asking():
            self._api.create_volume(name, labels=dict(labels))

    def create_network(self, name: str, labels: Mapping[str, str]) -> None:
        """A named bridge network. Raises `Conflict` where it is there."""
        with self._asking():
            self._api.create_network(name, driver="bridge", check_duplicate=True, labels=dict(labels))

    def image(self, tag: str) -> Image | None:
        """The image of that tag or id; None where the engine does not have it."""
        try:
            with self._asking():
                told = self._api.inspect_image(tag)
        except errors.NotFound:
            return None
        return Image(told["Id"], (told["Config"] or {}).get("Labels") or {})

    def has_image(self, tag: str) -> bool:
        """Whether containers can be created from that tag without a pull."""
        return self.image(tag) is not None

    def tag(self, image: str, tag: str) -> None:
        """Give an image a further tag; what had it before stays, without it. Raises `NoSuchImage`."""
        repository, version = parse_repository_tag(tag)
        with self._asking():
            self._api.tag(image, repository, version)

    def import_image(
        self,
        tar: bytes,
        tag: str,
        entrypoint: Sequence[str],
        workdir: str = "/",
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """An image of one layer, its root file system the archive's. What had the tag before stays, without it."""
        repository, version = parse_repository_tag(tag)
        changes = _changes(entrypoint, workdir, labels or {})
        with self._asking():
            told = self._api.import_image_from_data(tar, repository, version, changes)
        _check_progress(told)

    def derive_image(
        self,
        base: str,
        tar: bytes,
        tag: str,
        entrypoint: Sequence[str],
        workdir: str = "/",
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """An image of `base` with the archive laid over its root. Raises `NoSuchImage`."""
        repository, version = parse_repository_tag(tag)
        changes = _changes(entrypoint, workdir, labels or {})
        with self._asking():
            builder = self._api.create_container_from_config({"Image": base, "Cmd": ["true"]})["Id"]
            try:
                self._api.put_archive(builder, "/", tar)
                self._api.commit(builder, repository, version, changes="\n".join(changes))
            finally:
                self._api.remove_container(builder)

    def pull(self, tag: str) -> None:
        """Get an image from its registry. Raises `NotFound` or `ServerError` with the registry's reason."""
        repository, version = parse_repository_tag(tag)
        with self._asking():
            told = self._api.pull(repository, version or "latest")
        _check_progress(told)

    def _asking(self) -> AbstractContextManager[None]:
        return _translated(self.url)

    def _get_lines(self, path: str, parameters: Mapping[str, str]) -> Iterator[Told]:
        """The values that an endpoint answers with, one a line. The SDK's own reader of events has no time limit."""
        url = f"{self._api.base_url}/v{self._api.api_version}{path}"
        answer = self._api.get(url, params=dict(parameters), timeout=ANSWER_TIME)
        try:
            answer.raise_for_status()
        except requests.HTTPError as error:
            docker.errors.create_api_error_from_http_exception(error)
        return (json.loads(line) for line in answer.text.splitlines())

    def _measured_ahead(self, *, local: bool) -> int:
        """Nanoseconds to add to this machine's time so that it is not before the engine's.

        None on one machine with one clock; where they differ by more than the measurement may be wrong, by how much, and
        that error on top: to ask for events until a little later only waits that little.
        """
        before = _now()
        with self._asking():
            told = datetime.fromisoformat(self._api.info()["SystemTime"])
        after = _now()
        error = (after - before) // 2
        ahead = _nanoseconds(told) - (before + error)
        return 0 if local and abs(ahead) <= error else ahead + error

    def _engine_now(self) -> int:
        return _now() + self._ahead


class _Feed:
    """The events read so far, each one once: reading overlaps, see `_OVERLAP`."""

    def __init__(self, since: int) -> None:
        self.mark = 0
        self.restarts = 0
        """How often the engine had forgotten what it told before: its memory of events ends with its process."""
        self._started = since
        self._seen: dict[tuple[int, str, str], None] = {}
        self._newest = since

    @property
    def since(self) -> int:
        """The time to read from, in nanoseconds."""
        return max(self._started, self._newest - _OVERLAP)

    def take(self, told: Iterable[Told]) -> tuple[Event, ...]:
        """Those of the engine's events that are new, numbered on."""
        new = []
        entries = tuple(told)
        self._notice_restart(entries)
        for entry in entries:
            key = _key(entry)
            if key not in self._seen:
                self._seen[key] = None
                self._newest = max(self._newest, key[0])
                self.mark += 1
                new.append(Event(self.mark, key[1], key[2].partition(":")[0]))
        self._seen = {key: None for key in self._seen if key[0] >= self.since}
        return tuple(new)

    def _notice_restart(self, entries: Sequence[Told]) -> None:
        """The newest event that was read is read again, unless the engine is not the process that told it."""
        known = {key for key in self._seen if key[0] == self._newest}
        again = {_key(entry) for entry in entries}
        if known and not known & again and len(entries) < _FEW:
            self.restarts += 1
            self._seen.clear()
            self._newest = max((key[0] for key in again), default=self._newest)


def _key(entry: Told) -> tuple[int, str, str]:
    return int(entry["timeNano"]), str(entry["Actor"]["ID"]), str(entry["Action"])


@contextmanager
def _translated(place: str) -> Iterator[None]:
    """The SDK's, the HTTP library's and the decoder's exceptions as Churn's."""
    try:
        yield
    except docker.errors.APIError as error:
        raise refusal(error.status_code or 0, str(error.explanation or error)) from error
    except docker.errors.NullResource as error:
        raise errors.BadParameter(400, f"expected an id or a name, got none: {error}") from error
    except (
        docker.errors.DockerException,
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        json.JSONDecodeError,
        OSError,
    ) as error:
        raise errors.EngineUnreachable(f"expected an answer of the Docker engine at {place}, got: {error}") from error


def _carrying(labels: Mapping[str, str] | None) -> dict[str, Sequence[str]]:
    """The filter for what carries all of these labels; an empty value stands for any."""
    return {"label": [f"{key}={value}" if value else key for key, value in (labels or {}).items()]}


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


def _connection(name: str = "") -> dict[str, Any]:
    """Where the `docker` command would go, and with which certificates; nothing for the default socket."""
    if os.environ.get("DOCKER_HOST") and not name:
        return dict(kwargs_from_env())
    wanted = name or os.environ.get("DOCKER_CONTEXT")
    with _translated(f"docker context {wanted}" if wanted else "the current docker context"):
        context = ContextAPI.get_context(wanted or None)
    if context is None:
        raise errors.EngineUnreachable(
            f"there is no docker context {wanted or 'as configured'!r}; see `docker context ls`"
        )
    found = {"base_url": context.Host, "tls": context.TLSConfig}
    return {key: value for key, value in found.items() if value}


def _config(spec: Spec) -> Told:
    """The body of the request that creates it."""
    return {
        "Image": spec.image,
        "Cmd": list(spec.command) or None,
        "Labels": dict(spec.labels),
        "ExposedPorts": {f"{port}/tcp": {} for port in spec.ports},
        "HostConfig": {
            "PortBindings": {f"{port}/tcp": [{"HostPort": str(port)}] for port in spec.ports},
            "Mounts": [_mount(mount) for mount in spec.mounts],
            "RestartPolicy": _restart_policy(spec.restart_policy),
            "DeviceRequests": [{"Count": _EVERY_GPU, "Capabilities": [["gpu"]]}] if spec.gpu else [],
        },
    }


def _mount(mount: Mount) -> Told:
    return {"Type": "bind", "Source": mount.source, "Target": mount.target, "ReadOnly": mount.read_only}


def _restart_policy(word: str) -> Told:
    """``on-failure:3`` has the number of attempts after the colon, as with `docker run --restart`."""
    name, _, attempts = word.partition(":")
    return {"Name": name, "MaximumRetryCount": int(attempts or 0)}


def _listed(entry: Told) -> Listed:
    # An engine writes null for an empty map or list.
    published = {port["PublicPort"] for port in entry["Ports"] or () if port.get("PublicPort")}
    return Listed(
        id=entry["Id"],
        name=_own_name(entry["Names"] or ()),
        state=entry["State"],
        image=entry["Image"],
        labels=entry["Labels"] or {},
        ports=tuple(sorted(published)),
    )


def _own_name(names: Iterable[str]) -> str:
    """Of ``/web`` and the likes of ``/other/alias``, which a link of another container adds, the first kind."""
    return next((name[1:] for name in names if name.count("/") == 1), "")


def _inspected(told: Told) -> Inspected:
    state, host = told["State"], told["HostConfig"]
    return Inspected(
        id=told["Id"],
        name=told["Name"].lstrip("/"),
        state=state["Status"],
        exit_code=state["ExitCode"],
        restart_policy=host["RestartPolicy"]["Name"] or "no",
        restart_count=told["RestartCount"],
        labels=told["Config"]["Labels"] or {},
        ports=_asked_ports(host["PortBindings"] or {}),
        error=state["Error"],
    )


def _asked_ports(bindings: Mapping[str, Sequence[Mapping[str, str]] | None]) -> tuple[int, ...]:
    """The host ports that it is created with; one that the engine is to choose is not among them."""
    told = {binding["HostPort"] for places in bindings.values() for binding in places or ()}
    return tuple(sorted(int(port) for port in told if port.isdecimal() and int(port)))


def _image_names(image: Told) -> Sequence[str]:
    tags = [tag for tag in image["RepoTags"] or () if tag != _UNTAGGED]
    return tags or [image["Id"]]


def _changes(entrypoint: Sequence[str], workdir: str, labels: Mapping[str, str]) -> list[str]:
    """The image's settings, as lines of a Dockerfile."""
    settings = [f"ENTRYPOINT {json.dumps(list(entrypoint))}", f"WORKDIR {workdir}"]
    return settings + [f"LABEL {json.dumps(key)}={json.dumps(value)}" for key, value in labels.items()]


def _check_progress(told: str) -> None:
    """Raise what went wrong after the engine had begun to answer 200: then it is told in the progress it reports."""
    for line in told.splitlines():
        with suppress(json.JSONDecodeError):
            problem = json.loads(line).get("error")
            if problem:
                raise refusal(500, problem)


def _now() -> int:
    return _nanoseconds(today())


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _seconds(nanoseconds: int) -> str:
    """As the engine reads times: a float would lose the last digits."""
    return f"{nanoseconds // _SECOND}.{nanoseconds % _SECOND:09d}"
