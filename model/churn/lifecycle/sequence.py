"""Sequences of steps, and what their services are really called."""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from string import ascii_lowercase, digits

from attrs import frozen

from churn.lifecycle.contract import Contract
from churn.lifecycle.operations import Step


def service_names(count: int) -> tuple[str, ...]:
    """The model's names for `count` services: a, b, …, z, s26, s27, …"""
    return tuple(ascii_lowercase[i] if i < len(ascii_lowercase) else f"s{i}" for i in range(count))


class Naming(Enum):
    """How services are really called. A manager that handles names wrongly mixes services up, but only with some names."""

    PLAIN = "plain"
    """Short names of one length, which differ in their last letter. No mistake with names is to be expected."""
    PREFIX = "prefix"
    """Each name is the beginning of the next one. This shows a manager that finds containers by a part of the name."""
    LONG = "long"
    """Long names that differ only at their end. This shows a manager that cuts names off before it compares them."""
    REVERSED = "reversed"
    """The service that is created first has the name that is sorted last. This shows a manager that sorts names, but not what
    belongs to them."""
    PATTERN = "pattern"
    """The first name, read as a regular expression, matches the others. This shows a manager that finds containers by a name
    which its engine, or a tool, takes for a pattern."""
    DOTTED = "dotted"
    """The names differ only after a dot. This shows a manager that takes what follows a dot for something else."""
    UNDERSCORED = "underscored"
    """Two names each differ only in that one has an underscore where the other has a dash. This shows a manager that writes
    one for the other, or takes an underscore for any letter, as SQL's LIKE does."""
    NUMBERS = "numbers"
    """The names are digits that begin with zeros, and as numbers all the same. This shows a manager that reads names as
    numbers."""
    MIXED = "mixed"
    """Prefixes, long and reversed names at once: what goes wrong with them shows, and shrinking tells which oddness it is."""
    MARKED = "marked"
    """Patterns and dots at once, and with a third service underscores. Shrinking tells which oddness it is."""

    def real(self, service: str) -> str:
        """The real name of the model's `service`.

        It has letters, digits, dashes, dots and underscores; at most 63 of them if there are few services.
        """
        return _REAL[self](service, _index(service))

    @property
    def plainer(self) -> tuple["Naming", ...]:
        """What shrinking tries in its place: plain names; and each oddness by itself, where it is several at once."""
        return () if self is Naming.PLAIN else (Naming.PLAIN, *_PARTS.get(self, ()))


_PARTS: Mapping[Naming, tuple[Naming, ...]] = {
    Naming.MIXED: (Naming.PREFIX, Naming.LONG, Naming.REVERSED),
    Naming.MARKED: (Naming.PATTERN, Naming.DOTTED, Naming.UNDERSCORED),
}
SINGLE = tuple(naming for naming in Naming if naming not in _PARTS)
"""Plain names, and each oddness by itself."""
_LONG, _MIXED = "a-service-with-a-name-that-is-as-long-as-names-may-be", 9
"""How long names begin, and how many services at most have one of which each later one is a beginning."""
_BETWEEN = f"-{ascii_lowercase}{digits}"
"""What stands in names that a pattern matches, where that has a dot."""


def _index(service: str) -> int:
    return ascii_lowercase.index(service) if service in ascii_lowercase else int(service[1:])


def _pattern(_: str, index: int) -> str:
    return f"web{('.' + _BETWEEN)[index] if index <= len(_BETWEEN) else index}site"


def _mixed(service: str, index: int) -> str:
    return f"{_LONG}{'1' * (_MIXED - index) if index < _MIXED else service}"


def _reversed(service: str, index: int) -> str:
    return f"{ascii_lowercase[-1 - index % 26]}{index // 26 or ''}-{service}"


def _marked(_: str, index: int) -> str:
    return f"7.web{'.-_'[index] if index < len('.-_') else index}1"


_REAL: Mapping[Naming, Callable[[str, int], str]] = {
    Naming.PLAIN: lambda service, _: f"service-{service}",
    Naming.PREFIX: lambda _, index: "web" + "1" * index,
    Naming.LONG: lambda service, _: f"{_LONG}-{service}",
    Naming.REVERSED: _reversed,
    Naming.PATTERN: _pattern,
    Naming.DOTTED: lambda _, index: f"web.{index + 1}",
    Naming.UNDERSCORED: lambda _, index: f"web{'_-'[index % 2]}{index // 2 + 1}",
    Naming.NUMBERS: lambda _, index: f"{'0' * (index + 1)}20310203",
    Naming.MIXED: _mixed,
    Naming.MARKED: _marked,
}


def fitting(namings: Iterable[Naming], names: Iterable[str], contract: Contract) -> tuple[Naming, ...]:
    """Those of the namings by which a manager with this contract can call these services; plain names are always among them."""
    return tuple(
        naming
        for naming in namings
        if naming is Naming.PLAIN or all(contract.takes(naming.real(name)) for name in names)
    )


@frozen
class Sequence:
    """Steps to do one after the other from a clean system, and how the services are named meanwhile."""

    steps: tuple[Step, ...]
    naming: Naming = Naming.PLAIN

    def __str__(self) -> str:
        return "; ".join(map(str, self.steps))
