"""The calls by which images come and go as archives."""

import hashlib
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from churn.errors import EngineError, NoSuchImage
from churn.system.engines.emulated.api.archive import extracted
from churn.system.engines.emulated.api.dates import when
from churn.system.engines.emulated.api.image_changes import change
from churn.system.engines.emulated.api.image_tags import full_tag, give, tags_of
from churn.system.engines.emulated.api.message import TAR, Json, Reply, Request, lines
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.files import File, packed, resolved
from churn.system.engines.emulated.images import Image, Layer, described_image, loaded_image
from churn.system.engines.emulated.spellings import tags_like
from churn.system.refusals import refusal

_NO_MANIFEST = "open /var/lib/docker/tmp/docker-import/repositories: no such file or directory"


def create(core: Core, request: Request) -> Reply:
    """POST /images/create: an import of the body's archive. There is no registry to pull from."""
    core.advance()
    if request.value("fromSrc") == "-":
        return _import(core, request)
    name = full_tag(request.value("fromImage"), request.value("tag"))
    if name in core.images:
        return lines([{"status": f"Status: Image is up to date for {name}"}])
    raise refusal(
        404,
        f"pull access denied for {name.rpartition(':')[0]}, repository does not exist or may require 'docker login': "
        "denied: requested access to the resource is denied (an emulated engine has no registry)",
    )


def _import(core: Core, request: Request) -> Reply:
    name = full_tag(request.value("repo"), request.value("tag")) if request.value("repo") else ""
    config: Json = {}
    for instruction in request.query.get("changes", ()):
        change(config, instruction)
    files = extracted(request.body, "/")
    layer = Layer(f"sha256:{hashlib.sha256(request.body).hexdigest()}", request.body)
    image = described_image(config, (layer,), when(core, core.clock.now()), files=files)
    core.images.setdefault(image.id, image)
    if name:
        give(core, image, name)
        core.journal.note("image", "tag", image.id, name=name, **image.labels)
    core.journal.note("image", "import", image.id, name=image.id, **image.labels)
    return lines([{"status": image.id}])


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
            give(core, known, name)
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
        yield loaded_image(source, layers), [full_tag(tag, "") for tag in entry.get("RepoTags") or ()]


def _archive(parts: Mapping[str, File], place: str) -> bytes:
    """A layer's archive; one that several images share lies in the saved archive once, and links lead to it."""
    return parts[resolved(parts, place)].content
