"""The calls on images."""

import hashlib
import json
import re
import shlex
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from churn.errors import EngineError, NoSuchImage
from churn.system.engines.emulated.api.archive import extracted
from churn.system.engines.emulated.api.filters import filters_of, labelled, matching, one_of, until
from churn.system.engines.emulated.api.message import TAR, Json, Reply, Request, lines, told
from churn.system.engines.emulated.api.shapes import CONFIG, moment, when
from churn.system.engines.emulated.container import Container
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.files import File, packed, resolved
from churn.system.engines.emulated.images import Image, Layer, described_image, loaded_image
from churn.system.engines.emulated.spellings import tags_like
from churn.system.refusals import refusal

_FILTERS = ("before", "dangling", "label", "reference", "since")
_TAG = re.compile(r"(?P<name>[^:@\s]+(?::\d+/[^:@\s]+)?)(?::(?P<tag>[\w][\w.-]*))?")
_NO_MANIFEST = "open /var/lib/docker/tmp/docker-import/repositories: no such file or directory"


def tags_of(core: Core, image: Image) -> list[str]:
    """The tags that name an image, in the order of their full names."""
    return sorted((tag for tag, other in core.images.items() if other.id == image.id and tag != image.id), key=_in_full)


def _in_full(tag: str) -> str:
    """A tag with what is left out of it: a registry, and its folder for names without one."""
    first, slash, _ = tag.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first):
        return tag
    return f"docker.io/{tag}" if slash else f"docker.io/library/{tag}"


def distinct(core: Core) -> list[Image]:
    """Every image once, the newest first."""
    images = {image.id: image for image in core.images.values()}.values()
    return sorted(images, key=lambda image: moment(image.described["created"]), reverse=True)


# -- looking ----------------------------------------------------------------------------------------------------------


def listing(core: Core, request: Request) -> Reply:
    """GET /images/json."""
    core.advance()
    filters = filters_of(request, _FILTERS)
    found = []
    for image in distinct(core):
        tags = tags_of(core, image)
        dangling = "true" if not tags else "false"
        named = [tag for tag in tags if one_of(filters, "reference", lambda value, tag=tag: _refers(value, tag))]  # type: ignore[misc]
        fits = labelled(image.labels, filters) and one_of(filters, "dangling", dangling.__eq__)
        if fits and (named or not filters.get("reference")):
            found.append(row(image, named))
    return told(found)


def _refers(value: str, tag: str) -> bool:
    pattern = re.escape(value).replace(r"\*", "[^/]*")
    return matching(rf"\A{pattern}(:[^:/]*)?\Z", tag)


def row(image: Image, tags: list[str]) -> Json:
    """The image as the list shows it."""
    return {
        "Containers": -1,
        "Created": int(moment(image.described["created"])),
        "Id": image.id,
        "Labels": dict(image.labels) or None,
        "ParentId": "",
        "RepoDigests": None if tags else ["<none>@<none>"],
        "RepoTags": tags or ["<none>:<none>"],
        "SharedSize": -1,
        "Size": image.size,
        "VirtualSize": image.size,
    }


def inspect(core: Core, request: Request, reference: str) -> Reply:
    """GET /images/{name}/json."""
    core.advance()
    try:
        image = core.find_image(reference)
    except NoSuchImage as error:
        raise refusal(404, f"no such image: {reference}: {error.message}") from None
    described = image.described
    return told(
        {
            "Id": image.id,
            "RepoTags": tags_of(core, image),
            "RepoDigests": [],
            "Parent": "",
            "Comment": described.get("comment", ""),
            "Created": described["created"],
            "Container": described.get("container", ""),
            "ContainerConfig": {**CONFIG, "Image": "", "Labels": None, **(described.get("container_config") or {})},
            "DockerVersion": described.get("docker_version", ""),
            "Author": described.get("author", ""),
            "Config": {**CONFIG, "Image": "", "Labels": None, **image.config},
            "Architecture": described["architecture"],
            "Os": described["os"],
            "Size": image.size,
            "VirtualSize": image.size,
            "GraphDriver": {"Data": {}, "Name": "overlay2"},
            "RootFS": {"Type": "layers", "Layers": [layer.digest for layer in image.layers]},
            "Metadata": {"LastTagTime": when(core, core.clock.now())},
        }
    )


