"""Whether the description file that a reproducer names may be used: the commands in it would be run."""

import shlex
from collections.abc import Iterable
from pathlib import Path

from churn.errors import UsageError
from churn.system.managers.gallery import is_file


def trusted(manager: str, file: Path, within: Iterable[Path] = (), *, trust: bool = False) -> str:
    """The manager that a reproducer at `file` names, its description file by a path that leads there from anywhere.

    A description is looked for beside the reproducer first, then from the working folder. Where it is neither in the
    reproducer's folder nor in one of those of `within`, `trust` says whether it may be used all the same. Raises `UsageError`
    where it may not. Those of the gallery are Churn's own, and may be used.
    """
    if not is_file(manager):
        return manager
    beside = file.parent / manager
    named = (beside if beside.exists() else Path(manager)).resolve()
    folders = [folder.resolve() for folder in (file.parent, *within)]
    if not trust and not any(named.is_relative_to(folder) for folder in folders):
        raise UsageError(
            f"{file}: manager: expected a description in the file's own folder, got {named}; replaying would run the commands "
            "in that: look at them, then say --trust, or name the description with --manager"
        )
    return str(named)


def replaying(path: Path, manager: str, binary: str = "") -> str:
    """The command that replays the reproducer at `path`, which was found with that manager.

    It names a description, which is trusted by that, and AIMA's `binary`.
    """
    words = ["churn", "replay"]
    if is_file(manager):
        words += ["--manager", manager]
    elif manager == "aima" and binary:
        words += ["--aima-bin", binary]
    return shlex.join([*words, str(path)])
