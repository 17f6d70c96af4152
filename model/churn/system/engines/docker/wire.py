"""What a Docker daemon and Churn say to each other: decoded JSON as Churn's values and back, errors as Churn's."""

import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import docker.errors
import requests
import urllib3.exceptions
from attrs import frozen

from churn import errors
from churn.lifecycle.form import Form
from churn.lifecycle.observation import Resource, ResourceKind
from churn.system.forms import form_of, volumes_of
from churn.system.protocols import Inspected, ListedContainer, Mount, Spec
from churn.system.refusals import refusal

ANSWER_TIME = 60
"""Seconds within which an engine has to answer; what a stop grants its container comes on top."""

_PUBLISHING = ("running", "paused")
"""States in which a container has its ports."""
_UNTAGGED = "<none>:<none>"
_BUILT_IN_NETWORKS = frozenset({"bridge", "host", "none"})
_EVERY_GPU = -1
_SHORT = 12
"""Digits of an id by which people call a container."""
DOCKER, PODMAN = "Docker", "Podman"
_DESKTOP, _ROOTLESS = "Docker Desktop", "name=rootless"

Told = dict[str, Any]
"""What an engine tells: decoded JSON."""


@frozen
class ImageInfo:
    """An image that the engine has."""

    id: str
    labels: Mapping[str, str]


@frozen(kw_only=True)
class About:
    """What an engine tells of itself. `api` is the newest version of Docker's API that it speaks: ``1.41``."""

    identity: str
    version: str
    api: str
    kind: str = DOCKER
    """Whose engine it is: `DOCKER` or `PODMAN`."""
    runtimes: frozenset[str] = frozenset()
    apart: str = ""
    """Why its networks are not this machine's, though it is: ``rootless``, ``Docker Desktop``; mostly empty."""


def identity_of(info: Told) -> str:
    """What tells the engine from others. Podman makes up an id for each answer: there, it is where its containers are kept."""
    return IDENTITY_OF_PODMAN % (info["Name"], info["DockerRootDir"]) if is_podman(info) else str(info["ID"])


IDENTITY_OF_PODMAN = "podman on %s, in %s"


def ask_identity(kind: str) -> str:
    """The format in which `docker info` tells the identity of an engine of that kind."""
    return IDENTITY_OF_PODMAN % ("{{.Name}}", "{{.DockerRootDir}}") if kind == PODMAN else "{{.ID}}"


def is_podman(info: Told) -> bool:
    """Whether the engine that tells this of itself is Podman, which speaks Docker's API."""
    return "BuildahVersion" in info


def about(info: Told, version: Told) -> About:
    """What it tells of itself, from the answers to both questions for that."""
    kind = PODMAN if is_podman(info) else DOCKER
    rootless = _ROOTLESS in (info.get("SecurityOptions") or ())
    desktop = _DESKTOP if _DESKTOP in info.get("OperatingSystem", "") else ""
    runtimes = frozenset(info.get("Runtimes") or ())
    return About(
        identity=identity_of(info),
        version=version["Version"],
        api=version["ApiVersion"],
        kind=kind,
        runtimes=runtimes,
        apart="rootless" if rootless else desktop,
    )


@contextmanager
def translated(place: str) -> Iterator[None]:
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
        OSError,
        ValueError,  # of what is no address, and of what is no JSON
        RecursionError,
    ) as error:
        raise errors.EngineUnreachable(f"expected an answer of the Docker engine at {place}, got: {error}") from error


def carrying(labels: Mapping[str, str] | None) -> dict[str, Sequence[str]]:
    """The filter for what carries all of these labels; an empty value stands for any."""
    wanted = [f"{key}={value}" if value else key for key, value in (labels or {}).items()]
    return {"label": wanted} if wanted else {}  # Podman refuses an empty list


def config(spec: Spec) -> Told:
    """The body of the request that creates it."""
    return {
        "Image": spec.image,
        "Cmd": list(spec.command) or None,
        "Labels": dict(spec.labels),
        "Env": [f"{name}={value}" for name, value in spec.environment.items()],
        "ExposedPorts": {f"{port}/tcp": {} for port in spec.ports},
        "HostConfig": {
            "PortBindings": {f"{port}/tcp": [{"HostPort": str(port)}] for port in spec.ports},
            "Mounts": [_mount(mount) for mount in spec.mounts],
            "RestartPolicy": _restart_policy(spec.restart_policy),
            "Memory": spec.memory,
            "DeviceRequests": [{"Count": _EVERY_GPU, "Capabilities": [["gpu"]]}] if spec.gpu else [],
        },
    }