def history(core: Core, request: Request, reference: str) -> Reply:
    """GET /images/{name}/history: the newest step first, which alone has an image's id."""
    image = core.find_image(reference)
    steps = image.described.get("history") or [{}]
    rows = [
        {
            "Id": "<missing>",
            "Created": int(moment(step.get("created") or image.described["created"])),
            "CreatedBy": step.get("created_by", ""),
            "Tags": None,
            "Size": 0,
            "Comment": step.get("comment", ""),
        }
        for step in reversed(steps)
    ]
    rows[0].update(Id=image.id, Tags=tags_of(core, image), Size=image.size)
    return told(rows)


# -- names ------------------------------------------------------------------------------------------------------------


def tag(core: Core, request: Request, reference: str) -> Reply:
    """POST /images/{name}/tag."""
    core.advance()
    image = core.find_image(reference)
    try:
        name = _full(request.value("repo"), request.value("tag"))
    except EngineError as error:
        raise refusal(500, error.message) from None
    _give(core, image, name)
    core.journal.note("image", "tag", image.id, name=name, **image.labels)
    return Reply(201)


def _give(core: Core, image: Image, name: str) -> None:
    """Let a tag name that image; one that loses its last tag stays, without one."""
    _take(core, name)
    core.images[name] = image
    core.images.pop(image.id, None)


def _take(core: Core, name: str) -> None:
    before = core.images.pop(name, None)
    if before is not None and not tags_of(core, before):
        core.images[before.id] = before


def _full(repository: str, tag: str) -> str:
    """Repository and tag in one, as short as can be; ``latest`` where none is given."""
    found = _TAG.fullmatch(repository if not tag else f"{repository}:{tag}")
    if found is None or repository != repository.lower():
        raise refusal(400, "invalid reference format" + (": repository name must be lowercase" if found else ""))
    return tags_like(f"{found['name']}:{found['tag'] or 'latest'}")[1]


# -- removal ----------------------------------------------------------------------------------------------------------


def remove(core: Core, request: Request, reference: str) -> Reply:
    """DELETE /images/{name}: a tag goes, and with its last one the image, unless containers need it."""
    core.advance()
    image, force = core.find_image(reference), request.flag("force")
    names = [tag for tag in tags_like(reference) if tag in core.images][:1]
    tags, users = tags_of(core, image), _users(core, image)
    deleted: list[Json] = []
    if names:
        if users and len(tags) == 1 and not force:
            raise refusal(
                409,
                f'conflict: unable to remove repository reference "{reference}" (must force) - '
                f"container {users[0].id[:12]} is using its referenced image {_short(image)}",
            )
        deleted += _untagged(core, image, names)
        if len(tags) > 1 or _conflict(core, image, force=force):
            return told(deleted)
    else:
        several = len(tags) > 1 and not force
        conflict = _conflict(core, image, force=force)
        if several and not any(one.alive for one in users):
            conflict = f"{_short(image)} (must be forced) - image is referenced in multiple repositories"
        if conflict:
            raise refusal(409, f"conflict: unable to delete {conflict}")
        deleted += _untagged(core, image, tags)
    return told([*deleted, *_deleted(core, image)])


def _users(core: Core, image: Image) -> list[Container]:
    return [one for one in core.containers.values() if one.image == image.id]


def _conflict(core: Core, image: Image, *, force: bool) -> str:
    """Why the image cannot be deleted; empty where it can be."""
    users = _users(core, image)
    for user in (one for one in users if one.alive):
        return f"{_short(image)} (cannot be forced) - image is being used by running container {user.id[:12]}"
    for user in users if not force else ():
        return f"{_short(image)} (must be forced) - image is being used by stopped container {user.id[:12]}"
    return ""


def _untagged(core: Core, image: Image, names: Iterable[str]) -> list[Json]:
    told_of: list[Json] = []
    for name in names:
        _take(core, name)
        core.journal.note("image", "untag", image.id, name=image.id, **image.labels)
        told_of.append({"Untagged": name})
    return told_of


