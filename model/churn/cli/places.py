"""Where a command writes: the folders and the file that its options name, had before anything is run.

What was made for that, and in which nothing was kept, is gone when the command ends: one that could not begin leaves nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from churn.errors import UsageError


@contextmanager
def folders(named: Mapping[str, Path]) -> Iterator[None]:
    """Have the folders that these options name. Raises `UsageError` where nothing can be written in one of them."""
    with ExitStack() as stack:
        for option, folder in named.items():
            try:
                stack.enter_context(_folder(folder))
                _try(folder)
            except (OSError, ValueError) as error:
                raise UsageError(f"{option} {folder}: {_EXPECTED.format('folder', _why(error))}") from error
        yield


@contextmanager
def logged(path: Path | None) -> Iterator[IO[str] | None]:
    """The file that ``--log`` names, open for lines; None where it names none. Raises `UsageError` where it cannot be written."""
    if path is None:
        yield None
        return
    with ExitStack() as stack:
        try:
            stack.enter_context(_folder(path.parent))
            if not path.exists():
                stack.callback(_remove_empty, path)
            file = stack.enter_context(path.open("w", encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"--log {path}: {_EXPECTED.format('file', _why(error))}") from error
        yield file


_EXPECTED = "expected a {} that can be written, but: {}; name another"


def _why(error: OSError | ValueError) -> object:
    if isinstance(error, FileExistsError):
        return f"{error.filename} is no folder"
    return error.strerror if isinstance(error, OSError) else error


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Make a folder, and those above it; after that those are removed which were made, and are empty."""
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        with suppress(OSError):  # somebody has kept something there
            for one in made:
                one.rmdir()


def _remove_empty(file: Path) -> None:
    with suppress(OSError):
        if file.stat().st_size == 0:
            file.unlink()


def _try(folder: Path) -> None:
    """Raises `OSError` where nothing can be written there."""
    import tempfile  # slow to import, and a list of commands comes by here

    tempfile.TemporaryFile(dir=folder).close()
