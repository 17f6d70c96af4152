"""The gallery: descriptions of managers that come with Churn, a TOML file each, which is called as its manager.

A manager is named by a word wherever somebody chooses one: that of a manager that Churn is programmed for, the path of a
description, or a name of the gallery.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

_SUFFIX = ".toml"
_HERE = Path(__file__).parent
_FOLDERS = (_HERE, _HERE.parent / "shell")
"""Where the descriptions lie, with the files that they need."""


@cache
def gallery() -> Mapping[str, Path]:
    """The path of each description in the gallery, by its name, in the order of the names."""
    found = {path.stem: path for folder in _FOLDERS for path in folder.glob(f"*{_SUFFIX}")}
    return MappingProxyType(dict(sorted(found.items())))


def is_file(manager: str) -> bool:
    """Whether the word is the path of a description."""
    return manager.endswith(_SUFFIX)


def description_path(manager: str) -> Path | None:
    """The description that the word stands for; None for a manager that no file describes, and for no manager at all."""
    return Path(manager) if is_file(manager) else gallery().get(manager)
