"""Known lifecycle bugs, each planted in the reference manager: what Churn is for, and what proves that it works.

A defect is a small subclass of `ReferenceManager` that overrides what its bug is about; its docstring says what a user would
see, and which public bug it stands for. Several can be combined.
"""

from attrs import frozen

from churn.errors import UsageError
from churn.nearest import nearest
from churn.system.managers.defects import (
    emptiness,
    interrupted,
    leaking,
    listing,
    mumbling,
    naming,
    ports,
    racing,
    remaking,
    removing,
    reviving,
    starting,
    stopping,
    unanswered,
    unprepared,
    updating,
    volumes,
    waking,
)
from churn.system.managers.reference.manager import ReferenceManager


@frozen
class Defect:
    """A defect's name on the command line, and its class."""

    name: str
    manager: type[ReferenceManager]

    @property
    def symptom(self) -> str:
        """What a user would see: the docstring's first line."""
        return (self.manager.__doc__ or "").strip().splitlines()[0]

    @property
    def stands_for(self) -> str:
        """The public bug that it stands for, as the docstring's last line says; empty where it does not."""
        last = (self.manager.__doc__ or "").strip().splitlines()[-1].strip()
        return last.removeprefix(_STANDS_FOR).rstrip(".") if last.startswith(_STANDS_FOR) else ""


_STANDS_FOR = "Stands for: "


_THEMES = (
    stopping,
    starting,
    ports,
    listing,
    leaking,
    naming,
    unprepared,
    removing,
    reviving,
    waking,
    remaking,
    updating,
    volumes,
    mumbling,
    emptiness,
    interrupted,
    unanswered,
    racing,
)
DEFECTS: dict[str, Defect] = {
    name: Defect(name, manager) for theme in _THEMES for name, manager in theme.DEFECTS.items()
}
"""Every defect by its name, theme by theme."""


def defective(names: tuple[str, ...]) -> type[ReferenceManager]:
    """The reference manager with all these defects; the healthy one for none. Raises `UsageError` for unknown names."""
    for name in names:
        if name not in DEFECTS:
            raise UsageError(
                f"expected the name of a defect, got {name!r}; {nearest(name, DEFECTS) or 'churn defects lists them'}"
            )
    bases = tuple(DEFECTS[name].manager for name in dict.fromkeys(names))
    promises = {field: value for base in bases for field, value in base.promises.items()}
    return type("Defective", bases, {"promises": promises}) if bases else ReferenceManager


def need_interrupts(names: tuple[str, ...]) -> bool:
    """Whether some of these defects show only where the manager is ended midway. Unknown names are none."""
    return any(name in DEFECTS and DEFECTS[name].manager.upset_by_interrupt for name in names)


def need_clients(names: tuple[str, ...]) -> bool:
    """Whether some of these defects show only where several clients ask at once. Unknown names are none."""
    return any(name in DEFECTS and DEFECTS[name].manager.upset_by_clients for name in names)


def need_engine_faults(names: tuple[str, ...]) -> bool:
    """Whether some of these defects show only where the engine makes trouble. Unknown names are none."""
    return any(name in DEFECTS and DEFECTS[name].manager.upset_by_engine for name in names)