def _mount(mount: Mount) -> Told:
    kind = "bind" if mount.source.startswith("/") else "volume"
    return {"Type": kind, "Source": mount.source, "Target": mount.target, "ReadOnly": mount.read_only}


def _restart_policy(word: str) -> Told:
    """``on-failure:3`` has the number of attempts after the colon, as with `docker run --restart`."""
    name, _, attempts = word.partition(":")
    return {"Name": name, "MaximumRetryCount": int(attempts or 0)}


def as_asked(image: str) -> str:
    """An image's name as people write it, which Podman tells with the registry."""
    return image.removeprefix("docker.io/").removeprefix("library/").removeprefix("localhost/")


def listed(entry: Told, named: Callable[[str], str] = str) -> ListedContainer:
    """An entry of the list. `named` makes of an image's name what was asked for."""
    # An engine writes null for an empty map or list.
    # Podman tells the ports of those that have ended, too.
    published = {
        port["PublicPort"] for port in entry["Ports"] or () if port.get("PublicPort") and entry["State"] in _PUBLISHING
    }
    return ListedContainer(
        id=entry["Id"],
        name=_own_name(entry["Names"] or ()),
        state=entry["State"],
        image=named(entry["Image"]),
        labels=entry["Labels"] or {},
        ports=tuple(sorted(published)),
    )


def _own_name(names: Iterable[str]) -> str:
    """Of ``/web`` and the likes of ``/other/alias``, which a link of another container adds, the first kind."""
    return next((name[1:] for name in names if name.count("/") == 1), "")


def inspected(told: Told, named: Callable[[str], str] = str) -> Inspected:
    """The answer to an inspection. `named` as for `listed`."""
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
        form=_form(told, named),
        volumes=tuple(volumes_of(told.get("Mounts") or ())),
    )


def _form(told: Told, named: Callable[[str], str]) -> Form:
    asked = told["Config"]
    argv = [*(asked.get("Entrypoint") or ()), *(asked.get("Cmd") or ())]
    mounts = told.get("Mounts") or ()
    # Podman tells a container's own name in it, too, which is its id where nobody gave it one.
    environment = [one for one in asked.get("Env") or () if one != f"HOSTNAME={told['Id'][:_SHORT]}"]
    return form_of(named(asked["Image"]), argv, environment, asked["Labels"] or {}, mounts, told["HostConfig"])


def _asked_ports(bindings: Mapping[str, Sequence[Mapping[str, str]] | None]) -> tuple[int, ...]:
    """The host ports that it is created with; one that the engine is to choose is not among them."""
    told = {binding["HostPort"] for places in bindings.values() for binding in places or ()}
    return tuple(sorted(int(port) for port in told if port.isdecimal() and int(port)))


def archive_of(name: str, content: bytes) -> bytes:
    """One file as the archive that an engine takes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def only_file(archive: bytes) -> bytes | None:
    """What is in the file of such an archive; None where it has no file."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = (tar.extractfile(entry) for entry in tar if entry.isfile())
        return next((file.read() for file in found if file is not None), None)


def resources(
    volumes: Sequence[Told], networks: Sequence[Told], images: Sequence[Told], named: Callable[[str], str] = str
) -> list[tuple[Resource, Mapping[str, str]]]:
    """Volumes, networks but the built-in ones, and images by each of their names, all with their labels."""
    rows = [(ResourceKind.VOLUME, one["Name"], one) for one in volumes]
    rows += [(ResourceKind.NETWORK, one["Name"], one) for one in networks if one["Name"] not in _BUILT_IN_NETWORKS]
    rows += [(ResourceKind.IMAGE, named(name), one) for one in images for name in image_names(one)]
    return [(Resource(kind, name), told.get("Labels") or {}) for kind, name, told in rows]


def image_names(image: Told) -> Sequence[str]:
    """Its tags; its id where it has none."""
    tags = [tag for tag in image["RepoTags"] or () if tag != _UNTAGGED]
    return tags or [image["Id"]]


def dockerfile(entrypoint: Sequence[str], workdir: str, labels: Mapping[str, str]) -> list[str]:
    """The image's settings, as lines of a Dockerfile."""
    settings = [f"ENTRYPOINT {json.dumps(list(entrypoint))}", f"WORKDIR {workdir}"]
    return settings + [f"LABEL {json.dumps(key)}={json.dumps(value)}" for key, value in labels.items()]


def check_progress(told: str) -> None:
    """Raise what went wrong after the engine had begun to answer 200: then it is told in the progress it reports."""
    for line in told.splitlines():
        with suppress(json.JSONDecodeError):
            problem = json.loads(line).get("error")
            if problem:
                raise refusal(500, problem)
