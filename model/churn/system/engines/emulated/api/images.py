"""The calls on images."""

import io
import json
import re
import shlex
import tarfile
from collections.abc import Iterable
from typing import Any

from attrs import evolve

from churn.system.engines.emulated.api.filters import filters_of, labelled, matching, one_of
from churn.system.engines.emulated.api.message import TAR, Json, Reply, Request, lines, told
from churn.system.engines.emulated.api.shapes import CONFIG, when
from churn.system.engines.emulated.container import Container
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.things import Image, identity
from churn.system.engines.refusals import refusal

_FILTERS = ("before", "dangling", "label", "reference", "since")
_TAG = re.compile(r"(?P<name>[^:@]+(?::\d+/[^:@]+)?)(?::(?P<tag>[\w][\w.-]*))?")


def tags_of(core: Core, image: Image) -> list[str]:
    """The tags that name an image."""
    return sorted(tag for tag, other in core.images.items() if other.id == image.id and tag != image.id)


def listing(core: Core, request: Request) -> Reply:
    """GET /images/json."""
    core.advance()
    filters = filters_of(request, _FILTERS)
    images = {image.id: image for image in core.images.values()}.values()
    found = []
    for image in sorted(images, key=lambda one: one.created, reverse=True):
        tags = tags_of(core, image)
        dangling = "true" if not tags else "false"
        named = one_of(filters, "reference", lambda value, tags=tags: any(_refers(value, tag) for tag in tags))  # type: ignore[misc]
        if labelled(image.labels, filters) and named and one_of(filters, "dangling", dangling.__eq__):
            found.append(_row(core, image, tags))
    return told(found)


def _refers(value: str, tag: str) -> bool:
    pattern = re.escape(value).replace(r"\*", "[^/]*")
    return matching(rf"\A{pattern}(:[^:/]*)?\Z", tag)


def _row(core: Core, image: Image, tags: list[str]) -> Json:
    return {
        "Containers": -1,
        "Created": core.nanoseconds(image.created) // 10**9,
        "Id": image.id,
        "Labels": dict(image.labels) or None,
        "ParentId": "",
        "RepoDigests": [] if tags else ["<none>@<none>"],
        "RepoTags": tags or ["<none>:<none>"],
        "SharedSize": -1,
        "Size": image.size,
        "VirtualSize": image.size,
    }


def inspect(core: Core, request: Request, reference: str) -> Reply:
    """GET /images/{name}/json."""
    core.advance()
    image = core.find_image(reference)
    config = {
        **CONFIG,
        "Image": "",
        "Env": list(image.environment) or None,
        "Cmd": list(image.command) or None,
        "Entrypoint": list(image.entrypoint) or None,
        "WorkingDir": image.workdir,
        "Labels": dict(image.labels) or None,
    }
    return told(
        {
            "Id": image.id,
            "RepoTags": tags_of(core, image),
            "RepoDigests": [],
            "Parent": "",
            "Comment": "",
            "Created": when(core, image.created),
            "Container": "",
            "ContainerConfig": {**CONFIG, "Image": "", "Labels": None},
            "DockerVersion": "20.10.24",
            "Author": "",
            "Config": config,
            "Architecture": "amd64",
            "Os": "linux",
            "Size": image.size,
            "VirtualSize": image.size,
            "GraphDriver": {"Data": {}, "Name": "overlay2"},
            "RootFS": {"Type": "layers", "Layers": [_layer(image)]},
            "Metadata": {"LastTagTime": when(core, image.created)},
        }
    )


def history(core: Core, request: Request, reference: str) -> Reply:
    """GET /images/{name}/history."""
    image = core.find_image(reference)
    told_of = {
        "Id": image.id,
        "Created": core.nanoseconds(image.created) // 10**9,
        "CreatedBy": "",
        "Tags": tags_of(core, image),
        "Size": image.size,
        "Comment": "",
    }
    return told([told_of])


def tag(core: Core, request: Request, reference: str) -> Reply:
    """POST /images/{name}/tag."""
    core.advance()
    image = core.find_image(reference)
    name = _full(request.value("repo"), request.value("tag"))
    _give(core, image, name)
    return Reply(201)


