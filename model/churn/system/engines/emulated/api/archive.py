"""Files in and out of a container: archives, and what has changed in its layer."""

import base64
import json
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from churn.system.engines.emulated.api.dates import when
from churn.system.engines.emulated.api.message import TAR, Json, Reply, Request, told
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.contents import put as put_into_volumes, tree_of
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.files import FOLDER, File, Tree, packed, resolved, unpacked
from churn.system.refusals import refusal

_ROOTS = frozenset(("/", "/bin", "/dev", "/etc", "/home", "/lib", "/proc", "/root", "/sys", "/tmp", "/usr", "/var"))  # noqa: S108 -- told, not used
_MODIFIED, _ADDED = 0, 1
_GO_FOLDER, _GO_LINK = 2**31, 2**27
_FOLDER_SIZE = 4096


def get(core: Core, request: Request, reference: str) -> Reply:
    """GET and HEAD /containers/{id}/archive."""
    container, asked = _place(core, request, reference)
    with _looked_into(core, container):
        return _get(core, request, reference, container, asked)


def _get(core: Core, request: Request, reference: str, container: EmulatedContainer, asked: str) -> Reply:
    tree = _tree(core, container)
    path = _inside(tree, asked)
    if path not in tree:
        raise refusal(404, f"Could not find the file {request.value('path')} in container {reference}")
    headers = {"X-Docker-Container-Path-Stat": _stat(core, container, tree, path)}
    if request.method == "HEAD":
        return Reply(kind=TAR, headers=headers)
    core.journal.say(container, "archive-path")
    return Reply(body=packed(tree, path), kind=TAR, headers=headers)


def put(core: Core, request: Request, reference: str) -> Reply:
    """PUT /containers/{id}/archive."""
    container, asked = _place(core, request, reference)
    with _looked_into(core, container):
        _put(core, request, reference, container, asked)
    return Reply(200)


def _put(core: Core, request: Request, reference: str, container: EmulatedContainer, asked: str) -> None:
    tree = _tree(core, container)
    path = resolved(tree, asked)
    if path not in tree:
        raise refusal(404, f"Could not find the file {request.value('path')} in container {reference}")
    if not tree[path].is_folder:
        raise refusal(400, "extraction point is not a directory")
    container.files = {**container.files, **put_into_volumes(core.resources, container, extracted(request.body, path))}
    core.journal.say(container, "extract-to-dir")


@contextmanager
def _looked_into(core: Core, container: EmulatedContainer) -> Iterator[None]:
    """Its volumes are mounted for as long as that takes."""
    core.connections.mount(container)
    try:
        yield
    finally:
        core.connections.unmount(container)


def extracted(archive: bytes, path: str) -> dict[str, File]:
    """What an archive has, under `path`. Raises `ServerError` for what is none."""
    try:
        return unpacked(archive, path)
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error, lzma.LZMAError):
        raise refusal(500, "Error processing tar file(exit status 1): unexpected EOF") from None


def changes(core: Core, request: Request, reference: str) -> Reply:
    """GET /containers/{id}/changes."""
    container = core.find(reference)
    before = container.origin.files if container.origin is not None else {}
    kinds = {path: _MODIFIED if path in before else _ADDED for path in container.files}
    for path in container.files:
        kinds.update({str(folder): _MODIFIED for folder in PurePosixPath(path).parents if str(folder) != "/"} | kinds)
    return told([{"Path": path, "Kind": kinds[path]} for path in sorted(kinds)] or None)


def _place(core: Core, request: Request, reference: str) -> tuple[EmulatedContainer, str]:
    container = core.find(reference)
    if not request.value("path"):
        raise refusal(400, "bad parameter: pathcannot be empty")
    return container, str(PurePosixPath("/") / request.value("path"))


def _inside(tree: Tree, path: str) -> str:
    """The path with the links on its way followed, not the one at its end."""
    place = PurePosixPath(path)
    return str(PurePosixPath(resolved(tree, str(place.parent))) / place.name)


def _tree(core: Core, container: EmulatedContainer) -> Tree:
    """All that is known of its files, folders included."""
    own = {**(container.origin.files if container.origin is not None else {}), **container.files}
    files = {**own, **tree_of(core.resources, container)}
    folders = {str(folder) for path in files for folder in PurePosixPath(path).parents}
    return {**dict.fromkeys((*_ROOTS, *folders), FOLDER), **files}


def _stat(core: Core, container: EmulatedContainer, tree: Tree, path: str) -> str:
    file = tree[path]
    kind = _GO_FOLDER if file.is_folder else _GO_LINK if file.is_link else 0
    entry: Json = {
        "name": PurePosixPath(path).name or "/",
        "size": _FOLDER_SIZE if file.is_folder else len(file.target if file.is_link else file.content),
        "mode": kind | file.mode,
        "mtime": when(core, container.created_at),
        "linkTarget": resolved(tree, path) if file.is_link else "",
    }
    return base64.b64encode(json.dumps(entry).encode()).decode()
