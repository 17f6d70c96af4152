"""Several clients at once: what came of their operations is what would come of them one after the other, in some order."""

from collections.abc import Iterator

from churn.lifecycle.invariants.base import Advice, Case, Doubt, Exhibit, Invariant, Objection, Severity, Show, Trait
from churn.lifecycle.outcome import Overlapped
from churn.lifecycle.rules.branches import Must
from churn.lifecycle.rules.together import ending


def in_some_order(case: Case) -> Iterator[Objection | Doubt]:
    """Operations that several clients ask for at once end as they would one after the other, in at least one order.

    The contract says what else may be: `busy`, `midway` and `overtaken`.
    """
    outcome = case.outcome
    if not isinstance(outcome, Overlapped) or case.must not in (Must.EXPLAINED, Must.SOUGHT):
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