def remove(core: Core, request: Request, reference: str) -> Reply:
    """DELETE /images/{name}: a tag goes, and with its last one the image; by its id all of it, if containers let it."""
    core.advance()
    image = core.find_image(reference)
    named = next((tag for tag in (reference, f"{reference}:latest") if tag in core.images and tag != image.id), "")
    users = [one for one in core.containers.values() if one.image == image.id]
    if named:
        _admit_untagging(core, image, reference, users, force=request.flag("force"))
    else:
        _admit_deletion(core, image, users, force=request.flag("force"))
    return told([*_untag(core, image, [named] if named else tags_of(core, image)), *_delete(core, image, users)])


def _admit_untagging(core: Core, image: Image, reference: str, users: list[Container], *, force: bool) -> None:
    if users and not force and len(tags_of(core, image)) == 1:
        using = f"container {users[0].id[:12]} is using its referenced image {_short(image)}"
        raise refusal(409, f'conflict: unable to remove repository reference "{reference}" (must force) - {using}')


def _admit_deletion(core: Core, image: Image, users: list[Container], *, force: bool) -> None:
    running = [one for one in users if one.alive]
    if running:
        why = f"(cannot be forced) - image is being used by running container {running[0].id[:12]}"
    elif len(tags_of(core, image)) > 1 and not force:
        why = "(must be forced) - image is referenced in multiple repositories"
    elif users and not force:
        why = f"(must be forced) - image is being used by stopped container {users[0].id[:12]}"
    else:
        return
    raise refusal(409, f"conflict: unable to delete {_short(image)} {why}")


def _untag(core: Core, image: Image, names: list[str]) -> list[Json]:
    for name in names:
        del core.images[name]
        core.note("image", "untag", image.id, name=image.id, **image.labels)
    return [{"Untagged": name} for name in names]


def _delete(core: Core, image: Image, users: list[Container]) -> list[Json]:
    """Delete an image that has no tag left, unless a running container uses it."""
    if tags_of(core, image):
        return []
    if any(one.alive for one in users):
        core.images[image.id] = image
        return []
    core.images.pop(image.id, None)
    core.note("image", "delete", image.id, name=image.id, **image.labels)
    return [{"Deleted": image.id}, {"Deleted": _layer(image)}]


def _layer(image: Image) -> str:
    """The id of its one layer."""
    return f"sha256:{identity('layer', image.id)}"


def _short(image: Image) -> str:
    return image.id.removeprefix("sha256:")[:12]


def create(core: Core, request: Request) -> Reply:
    """POST /images/create: an import of the body's archive. There is no registry to pull from."""
    core.advance()
    source = request.value("fromSrc")
    if source != "-":
        name = _full(request.value("fromImage"), request.value("tag")).rpartition(":")[0]
        if core.images.get(_full(request.value("fromImage"), request.value("tag"))) is not None:
            return lines([{"status": f"Status: Image is up to date for {request.value('fromImage')}"}])
        raise refusal(
            404,
            f"pull access denied for {name}, repository does not exist or may require 'docker login': "
            "denied: requested access to the resource is denied (an emulated engine has no registry)",
        )
    image = _imported(core, request.body, request.query.get("changes", ()))
    _keep(core, image, [_full(request.value("repo"), request.value("tag"))] if request.value("repo") else [])
    core.note("image", "import", image.id, name=image.id, **image.labels)
    return lines([{"status": image.id}])


def load(core: Core, request: Request) -> Reply:
    """POST /images/load: an archive as ``docker save`` writes it."""
    core.advance()
    loaded: list[str] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(request.body)) as tar:
            for entry in json.loads(_read(tar, "manifest.json")):
                config = json.loads(_read(tar, entry["Config"]))
                image = _configured(core, f"sha256:{identity(json.dumps(config, sort_keys=True))}", config)
                size = sum(member.size for member in tar)
                _keep(core, evolve(image, size=size), entry.get("RepoTags") or [])
                loaded += entry.get("RepoTags") or [image.id]
    except (tarfile.TarError, KeyError, ValueError, TypeError) as error:
        raise refusal(500, f"invalid archive: expected one as `docker save` writes it, got: {error}") from None
    return lines([{"stream": f"Loaded image: {name}\n"} for name in loaded])