def _deleted(core: Core, image: Image) -> Iterator[Json]:
    """The image goes, and the layers that nothing else is made of."""
    core.images.pop(image.id, None)
    core.journal.note("image", "delete", image.id, name=image.id, **image.labels)
    yield {"Deleted": image.id}
    used = {part for other in core.images.values() for part in other.chain}
    used.update(part for one in core.containers.values() if one.origin is not None for part in one.origin.chain)
    yield from ({"Deleted": part} for part in reversed(image.chain) if part not in used)


def _short(image: Image) -> str:
    return image.id.removeprefix("sha256:")[:12]


def prune(core: Core, request: Request) -> Reply:
    """POST /images/prune: those without a tag that no container needs; with ``dangling=false`` those with one too."""
    filters = filters_of(request, ("dangling", "label", "label!", "until"))
    everything = not one_of(filters, "dangling", lambda value: value.lower() in ("true", "1"))
    deleted: list[Json] = []
    reclaimed = 0
    end = until(core, filters) + core.calendar.epoch
    for image in distinct(core):
        tags = tags_of(core, image)
        if moment(image.described["created"]) > end:
            continue
        if not _users(core, image) and (everything or not tags) and labelled(image.labels, filters):
            reclaimed += image.size
            deleted += [*_untagged(core, image, tags), *_deleted(core, image)]
    core.journal.note("image", "prune", "", reclaimed=str(reclaimed))
    return told({"ImagesDeleted": deleted or None, "SpaceReclaimed": reclaimed})


# -- coming and going -------------------------------------------------------------------------------------------------


def create(core: Core, request: Request) -> Reply:
    """POST /images/create: an import of the body's archive. There is no registry to pull from."""
    core.advance()
    if request.value("fromSrc") == "-":
        return _import(core, request)
    name = _full(request.value("fromImage"), request.value("tag"))
    if name in core.images:
        return lines([{"status": f"Status: Image is up to date for {name}"}])
    raise refusal(
        404,
        f"pull access denied for {name.rpartition(':')[0]}, repository does not exist or may require 'docker login': "
        "denied: requested access to the resource is denied (an emulated engine has no registry)",
    )


def _import(core: Core, request: Request) -> Reply:
    name = _full(request.value("repo"), request.value("tag")) if request.value("repo") else ""
    config: Json = {}
    for instruction in request.query.get("changes", ()):
        _change(config, instruction)
    files = extracted(request.body, "/")
    layer = Layer(f"sha256:{hashlib.sha256(request.body).hexdigest()}", request.body)
    image = described_image(config, (layer,), when(core, core.clock.now()), files=files)
    core.images.setdefault(image.id, image)
    if name:
        _give(core, image, name)
        core.journal.note("image", "tag", image.id, name=name, **image.labels)
    core.journal.note("image", "import", image.id, name=image.id, **image.labels)
    return lines([{"status": image.id}])


_SIMPLE = {"WORKDIR": "WorkingDir", "USER": "User", "STOPSIGNAL": "StopSignal"}


def _change(config: Json, instruction: str) -> None:
    """Apply one instruction of a Dockerfile."""
    word, _, rest = instruction.strip().partition(" ")
    match word.upper():
        case "ENTRYPOINT":
            config["Entrypoint"] = _command(rest)
        case "CMD":
            config["Cmd"] = _command(rest)
        case "WORKDIR" | "USER" | "STOPSIGNAL" as known:
            config[_SIMPLE[known]] = rest
        case "ENV":
            config["Env"] = [*config.get("Env", ()), *_pairs(rest)]
        case "LABEL":
            config["Labels"] = {**config.get("Labels", {}), **dict(pair.split("=", 1) for pair in _pairs(rest))}
        case "EXPOSE":
            ports: Json = {port if "/" in port else f"{port}/tcp": {} for port in rest.split()}
            config["ExposedPorts"] = {**config.get("ExposedPorts", {}), **ports}
        case "VOLUME":
            config["Volumes"] = {**config.get("Volumes", {}), **{path: {} for path in _words(rest)}}
        case _:
            raise refusal(400, f"{word} is not a valid change command")


