"""Failures in a folder: reproducers, as everywhere, which `churn replay` and `pytest` take too."""

from pathlib import Path

from attrs import define, field

from churn.errors import UsageError
from churn.farm.store.base import key_of
from churn.reproducers.file import Reproducer, load, save


@define
class FolderStore:
    """The folder at `path`; it is made where it is not there. Raises `UsageError` where it cannot be used."""

    path: Path
    _lost: str = field(init=False, default="")

    def __attrs_post_init__(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"--store {self.path}: expected a folder that can be written, but: {error.strerror}"
            ) from error

    def load(self) -> list[Reproducer]:
        """As `Store.load`."""
        return [load(file) for file in sorted(self.path.glob("*.json"))]

    def add(self, found: Reproducer) -> str:
        """As `Store.add`."""
        name = f"{found.file_name.removesuffix('.json')}-{key_of(found)}.json"
        told = self._lost
        try:
            if not (self.path / name).exists():
                save(found, self.path, name)
        except OSError as error:
            self._lost = f"a failure could not be kept in {self.path}: {error.strerror}"
        return self._lost if self._lost != told else ""

    def close(self) -> str:
        """As `Store.close`."""
        return self._lost
