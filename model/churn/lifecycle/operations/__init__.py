"""Operations: the things that are done to a system, as values.

Services are called ``a``, ``b``, ``c``, … here; a naming (`churn.lifecycle.sequence`) says what they are really called.
An operation says nothing about how it is carried out, and holds no real id. So it can be planned, drawn, shrunk and kept.

Its class says what planning, drawing and shrinking need to know of it. How it is carried out stands in the tables of
`churn.session.system` and `churn.session.faults`, its shell command in `churn.reproducers.shell`. A test sees that no kind is
missing there.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby

from attrs import evolve

from churn.lifecycle.form import Setting
from churn.lifecycle.operations.base import Family, OnService, Operation, Pace, Step
from churn.lifecycle.operations.faults import (
    SIGNALLED,
    Address,
    Calls,
    Crash,
    Disturb,
    Disturbance,
    Ending,
    HoldPort,
    Interrupt,
    InterruptAt,
    Kill,
    Outage,
    ReleasePort,
    RemoveContainer,
    RestartEngine,
    SetBehaviour,
    Side,
)
from churn.lifecycle.operations.requests import (
    Create,
    Length,
    List,
    Remove,
    Restart,
    RestartManager,
    Start,
    Status,
    Stop,
    Update,
    Wait,
)
from churn.lifecycle.operations.together import Together, Turn

__all__ = [
    "CLIENTS",
    "ENGINE_FAULTS",
    "INTERRUPTS",
    "KINDS",
    "OFFERED",
    "SIGNALLED",
    "Address",
    "Calls",
    "Crash",
    "Create",
    "Disturb",
    "Disturbance",
    "Ending",
    "Family",
    "HoldPort",
    "Interrupt",
    "InterruptAt",
    "Kill",
    "Length",
    "List",
    "OnService",
    "Operation",
    "Outage",
    "Pace",
    "ReleasePort",
    "Remove",
    "RemoveContainer",
    "Restart",
    "RestartEngine",
    "RestartManager",
    "SetBehaviour",
    "Setting",
    "Side",
    "Start",
    "Status",
    "Step",
    "Stop",
    "Together",
    "Turn",
    "Update",
    "Wait",
    "clashing",
    "listed",
    "renamed",
]

_ALL: tuple[type[Operation], ...] = (
    Start,
    Stop,
    Create,
    Remove,
    Restart,
    Update,
    Status,
    List,
    RestartManager,
    Wait,
    SetBehaviour,
    Crash,
    Kill,
    RemoveContainer,
    HoldPort,
    ReleasePort,
    Disturb,
    RestartEngine,
    Interrupt,
    InterruptAt,
    Together,
)
KINDS: Mapping[str, type[Operation]] = {cls.kind: cls for cls in _ALL}
"""Every operation there is, by its word; those of one family stand together."""

OFFERED = frozenset(cls.kind for cls in _ALL if cls.offered and cls.manager and cls.family is not Family.CLIENTS)
"""The kinds that the manager itself carries out. A manager need not have them all."""
ENGINE_FAULTS = frozenset(cls.kind for cls in _ALL if cls.family is Family.ENGINE)
"""The kinds that make trouble with the engine: a contract offers them where the user wants that (`--engine-faults`)."""

INTERRUPTS = frozenset(cls.kind for cls in _ALL if cls.family is Family.INTERRUPT)
"""The kinds that end the manager midway: a contract offers them where the user wants that (`--interrupts`)."""

CLIENTS = frozenset(cls.kind for cls in _ALL if cls.family is Family.CLIENTS)
"""The kinds in which several clients ask at once: a contract offers them where the user wants that (`--together`)."""


def listed(names: tuple[str, ...], possible: frozenset[str]) -> Iterator[Operation]:
    """Every operation on the services `names` that `possible` has what it needs of, family by family.

    None that several clients ask for at once: of those there are too many for a list (`clashing`).
    """
    single = (cls for cls in _ALL if cls.family is not Family.CLIENTS)
    for _, kinds in groupby(single, key=lambda cls: cls.family):
        family = tuple(kinds)
        on_none = (operation for cls in family for operation in cls.each(()) if operation.service is None)
        on_one = (operation for name in names for cls in family for operation in cls.each((name,)) if operation.service)
        yield from (operation for operation in (*on_none, *on_one) if operation.needs in possible | {None})


def clashing(names: tuple[str, ...], possible: frozenset[str]) -> tuple[Together, ...]:
    """What two clients may ask for at once that is likeliest to clash, of what `possible` has."""
    return tuple(
        one for one in Together.each(names) if {one.needs, *(part.needs for part in one.operations)} <= possible
    )


def renamed(operation: Operation, names: Mapping[str, str]) -> Operation:
    """The same operation on another service: `names` says which one takes the place of its own."""
    if isinstance(operation, Together):
        lanes = tuple(tuple(renamed(one, names) for one in lane) for lane in operation.lanes)
        return evolve(operation, lanes=lanes)
    return evolve(operation, name=names[operation.name]) if isinstance(operation, OnService) else operation
