"""The calls on images."""

import re
from collections.abc import Iterable, Iterator

from churn.errors import EngineError, NoSuchImage
from churn.system.engines.emulated.api.dates import moment, when
from churn.system.engines.emulated.api.defaults import CONFIG
from churn.system.engines.emulated.api.filters import filters_of, labelled, matching, one_of, until
from churn.system.engines.emulated.api.image_tags import distinct, full_tag, give, tags_of, take
from churn.system.engines.emulated.api.message import Json, Reply, Request, told
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.images import Image
from churn.system.engines.emulated.spellings import tags_like
from churn.system.refusals import refusal

_FILTERS = ("before", "dangling", "label", "reference", "since")


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
        name = full_tag(request.value("repo"), request.value("tag"))
    except EngineError as error:
        raise refusal(500, error.message) from None
    give(core, image, name)
    core.journal.note("image", "tag", image.id, name=name, **image.labels)
    return Reply(201)


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


def _users(core: Core, image: Image) -> list[EmulatedContainer]:
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
        take(core, name)
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
    end = until(core, filters)
    for image in distinct(core):
        tags = tags_of(core, image)
        if core.calendar.moment(moment(image.described["created"])) > end:
            continue
        if not _users(core, image) and (everything or not tags) and labelled(image.labels, filters):
            reclaimed += image.size
            deleted += [*_untagged(core, image, tags), *_deleted(core, image)]
    core.journal.note("image", "prune", "", reclaimed=str(reclaimed))
    return told({"ImagesDeleted": deleted or None, "SpaceReclaimed": reclaimed})
