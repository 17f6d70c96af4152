"""What an emulated engine has besides containers: images, networks, volumes; and the journal of what it told of them all."""

import hashlib
from collections import deque
from collections.abc import Mapping
from typing import Any

from attrs import Factory, define, field, frozen

STAND_IN_LABEL = "churn.stand-in"
"""Marks the image whose server is the stand-in, as on a real engine."""
_STAND_IN = "churn/stand-in:"
_ENTRYPOINT = ("/stand-in/entrypoint.sh",)
_FILES = (
    "stand-in/entrypoint.sh",
    *(f"bin/{name}" for name in ("busybox", "cat", "false", "kill", "nc", "sh", "sleep", "true")),
)
"""Programs of the stand-in image."""
REMEMBERED = 256
"""Events that the engine remembers, as a real one does; those who listen get all."""

Json = dict[str, Any]


@frozen
class Image:
    """An image, which any number of tags may name. `files` are those that are known of its root file system."""

    id: str
    labels: Mapping[str, str] = Factory(dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    workdir: str = ""
    created: float = 0.0
    size: int = 0
    files: Mapping[str, bytes] = field(factory=dict, repr=False)


@frozen
class Belonging:
    """A network or a volume."""

    name: str
    id: str
    labels: Mapping[str, str]
    driver: str
    created: float
    options: Mapping[str, str] = Factory(dict)
    body: Mapping[str, Any] = Factory(dict)
    """What it was asked for with."""


def identity(*words: object) -> str:
    """64 hexadecimal digits that these words, and no others, have."""
    return hashlib.sha256(":".join(map(str, words)).encode()).hexdigest()


def named_image(tag: str, created: float) -> Image:
    """The image of a tag: the stand-in, or one of which nothing but the tag is known."""
    if not tag.startswith(_STAND_IN):
        return Image(f"sha256:{identity('image', tag)}", command=("serve",), created=created)
    return Image(
        f"sha256:{identity('image', tag)}",
        {STAND_IN_LABEL: "1"},
        _ENTRYPOINT,
        workdir="/",
        created=created,
        files=dict.fromkeys(_FILES, b""),
    )


@define(eq=False)
class Journal:
    """The engine's events, of all kinds, as its API tells them. `count` is how many there were in all."""

    count: int = 0
    remembered: deque[Json] = field(factory=lambda: deque(maxlen=REMEMBERED))

    def tell(self, kind: str, action: str, identity: str, attributes: Mapping[str, str], nanoseconds: int) -> None:
        """Write one down."""
        self.count += 1
        told: Json = {
            "Type": kind,
            "Action": action,
            "Actor": {"ID": identity, "Attributes": dict(attributes)},
            "scope": "local",
            "time": nanoseconds // 10**9,
            "timeNano": nanoseconds,
        }
        if kind in ("container", "image"):
            told = {"status": action, "id": identity, **told}
        if kind == "container":
            told["from"] = attributes["image"]
        self.remembered.append(told)

    def has_more(self, place: int) -> bool:
        """Whether there are more than the first `place`."""
        return self.count > place

    def since(self, place: int) -> list[Json]:
        """Those after the first `place` events, as far as they are remembered."""
        fresh = min(self.count - place, len(self.remembered))
        return list(self.remembered)[len(self.remembered) - fresh :] if fresh else []


BUILT_IN = {
    name: Belonging(name, identity("network", name), {}, driver, 0.0)
    for name, driver in (("bridge", "bridge"), ("host", "host"), ("none", "null"))
}
"""The networks that every engine has."""
