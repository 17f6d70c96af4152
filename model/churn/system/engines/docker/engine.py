"""The engine itself: what Churn asks of a Docker daemon, through the docker SDK."""

import math
import shutil
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from docker.utils import parse_repository_tag

from churn import errors
from churn.lifecycle.observation import Event, Resource, ResourceKind
from churn.system.engines.docker import wire
from churn.system.engines.docker.client import Client
from churn.system.engines.docker.contexts import connection
from churn.system.engines.docker.events import EventReader
from churn.system.engines.docker.layer import own_changes
from churn.system.engines.docker.wire import ANSWER_TIME, About, ImageInfo, carrying
from churn.system.protocols import Inspected, ListedContainer, Spec

_DEFAULT_NETWORK, _BRIDGE_NAME = "bridge", "com.docker.network.bridge.name"
_DEFAULT_SOCKET = "unix:///var/run/docker.sock"
_LOCAL_SOCKET = "http+docker://localhost"
"""What the SDK calls any unix socket."""


class DockerEngine:
    """A Docker daemon.

    Without a `url` it is the one that the `docker` command would use in the environment `environ`: DOCKER_HOST, else the
    context that DOCKER_CONTEXT or the command's configuration names; with a `context` the one that this leads to. The
    constructor talks to it. It and every call raise `EngineUnreachable` where no answer comes within `patience` seconds.
    """

    name = "docker"

    def __init__(
        self, environ: Mapping[str, str], url: str | None = None, *, context: str = "", patience: int = ANSWER_TIME
    ) -> None:
        self.cli = shutil.which("docker", path=environ.get("PATH")) is not None
        as_the_command = not url or url == environ.get("DOCKER_HOST")  # then its certificates count, too
        way = connection(environ, context) if as_the_command else {"base_url": url}
        told: str = way.get("base_url") or _DEFAULT_SOCKET
        self.url = told.replace("https://", "tcp://")
        """Where it is, as DOCKER_HOST would have it."""
        self.encrypted = bool(way.get("tls")) or told.startswith("https://")
        """Whether it is reached by TLS."""
        with self._asking():
            # Any: the SDK's stubs leave most calls untyped, which strict checking refuses to call
            self._api: Any = Client(version="auto", timeout=patience, use_ssh_client=True, **way)
        local = self._api.base_url == _LOCAL_SOCKET
        if local:
            self._api.trust_env = False  # proxies cannot be between; looking for them costs a fifth of a request
        with ExitStack() as unless_done:
            unless_done.callback(self.close)
            with self._asking():
                self._events = EventReader(self._api, local=local)
            self._named = self._events.named
            unless_done.pop_all()

    def close(self) -> None:
        """Give the connections back."""
        self._api.close()

    def identity(self) -> str:
        """The engine's own id, which outlives its restarts; those that were noticed show."""
        with self._asking():
            told = wire.identity_of(self._api.info())
        return f"{told}{f', restarted {self._events.restarts} time(s)' if self._events.restarts else ''}"

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
        return wire.about(info, version)

    def bridge(self) -> str | None:
        """The interface of its default network: ``docker0``; empty where it tells none, None where it has no such network."""
        with self._asking():
            networks = self._api.networks()  # Podman finds the default one by no name
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
            return str(self._api.create_container_from_config(wire.config(spec), name=spec.name)["Id"])

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

    def remove(self, reference: str, *, force: bool = False, volumes: bool = False) -> None:
        """Remove it; `force` kills it first, `volumes` removes those without a name with it.

        Raises `NotFound`, `Conflict`, `RemovalInProgress`.
        """
        with self._asking():
            self._api.remove_container(reference, force=force, v=volumes)

    def list(self, labels: Mapping[str, str] | None = None) -> tuple[ListedContainer, ...]:
        """All containers, those not running included, that carry all of `labels` (an empty value stands for any)."""
        with self._asking():
            entries = self._api.containers(all=True, filters=carrying(labels))
        return tuple(wire.listed(entry, self._named) for entry in entries)

    def inspect(self, reference: str) -> Inspected:
        """One container. Raises `NotFound`."""
        with self._asking():
            return wire.inspected(self._api.inspect_container(reference), self._named)

    def changes(self, reference: str) -> tuple[str, ...]:
        """Paths added, changed or deleted in its layer, but for those that the engine makes. Raises `NotFound`."""
        with self._asking():
            changed = self._api.diff(reference)
            return own_changes(changed, self._api.inspect_container(reference)) if changed else ()

    def put_file(self, reference: str, path: str, content: bytes) -> None:
        """Write a file in a container; its folder has to be there. Raises `NotFound`."""
        place = PurePosixPath(path)
        with self._asking():
            self._api.put_archive(reference, str(place.parent), wire.archive_of(place.name, content))

    def get_file(self, reference: str, path: str) -> bytes | None:
        """What is in a file of a container; None where there is no such file. Raises `NotFound` where there is no container."""
        try:
            with self._asking():
                chunks, _ = self._api.get_archive(reference, path)
                return wire.only_file(b"".join(chunks))
        except errors.NotFound:
            self.inspect(reference)
            return None

    def events(self) -> tuple[Event, ...]:
        """Container events since the last call of this, or since this object was made, in the engine's order.

        The engine remembers its last 256 events, of all kinds; what more there was between two calls is lost.
        """
        with self._asking():
            return self._events.read()

    def mark(self) -> int:
        """The place of the newest event read so far. Asks nothing."""
        return self._events.mark

    def resources(self, labels: Mapping[str, str] | None = None, volumes: Collection[str] = ()) -> frozenset[Resource]:
        """Networks but the built-in ones, volumes, and images by tag (by id where they have none).

        With `labels`, those that carry them all, and those `volumes` that are there. It asks for each kind in turn.
        """
        with self._asking():
            others = (self._api.volumes()["Volumes"] or ()) if labels and volumes else ()
        named = [Resource(ResourceKind.VOLUME, one["Name"]) for one in others if one["Name"] in volumes]
        return frozenset([*(resource for resource, _ in self._found(labels)), *named])

    def labelled(self, label: str) -> Mapping[Resource, str]:
        """Those of `resources` that carry the label, each with its value."""
        return {resource: told[label] for resource, told in self._found({label: ""})}

    def _found(self, labels: Mapping[str, str] | None) -> Sequence[tuple[Resource, Mapping[str, str]]]:
        """Networks, volumes and images with these labels, and all labels of each."""
        filters = carrying(labels)
        with self._asking():
            volumes, networks = self._api.volumes(filters=filters)["Volumes"], self._api.networks(filters=filters)
            return wire.resources(volumes or (), networks or (), self._api.images(filters=filters) or (), self._named)

    def remove_resource(self, resource: Resource) -> None:
        """Remove one of `resources`. Raises `NotFound`, `Conflict`."""
        removers = {
            ResourceKind.VOLUME: self._api.remove_volume,
            ResourceKind.NETWORK: partial(_remove_networks, self._api),
            ResourceKind.IMAGE: self._api.remove_image,
        }
        with self._asking():
            removers[resource.kind](resource.name)

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """A named volume; nothing happens where it is there."""
        with self._asking():
            self._api.create_volume(name, labels=dict(labels))

    def create_network(self, name: str, labels: Mapping[str, str]) -> None:
        """A named bridge network. Raises `Conflict` where it is there."""
        with self._asking():
            self._api.create_network(name, driver="bridge", check_duplicate=True, labels=dict(labels))

    def image(self, tag: str) -> ImageInfo | None:
        """The image of that tag or id; None where the engine does not have it."""
        try:
            with self._asking():
                told = self._api.inspect_image(tag)
        except errors.NotFound:
            return None
        return ImageInfo(told["Id"], (told["Config"] or {}).get("Labels") or {})

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
        settings = wire.dockerfile(entrypoint, workdir, labels or {})
        with self._asking():
            told = self._api.import_image_from_data(tar, tag, None, settings)  # Podman heeds no version by itself
        wire.check_progress(told)

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
        settings = wire.dockerfile(entrypoint, workdir, labels or {})
        with self._asking():
            builder = self._api.create_container_from_config({"Image": base, "Cmd": ["true"]})["Id"]
            try:
                self._api.put_archive(builder, "/", tar)
                self._api.commit(builder, repository, version, changes="\n".join(settings))
            finally:
                self._api.remove_container(builder)

    def pull(self, tag: str) -> None:
        """Get an image from its registry. Raises `NotFound` or `ServerError` with the registry's reason."""
        repository, version = parse_repository_tag(tag)
        with self._asking():
            told = self._api.pull(repository, version or "latest")
        wire.check_progress(told)

    def _asking(self) -> AbstractContextManager[None]:
        return wire.translated(self.url)


def _remove_networks(api: Any, name: str) -> None:
    """All of that name: two clients that looked at once may both have made one."""
    found = [one["Id"] for one in api.networks(names=[name]) if one["Name"] == name]
    for identity in found or [name]:
        api.remove_network(identity)
