"""Which tags name which image, and how one comes to name another."""

import re

from churn.system.engines.emulated.api.dates import moment
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.images import Image
from churn.system.engines.emulated.spellings import tags_like
from churn.system.refusals import refusal

_TAG = re.compile(r"(?P<name>[^:@\s]+(?::\d+/[^:@\s]+)?)(?::(?P<tag>[\w][\w.-]*))?")


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


def give(core: Core, image: Image, name: str) -> None:
    """Let a tag name that image."""
    take(core, name)
    core.images[name] = image
    core.images.pop(image.id, None)


def take(core: Core, name: str) -> None:
    """Let a tag name nothing; an image that loses its last tag stays, without one."""
    before = core.images.pop(name, None)
    if before is not None and not tags_of(core, before):
        core.images[before.id] = before


def full_tag(repository: str, tag: str) -> str:
    """Repository and tag in one, as short as can be; ``latest`` where none is given."""
    found = _TAG.fullmatch(repository if not tag else f"{repository}:{tag}")
    if found is None or repository != repository.lower():
        raise refusal(400, "invalid reference format" + (": repository name must be lowercase" if found else ""))
    return tags_like(f"{found['name']}:{found['tag'] or 'latest'}")[1]
