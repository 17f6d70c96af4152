"""The invariants: named checks of one expected state against one observation.

`INVARIANTS` is their fixed order. It is also their rank: what a violation is called is its first objection's invariant, so
those that say most about the cause stand first. A theme has a file; each check has the signature of `Check`.
"""

from churn.lifecycle.invariants.base import Doubt, Invariant, Objection, Sight, ps
from churn.lifecycle.invariants.containers import fresh_container, no_orphans, no_restart_policy
from churn.lifecycle.invariants.leaks import no_leaks, no_processes
from churn.lifecycle.invariants.movement import quiet, undisturbed
from churn.lifecycle.invariants.ports import port_released, stable_port
from churn.lifecycle.invariants.status import serving, status
from churn.lifecycle.invariants.words import accepted, in_time

INVARIANTS: tuple[Invariant, ...] = (
    Invariant("accepted", 1, accepted),
    Invariant("in-time", 1, in_time),
    Invariant("undisturbed", 3, undisturbed),
    Invariant("quiet", 3, quiet),
    Invariant("no-restart-policy", 4, no_restart_policy),
    Invariant("fresh-container", 2, fresh_container),
    Invariant("stable-port", 5, stable_port),
    Invariant("no-orphans", 4, no_orphans),
    Invariant("status", 3, status),
    Invariant("serving", 3, serving),
    Invariant("port-released", 5, port_released),
    Invariant("no-leaks", 4, no_leaks),
    Invariant("no-processes", 4, no_processes),
)

__all__ = ["INVARIANTS", "Doubt", "Invariant", "Objection", "Sight", "examine", "ps"]


def examine(sight: Sight, invariants: tuple[Invariant, ...] = INVARIANTS) -> tuple[list[Objection], list[Doubt]]:
    """What the invariants object to, and what they could not tell, in their order."""
    objections: list[Objection] = []
    doubts: list[Doubt] = []
    for invariant in invariants:
        for finding in invariant.check(sight):
            named = finding.of(invariant)
            (objections if isinstance(named, Objection) else doubts).append(named)  # type: ignore[arg-type]  # one or the other
    return objections, doubts
