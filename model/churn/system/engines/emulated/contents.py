"""What is in the volumes of an emulated engine: files that clients put there, and that outlive containers."""

from pathlib import PurePosixPath

from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.files import FOLDER, File, Tree
from churn.system.engines.emulated.resources import Resources

NEVER_WRITTEN = "must not set ReadOnly mode when using anonymous volumes"
"""What is wrong with a volume without a name that is mounted read-only: nobody could ever write into it."""


def tree_of(resources: Resources, container: EmulatedContainer) -> dict[str, File]:
    """The files in the volumes that are mounted in the container, by where they are there."""
    found: dict[str, File] = {}
    for mount in container.mounted:
        if mount.kind == "volume":
            found[mount.target] = FOLDER
            inside = resources.contents.get(mount.source, {})
            found.update({f"{mount.target}{path}": file for path, file in inside.items()})
    return found


def put(resources: Resources, container: EmulatedContainer, files: Tree) -> Tree:
    """Put those of the files into volumes that are in one by their path; the others."""
    rest = {}
    for path, file in files.items():
        place = _place(container, path)
        if place is None:
            rest[path] = file
        else:
            volume, inside = place
            resources.contents[volume] = {**resources.contents.get(volume, {}), inside: file}
    return rest


def _place(container: EmulatedContainer, path: str) -> tuple[str, str] | None:
    """The volume in which a path is, and the path there."""
    for mount in container.mounted:
        if mount.kind == "volume" and PurePosixPath(mount.target) in PurePosixPath(path).parents:
            return mount.source, path.removeprefix(mount.target.rstrip("/"))
    return None
