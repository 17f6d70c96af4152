"""The files of an image or a container, as tar archives carry them."""

import io
import posixpath
import tarfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from attrs import field, frozen

FOLDER_MODE = 0o755
_MODE = 0o7777
_LINKS = 255
"""Parts and links that a path may lead through: links may lead in a circle."""
_REMOVED, _EMPTIED = ".wh.", ".wh..wh..opq"
"""What the name of a file in a layer begins with where it removes one below it; and the file that empties its folder."""


@frozen
class File:
    """A file, a folder or a link: `kind` is a tar's word for it, `target` where a link leads."""

    content: bytes = field(default=b"", repr=False)
    mode: int = FOLDER_MODE
    kind: bytes = tarfile.REGTYPE
    target: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether others may be in it."""
        return self.kind == tarfile.DIRTYPE

    @property
    def is_link(self) -> bool:
        """Whether it only says where the file is."""
        return self.kind == tarfile.SYMTYPE


FOLDER = File(kind=tarfile.DIRTYPE)
Tree = Mapping[str, File]
"""Files by their absolute paths."""


def unpacked(archive: bytes, path: str = "/") -> dict[str, File]:
    """What an archive has, under `path`. Raises `TarError`."""
    found: dict[str, File] = {}
    if not archive:
        return found
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for entry in tar:
            name = str(PurePosixPath(path) / entry.name.removeprefix("./").lstrip("/"))
            found[name] = _file(tar, entry, found)
    return {name: file for name, file in found.items() if name not in ("/", str(PurePosixPath(path)))}


def _file(tar: tarfile.TarFile, entry: tarfile.TarInfo, before: Tree) -> File:
    if entry.islnk():  # a second name of a file that is there already
        same = before.get(f"/{entry.linkname.lstrip('/')}")
        return same if same is not None else File(mode=entry.mode & _MODE)
    content = tar.extractfile(entry) if entry.isreg() else None
    read = content.read() if content is not None else b""
    return File(read, entry.mode & _MODE, entry.type if not entry.isreg() else tarfile.REGTYPE, entry.linkname)


def laid_over(below: Tree, layer: Tree) -> dict[str, File]:
    """The files below with a layer's over them: in a layer a name may say that one below is gone."""
    found = dict(below)
    for name in layer:
        place = PurePosixPath(name)
        if place.name == _EMPTIED:
            found = _without(found, str(place.parent), itself=False)
        elif place.name.startswith(_REMOVED):
            found = _without(found, str(place.parent / place.name.removeprefix(_REMOVED)), itself=True)
    found.update({name: file for name, file in layer.items() if not PurePosixPath(name).name.startswith(_REMOVED)})
    return found


def _without(tree: Tree, path: str, *, itself: bool) -> dict[str, File]:
    inside = f"{path.rstrip('/')}/"
    return {name: file for name, file in tree.items() if not name.startswith(inside) and not (itself and name == path)}


def packed(tree: Tree, path: str = "") -> bytes:
    """That file, or that folder with all that is in it, as a tar whose names begin with its own; without a path, all."""
    buffer = io.BytesIO()
    above = "/" if not path else "" if path == "/" else str(PurePosixPath(path).parent)
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in sorted(one for one in tree if one == path or one.startswith(f"{path.rstrip('/')}/")):
            if relative := name.removeprefix(above).lstrip("/") if above else name:
                _add(tar, relative, tree[name])
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, file: File) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.linkname, entry.size = file.kind, file.mode, file.target, len(file.content)
    tar.addfile(entry, io.BytesIO(file.content))


def resolved(tree: Tree, path: str) -> str:
    """The path that a path leads to: each part of it that is a link is followed, unless they lead in a circle."""
    place, left = PurePosixPath("/"), list(PurePosixPath(path).parts[1:])
    for _ in range(_LINKS):
        if not left:
            break
        step = PurePosixPath(posixpath.normpath(place / left.pop(0)))
        file = tree.get(str(step))
        if file is not None and file.is_link:
            left = [*PurePosixPath(file.target).parts, *left]
            place = PurePosixPath("/") if file.target.startswith("/") else place
        else:
            place = step
    return path if left else str(place)
