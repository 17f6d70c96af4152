"""Several clients at once: what came of their operations is what would come of them one after the other, in some order."""

from collections.abc import Iterator

from churn.lifecycle.contract import SecondStart
from churn.lifecycle.invariants.base import (
    CONTAINERS,
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
from churn.lifecycle.outcome import Overlapped
from churn.lifecycle.rules.branches import Must
from churn.lifecycle.rules.together import ending


def in_some_order(case: Case) -> Iterator[Objection | Doubt]:
    """Operations that several clients ask for at once end as they would one after the other, in at least one order.

    The contract says what else may be: `busy`, `midway` and `overtaken`. In no order do two containers of one service run at
    the same moment, unless a second start replaces the first one's.
    """
    outcome = case.outcome
    if not isinstance(outcome, Overlapped):
        return
    yield from _beside_itself(case)
    if case.must not in (Must.EXPLAINED, Must.SOUGHT):
        return
    shown = Exhibit(Show.ANSWER, outcome.evidence.command)
    if case.must is Must.SOUGHT:
        yield Doubt("an order that explains how they ended", "the search for one gave up", None, shown)
        return
    asked = ", ".join(sorted(str(call.operation) for call in outcome.calls))
    expected = f"an order in which {asked} may have ended as they did"
    seen = ", ".join(sorted(map(ending, outcome.calls)))
    advice = Advice(case.told, _FIX)
    yield Objection(expected, seen, case.operation.service, shown, advice=advice, alike="there is none")


def _beside_itself(case: Case) -> Iterator[Objection]:
    """The services of which two containers ran at the same moment, as the engine's events tell."""
    if case.contract.second_start is SecondStart.REPLACES:
        return
    running = _before(case)
    for event in case.observation.events:
        of_service = running.setdefault(event.service, set())
        if event.action in ("die", "destroy"):
            of_service.discard(event.container)
        elif event.action == "start" and event.service:
            of_service.add(event.container)
            if len(of_service) == _TWO:
                seen = " and ".join(sorted(map(case.shown, of_service))) + " run at the same moment"
                expected = f"at most one running container of service {event.service}"
                yield Objection(expected, seen, event.service, CONTAINERS, alike="two run")


def _before(case: Case) -> dict[str, set[str]]:
    """The containers of each service that ran before any of these events: those that run and did not start, or that end first."""
    first = {
        one.container: one for one in reversed(case.observation.events) if one.action in ("create", "start", "die")
    }
    running: dict[str, set[str]] = {}
    for found in case.observation.containers.values():
        if found.state == "running" and found.id not in first and found.service is not None:
            running.setdefault(found.service, set()).add(found.id)
    for event in first.values():
        if event.action == "die":
            running.setdefault(event.service, set()).add(event.container)
    return running


_TWO = 2
_FIX = "let each operation that changes a service hold a lock of that service's from its first look to its last change"


IN_SOME_ORDER = Invariant(
    name="in-some-order",
    says="no order of the requests explains the answers",
    keys=("busy", "midway", "overtaken"),
    criterion=1,
    check=in_some_order,
    severity=Severity.HIGH,
    advice=Advice(
        "an operation looks first and acts later, and another client's operation comes between",
        _FIX,
    ),
    traits=frozenset({Trait.SPOKEN, Trait.MOVING}),
)
