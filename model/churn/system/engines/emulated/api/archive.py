"""Files in and out of a container: archives, and what has changed in its layer."""

import base64
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from churn.system.engines.emulated.api.message import TAR, Json, Reply, Request, told
from churn.system.engines.emulated.api.shapes import when
from churn.system.engines.emulated.container import Container
from churn.system.engines.emulated.core import Core
from churn.system.engines.refusals import refusal

_ROOTS = frozenset(("/", "/bin", "/dev", "/etc", "/home", "/lib", "/proc", "/root", "/sys", "/tmp", "/usr", "/var"))  # noqa: S108 -- told, not used
_MODIFIED, _ADDED = 0, 1
_FOLDER_MODE, _FILE_MODE, _GO_FOLDER = 0o755, 0o644, 2**31

Tree = Mapping[str, bytes | None]
"""Paths with their content; None is a folder."""


def get(core: Core, request: Request, reference: str) -> Reply:
    """GET and HEAD /containers/{id}/archive."""
    container, path = _place(core, request, reference)
    tree = _tree(core, container)
    if path not in tree:
        raise refusal(404, f"Could not find the file {request.value('path')} in container {reference}")
    headers = {"X-Docker-Container-Path-Stat": _stat(core, container, path, tree[path])}
    body = b"" if request.method == "HEAD" else _packed(tree, path)
    return Reply(body=body, kind=TAR, headers=headers)


def put(core: Core, request: Request, reference: str) -> Reply:
    """PUT /containers/{id}/archive."""
    container, path = _place(core, request, reference)
    tree = _tree(core, container)
    if path not in tree:
        raise refusal(404, f"Could not find the file {request.value('path')} in container {reference}")
    if tree[path] is not None:
        raise refusal(400, "extraction point is not a directory")
    try:
        added = unpacked(request.body, path)
    except tarfile.TarError as error:
        raise refusal(500, f"Error processing tar file: {error}") from None
    container.files = {**container.files, **added}
    return Reply(200)


def changes(core: Core, request: Request, reference: str) -> Reply:
    """GET /containers/{id}/changes."""
    container = core.find(reference)
    image = core.image_of(container)
    before = {f"/{name}" for name in image.files} if image is not None else set()
    kinds = {path: _MODIFIED if path in before else _ADDED for path in container.files}
    for path in container.files:
        kinds.update({str(folder): _MODIFIED for folder in PurePosixPath(path).parents if str(folder) != "/"} | kinds)
    return told([{"Path": path, "Kind": kinds[path]} for path in sorted(kinds)] or None)


def unpacked(archive: bytes, path: str) -> dict[str, bytes | None]:
    """What an archive has, under `path`. Raises `TarError`."""
    found: dict[str, bytes | None] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for entry in tar:
            name = str(PurePosixPath(path) / entry.name.lstrip("./"))
            content = tar.extractfile(entry) if entry.isreg() else None
            found[name] = None if entry.isdir() else content.read() if content is not None else b""
    return {name: content for name, content in found.items() if name != "/"}


def _place(core: Core, request: Request, reference: str) -> tuple[Container, str]:
    container = core.find(reference)
    if not request.value("path"):
        raise refusal(400, "bad parameter: path cannot be empty")
    return container, str(PurePosixPath("/") / request.value("path"))


def _tree(core: Core, container: Container) -> Tree:
    """All that is known of its files, folders included."""
    image = core.image_of(container)
    files: dict[str, bytes | None] = {f"/{name}": content for name, content in (image.files if image else {}).items()}
    files.update(container.files)
    folders = {str(folder): None for path in files for folder in PurePosixPath(path).parents}
    return {**dict.fromkeys(_ROOTS), **folders, **files}


def _stat(core: Core, container: Container, path: str, content: bytes | None) -> str:
    mode = _GO_FOLDER | _FOLDER_MODE if content is None else _FILE_MODE
    entry: Json = {
        "name": PurePosixPath(path).name or "/",
        "size": len(content or b""),
        "mode": mode,
        "mtime": when(core, container.created_at),
        "linkTarget": "",
    }
    return base64.b64encode(json.dumps(entry).encode()).decode()


def _packed(tree: Tree, path: str) -> bytes:
    """The file, or the folder with all that is known to be in it, as a tar whose names begin with its own."""
    buffer = io.BytesIO()
    above = PurePosixPath(path).parent
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in sorted(one for one in tree if one == path or one.startswith(f"{path.rstrip('/')}/")):
            content = tree[name]
            entry = tarfile.TarInfo(str(PurePosixPath(name).relative_to(above)) if name != "/" else "/")
            entry.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            entry.size = len(content or b"")
            entry.mode = _FOLDER_MODE if content is None else _FILE_MODE
            tar.addfile(entry, io.BytesIO(content or b""))
    return buffer.getvalue()
