"""Forms: what a container was made from, part by part, and how two of them differ.

A form has the text of each part by its name: ``image``, ``command``, ``env NAME``, ``label NAME``, ``mount TARGET``,
``limit NAME``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

from attrs import frozen

from churn.lifecycle.patterns import fits

Form = Mapping[str, str]


class Setting(Enum):
    """What of a service an update changes."""

    IMAGE = "image"
    """The image that its containers are made from."""
    ENVIRONMENT = "environment"
    """An environment variable of its server."""
    PORT = "port"
    """Its port."""


def part_of(setting: Setting, value: str) -> tuple[str, str]:
    """The part of a form that shows a setting of that value, and its text there. An environment is ``NAME=value``.

    A port is shown by no part.
    """
    if setting is Setting.IMAGE:
        return "image", value
    name, _, text = value.partition("=")
    return f"env {name}", text


@frozen
class Difference:
    """A part of a form that is not as it was at first; `first` or `now` is None where the part is not there."""

    part: str
    first: str | None
    now: str | None


def differences(first: Form, now: Form, varying: Sequence[str] = ()) -> Iterator[Difference]:
    """The parts that differ, in the order of their names, but for those whose name matches one of `varying`."""
    if first == now:
        return
    for part in sorted({*first, *now}):
        before, after = first.get(part), now.get(part)
        if before != after and not any(fits(pattern, part) for pattern in varying):
            yield Difference(part, before, after)


def without_ports(form: Form, ports: Sequence[int]) -> Form:
    """The same with a word for each of these ports: whether a service keeps its port is another question."""
    words = [str(port) for port in ports]

    def plain(found: re.Match[str]) -> str:
        return "PORT" if found[0] in words else found[0]

    told = [part for part, text in form.items() for word in words if word in text]
    return {**form, **{part: _NUMBER.sub(plain, form[part]) for part in told}}


_NUMBER = re.compile(r"\d+")