def save(core: Core, request: Request, reference: str) -> Reply:
    """GET /images/{name}/get: an archive that `load` reads."""
    image = core.find_image(reference)
    names = {"Entrypoint": image.entrypoint, "Cmd": image.command, "Env": image.environment}
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": when(core, image.created),
        "config": {
            **{key: list(value) or None for key, value in names.items()},
            "WorkingDir": image.workdir,
            "Labels": dict(image.labels),
        },
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    manifest = [{"Config": "config.json", "RepoTags": tags_of(core, image), "Layers": []}]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, value in (("manifest.json", manifest), ("config.json", config)):
            content = json.dumps(value).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return Reply(body=buffer.getvalue(), kind=TAR)


def prune(core: Core, request: Request) -> Reply:
    """POST /images/prune: those without a tag that no container needs."""
    filters = filters_of(request, ("dangling", "label", "label!", "until"))
    used = {one.image for one in core.containers.values()}
    everything = "false" in filters.get("dangling", ())
    gone = [
        tag
        for tag, image in core.images.items()
        if image.id not in used and (everything or tag == image.id) and labelled(image.labels, filters)
    ]
    deleted: list[Json] = []
    for name in gone:
        deleted += [{"Untagged": name}, {"Deleted": core.images.pop(name).id}]
    return told({"ImagesDeleted": deleted or None, "SpaceReclaimed": 0})


def _give(core: Core, image: Image, name: str) -> None:
    before = core.images.get(name)
    if before is not None and before.id != image.id and tags_of(core, before) == [name]:
        core.images[before.id] = before
    core.images[name] = image
    core.images.pop(image.id, None)
    core.note("image", "tag", image.id, name=name, **image.labels)


def _keep(core: Core, image: Image, names: Iterable[str]) -> None:
    if not names and not tags_of(core, image):
        core.images[image.id] = image
    for name in names:
        _give(core, image, name)


def _full(repository: str, tag: str) -> str:
    """Repository and tag in one; ``latest`` where none is given."""
    found = _TAG.fullmatch(repository if not tag else f"{repository}:{tag}")
    if found is None or repository != repository.lower():
        raise refusal(400, "invalid reference format" + (": repository name must be lowercase" if found else ""))
    return f"{found['name']}:{found['tag'] or 'latest'}"


def _imported(core: Core, archive: bytes, instructions: Iterable[str]) -> Image:
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            files = {entry.name.removeprefix("./"): _content(tar, entry) for entry in tar if not entry.isdir()}
    except tarfile.TarError as error:
        raise refusal(500, f"Error processing tar file: {error}") from None
    bare = Image("", created=core.clock.now(), size=sum(map(len, files.values())), files=files)
    image = bare
    for instruction in instructions:
        image = _changed(image, instruction)
    words = (identity(archive.hex()), image.labels, image.entrypoint, image.command, core.nanoseconds())
    return evolve(image, id=f"sha256:{identity(*words)}")


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(entry) if entry.isreg() else None
    return file.read() if file is not None else b""


def _changed(image: Image, instruction: str) -> Image:
    """The image with one instruction of a Dockerfile applied."""
    word, _, rest = instruction.strip().partition(" ")
    match word.upper():
        case "ENTRYPOINT":
            return evolve(image, entrypoint=_command(rest))
        case "CMD":
            return evolve(image, command=_command(rest))
        case "WORKDIR":
            return evolve(image, workdir=rest)
        case "ENV":
            return evolve(image, environment=(*image.environment, *shlex.split(rest)))
        case "LABEL":
            pairs = (pair.partition("=") for pair in shlex.split(rest))
            return evolve(image, labels={**image.labels, **{key: value for key, _, value in pairs}})
        case "EXPOSE" | "USER" | "VOLUME" | "STOPSIGNAL" | "ONBUILD":
            return image
    raise refusal(400, f"{word} is not a valid change command")


def _command(text: str) -> tuple[str, ...]:
    if text.startswith("["):
        return tuple(json.loads(text))
    return ("/bin/sh", "-c", text)


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


def _configured(core: Core, image: str, config: dict[str, Any]) -> Image:
    own = config.get("config") or {}
    return Image(
        image,
        own.get("Labels") or {},
        tuple(own.get("Entrypoint") or ()),
        tuple(own.get("Cmd") or ()),
        tuple(own.get("Env") or ()),
        own.get("WorkingDir") or "",
        core.clock.now(),
    )
