"""The invariants: named checks of one expected state against one observation.

`INVARIANTS` has them in a fixed order, which is also their rank: a failure is named after the first invariant that objected. So
those that say most about the cause stand first. Each theme has a file; each check has the signature of `Check`.
"""

from collections.abc import Collection, Mapping

from churn.lifecycle.invariants.answers import READABLE
from churn.lifecycle.invariants.base import (
    Advice,
    Case,
    Doubt,
    Exhibit,
    Invariant,
    Objection,
    Severity,
    Show,
    Trait,
)
from churn.lifecycle.invariants.containers import FRESH_CONTAINER, NO_ORPHANS, NO_RESTART_POLICY
from churn.lifecycle.invariants.data import DATA_KEPT
from churn.lifecycle.invariants.graceful import GRACEFUL_STOP
from churn.lifecycle.invariants.leaks import NO_LEAKS, NO_PROCESSES
from churn.lifecycle.invariants.movement import QUIET, UNDISTURBED
from churn.lifecycle.invariants.order import IN_SOME_ORDER
from churn.lifecycle.invariants.outcomes import ACCEPTED, IN_TIME, SLOW
from churn.lifecycle.invariants.ports import PORT_RELEASED, STABLE_PORT
from churn.lifecycle.invariants.sameness import SAME_AS_FRESH
from churn.lifecycle.invariants.status import SERVING, STATUS

INVARIANTS: tuple[Invariant, ...] = (
    ACCEPTED,
    IN_SOME_ORDER,
    IN_TIME,
    UNDISTURBED,
    QUIET,
    NO_RESTART_POLICY,
    FRESH_CONTAINER,
    STABLE_PORT,
    NO_ORPHANS,
    DATA_KEPT,
    SAME_AS_FRESH,
    READABLE,
    STATUS,
    SERVING,
    PORT_RELEASED,
    GRACEFUL_STOP,
    NO_LEAKS,
    NO_PROCESSES,
    SLOW,
)

__all__ = [
    "INVARIANTS",
    "Advice",
    "Case",
    "Doubt",
    "Exhibit",
    "Invariant",
    "Objection",
    "Severity",
    "Show",
    "Trait",
    "all_but",
    "examine",
    "has",
    "named",
]

_BY_NAME: Mapping[str, Invariant] = {invariant.name: invariant for invariant in INVARIANTS}


def named(name: str) -> Invariant | None:
    """The invariant of that name; None for one that is not known, in a file of another version, say."""
    return _BY_NAME.get(name)


def has(name: str, trait: Trait) -> bool:
    """Whether the invariant of that name is known, and has the trait."""
    invariant = _BY_NAME.get(name)
    return invariant is not None and trait in invariant.traits


def all_but(names: Collection[str], asked: tuple[Invariant, ...] = INVARIANTS) -> tuple[Invariant, ...]:
    """Those of `asked` that have none of these names."""
    return tuple(invariant for invariant in asked if invariant.name not in names)


def examine(case: Case, invariants: tuple[Invariant, ...] = INVARIANTS) -> tuple[list[Objection], list[Doubt]]:
    """What the invariants object to, and what they could not tell, in the order of `invariants`."""
    objections: list[Objection] = []
    doubts: list[Doubt] = []
    for invariant in invariants:
        for finding in invariant.check(case):
            told = finding.of(invariant)
            (objections if isinstance(told, Objection) else doubts).append(told)  # type: ignore[arg-type]  # one or the other
    return objections, doubts
