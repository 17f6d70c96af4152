"""The images of an emulated engine."""

import hashlib
import json
import tarfile
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import Any

from attrs import Factory, field, frozen

from churn.system.engines.emulated.files import File, Tree, laid_over, packed, unpacked
from churn.system.engines.emulated.identity import identity, identity_of
from churn.system.engines.emulated.spellings import tags_like
from churn.system.refusals import refusal

STAND_IN_LABEL = "churn.stand-in"
"""Marks the image whose server is the stand-in, as on a real engine."""
_STAND_IN = "churn/stand-in:"
_ENTRYPOINT = ("/stand-in/entrypoint.sh",)
_LINK = File(mode=0o777, kind=tarfile.SYMTYPE, target="busybox")
_PROGRAM = File(b"a program that is not there\n")
_FILES: Tree = {
    **dict.fromkeys(("/stand-in/entrypoint.sh", "/bin/busybox"), _PROGRAM),
    **{f"/bin/{name}": _LINK for name in ("cat", "false", "kill", "nc", "sh", "sleep", "true")},
}
"""Programs of the stand-in image."""
IMPORTED = "Imported from -"
"""The comment of an image that was made from an archive of files."""
_LONG_AGO = "2001-01-01T00:00:00Z"
"""When an image was made that is known by its tag only: the same tag gives the same image, whenever that is."""
Json = dict[str, Any]


@frozen
class Layer:
    """One layer of an image: its digest, and its archive as far as that is known."""

    digest: str
    archive: bytes = field(default=b"", repr=False)


@frozen(slots=False)
class Image:
    """An image, which any number of tags may name.

    `source` is its description, as `docker save` writes it; the image's id is that of these very bytes.
    """

    source: bytes = field(repr=False)
    layers: tuple[Layer, ...] = ()
    files: Tree = field(factory=dict, repr=False)
    """What is known of its root file system; nothing at all where only its tag is."""
    size: int = 0
    id: str = field(default=Factory(lambda self: f"sha256:{hashlib.sha256(self.source).hexdigest()}", takes_self=True))

    @cached_property
    def described(self) -> Json:
        """The description: when it was made, for what, and of what."""
        told: Json = json.loads(self.source)
        return told

    @cached_property
    def config(self) -> Json:
        """What its containers start from, in the words of the API."""
        told: Json = {key: value for key, value in (self.described.get("config") or {}).items() if value}
        return told

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels, which its containers have too."""
        labels: Mapping[str, str] = self.config.get("Labels") or {}
        return labels

    @property
    def entrypoint(self) -> tuple[str, ...]:
        """The first words of what is run in its containers."""
        return tuple(self.config.get("Entrypoint") or ())

    @property
    def command(self) -> tuple[str, ...]:
        """The words after them, where a container has none of its own."""
        return tuple(self.config.get("Cmd") or ())

    @property
    def chain(self) -> tuple[str, ...]:
        """The ids of its layers, each with those below it."""
        found: list[str] = []
        for layer in self.layers:
            found.append(f"sha256:{identity_of(f'{found[-1]} {layer.digest}')}" if found else layer.digest)
        return tuple(found)


def described_image(
    config: Mapping[str, Any],
    layers: Sequence[Layer],
    created: str,
    *,
    comment: str = IMPORTED,
    files: Tree | None = None,
) -> Image:
    """A new image. Its files are those of its layers, where nothing else is said. Raises `TarError`."""
    described = {
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        "comment": comment,
        "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
        "history": [{"created": created, "comment": comment}],
    }
    return loaded_image(json.dumps(described).encode(), layers, files)


def loaded_image(source: bytes, layers: Sequence[Layer], files: Tree | None = None) -> Image:
    """The image with that description. Raises `TarError`."""
    if files is None:
        files = {}
        for layer in layers:
            files = laid_over(files, unpacked(layer.archive))
    return Image(source, tuple(layers), files, sum(len(file.content) for file in files.values()))


@cache
def named_image(tag: str) -> Image:
    """The image of a tag: the stand-in, or one of which nothing but the tag is known."""
    if not tag.startswith(_STAND_IN):
        layer = Layer(f"sha256:{identity('image', tag)}")
        return described_image({"Cmd": ["serve"]}, (layer,), _LONG_AGO, comment="", files={})
    layer = Layer(f"sha256:{hashlib.sha256(packed(_FILES)).hexdigest()}", packed(_FILES))
    config = {"Entrypoint": list(_ENTRYPOINT), "WorkingDir": "/", "Labels": {STAND_IN_LABEL: "1"}}
    return described_image(config, (layer,), _LONG_AGO)


def image_like(images: Mapping[str, Image], reference: str) -> Image:
    """The image of that tag (``latest`` where it names none), id, or beginning of an id, among images by their tags."""
    for tag in tags_like(reference):
        if tag in images:
            return images[tag]
    bare = reference.removeprefix("sha256:")
    found = {image.id: image for image in images.values() if bare and image.id.startswith(f"sha256:{bare}")}
    if len(found) == 1:
        return next(iter(found.values()))
    raise refusal(404, f"No such image: {tags_like(reference)[-1]}")
