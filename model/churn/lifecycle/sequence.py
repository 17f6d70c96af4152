"""Sequences of steps, and what their services are really called."""

from enum import Enum
from string import ascii_lowercase

from attrs import frozen

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
    MIXED = "mixed"
    """All of these at once: what goes wrong with odd names shows, and shrinking tells which oddness it is."""

    def real(self, service: str) -> str:
        """The real name of the model's `service`: letters, digits and dashes; at most 63 of them if there are few services."""
        index = ascii_lowercase.index(service) if service in ascii_lowercase else int(service[1:])
        if self is Naming.PREFIX:
            return "web" + "1" * index
        if self is Naming.LONG:
            return f"{_LONG}-{service}"
        if self is Naming.MIXED:
            return f"{_LONG}{'1' * (_MIXED - index) if index < _MIXED else service}"
        if self is Naming.REVERSED:
            return f"{ascii_lowercase[-1 - index % 26]}{index // 26 or ''}-{service}"
        return f"service-{service}"


_LONG, _MIXED = "a-service-with-a-name-that-is-as-long-as-names-may-be", 9
"""How long names begin, and how many services at most have one of which each later one is a beginning."""


@frozen
class Sequence:
    """Steps to do one after the other from a clean system, and how the services are named meanwhile."""

    steps: tuple[Step, ...]
    naming: Naming = Naming.PLAIN

    def __str__(self) -> str:
        return "; ".join(map(str, self.steps))