def _pairs(text: str) -> list[str]:
    """``key=value`` words; of an older form, ``key value``, the one."""
    words = shlex.split(text)
    return words if "=" in words[0] else [text.replace(" ", "=", 1)]


def _words(text: str) -> list[str]:
    return list(json.loads(text)) if text.startswith("[") else shlex.split(text)


def _command(text: str) -> list[str]:
    return list(json.loads(text)) if text.startswith("[") else ["/bin/sh", "-c", text]


def save(core: Core, request: Request, reference: str) -> Reply:
    """GET /images/{name}/get."""
    return _saved(core, [core.find_image(reference)], [tag for tag in tags_like(reference) if tag in core.images][:1])


def save_several(core: Core, request: Request) -> Reply:
    """GET /images/get: an archive that `load` reads, of the images in ``names``."""
    core.advance()
    names = [name for value in request.query.get("names", ()) for name in value.split(",")]
    try:
        found = [core.find_image(name) for name in names]
    except NoSuchImage:
        raise refusal(404, "reference does not exist") from None
    return _saved(core, found, [tag for name in names for tag in tags_like(name)[-1:] if tag in core.images])


def _saved(core: Core, images: Sequence[Image], tags: Iterable[str]) -> Reply:
    parts: dict[str, bytes] = {}
    manifest = []
    wanted = set(tags)
    for image in {image.id: image for image in images}.values():
        config = f"{image.id.removeprefix('sha256:')}.json"
        places = [f"{layer.digest.removeprefix('sha256:')}/layer.tar" for layer in image.layers]
        named = [tag for tag in tags_of(core, image) if tag in wanted]
        manifest.append({"Config": config, "RepoTags": named or None, "Layers": places})
        parts[config] = image.source
        parts.update((place, layer.archive or packed({})) for place, layer in zip(places, image.layers, strict=True))
        core.journal.note("image", "save", image.id, name=image.id, **image.labels)
    parts["manifest.json"] = json.dumps(manifest).encode()
    return Reply(body=packed({f"/{name}": File(content, 0o644) for name, content in parts.items()}), kind=TAR)


def load(core: Core, request: Request) -> Reply:
    """POST /images/load: an archive as ``docker save`` writes it. What is wrong with it is told in a good reply."""
    core.advance()
    try:
        found = list(_loaded(extracted(request.body, "/")))
    except (EngineError, KeyError, ValueError, TypeError, AttributeError, tarfile.TarError) as error:
        message = error.message if isinstance(error, EngineError) else f"invalid archive: {error}"
        return lines([{"errorDetail": {"message": message}, "error": message}])
    told_of = []
    for image, tags in found:
        known = core.images.setdefault(image.id, image) if not tags_of(core, image) else core.find_image(image.id)
        for name in tags:
            _give(core, known, name)
        core.journal.note("image", "load", image.id, name=image.id, **image.labels)
        told_of += [f"Loaded image: {name}" for name in tags] or [f"Loaded image ID: {image.id}"]
    return lines([{"stream": f"{line}\n"} for line in told_of])


def _loaded(parts: Mapping[str, File]) -> Iterator[tuple[Image, list[str]]]:
    if "/manifest.json" not in parts:
        raise refusal(500, _NO_MANIFEST)
    for entry in json.loads(parts["/manifest.json"].content):
        source = parts[f"/{entry['Config']}"].content
        digests: list[Any] = json.loads(source)["rootfs"]["diff_ids"] or []
        archives = [_archive(parts, f"/{place}") for place in entry["Layers"] or ()]
        layers = [Layer(digest, archive) for digest, archive in zip(digests, archives, strict=True)]
        yield loaded_image(source, layers), [_full(tag, "") for tag in entry.get("RepoTags") or ()]


def _archive(parts: Mapping[str, File], place: str) -> bytes:
    """A layer's archive; one that several images share lies in the saved archive once, and links lead to it."""
    return parts[resolved(parts, place)].content
