"""Criterion 1, no errors: how the manager's operations ended, and when."""

from collections.abc import Iterator

from churn.lifecycle.invariants.base import Advice, Case, Doubt, Exhibit, Invariant, Objection, Severity, Show, Trait
from churn.lifecycle.operations import Together
from churn.lifecycle.operations.together import PATIENCE
from churn.lifecycle.outcome import Outcome, Overlapped, Rejected, Unknown
from churn.lifecycle.rules.branches import Must


def accepted(case: Case) -> Iterator[Objection | Doubt]:
    """An operation that must succeed reports success, and one that must be refused reports an error."""
    yield from _operation(case)
    listing = case.listing if case.listing is not case.outcome else None
    if isinstance(listing, Rejected):
        seen = f"it was refused: {listing.reason}"
        yield Objection("list must succeed", seen, None, _answer(listing), advice=_LIST_REFUSED)
    elif isinstance(listing, Unknown) and listing.garbled is None:
        yield Doubt("the services as the manager lists them", listing.reason, None, _answer(listing))


def _operation(case: Case) -> Iterator[Objection | Doubt]:
    for operation, ended in case.answers:
        if isinstance(ended, Unknown) and not (ended.overran or ended.foreseen or ended.garbled):
            yield Doubt("to learn how it ended", ended.reason, operation.service, _answer(ended))
    outcome, service = case.outcome, case.operation.service
    if isinstance(outcome, Unknown):
        return
    if not case.must.admits(outcome) and case.must is not Must.EXPLAINED:  # that is `in-some-order`'s
        expected = f"{case.operation} must {case.must.value}"
        if isinstance(outcome, Rejected):
            yield Objection(expected, f"it was refused: {outcome.reason}", service, _answer(outcome))
        else:
            yield Objection(expected, "it reported success", service, _answer(outcome), advice=_CLAIMED)


def _answer(outcome: Outcome) -> Exhibit:
    return Exhibit(Show.ANSWER, outcome.evidence.command)


_LIST_REFUSED = Advice(
    "one service or container that is not as the list expects makes the whole list fail",
    "list what can be told, and tell of the rest that it cannot",
)
_CLAIMED = Advice(
    "the operation does not look whether what it was asked for came about, or an error on the way is dropped",
    "check the effect before reporting success, and report an error where it did not come about",
)
ACCEPTED = Invariant(
    name="accepted",
    says="the manager gives the wrong answer",
    keys=("second_start", "idle_stop", "second_create", "running_remove", "idle_restart"),
    criterion=1,
    check=accepted,
    severity=Severity.HIGH,
    advice=Advice(
        "what an earlier operation left (a name, a port, a container, a word in the store) is in this one's way",
        "let an operation clear away what is left of its own service before it begins, and try again where that takes time",
    ),
    traits=frozenset({Trait.SPOKEN, Trait.MOVING}),
)


def in_time(case: Case) -> Iterator[Objection | Doubt]:
    """An operation ends within the seconds that the contract's `bounds` give it.

    If the manager states a timeout of its own, the operation is not still going on when that has passed, and the `grace`
    after it.
    """
    outcome, service = case.outcome, case.operation.service
    if isinstance(outcome, Overlapped):
        yield from _each_in_time(case, outcome)
        return
    bound = case.contract.bounds.of(case.operation.kind)
    if bound is None:
        return
    if isinstance(outcome, Unknown):
        if outcome.overran:
            expected = "an end within the manager's own timeout"
            yield Objection(expected, outcome.reason, service, _answer(outcome), advice=_NO_END)
    elif outcome.took > bound:
        yield Objection(f"an end within {bound:g} s", f"it took {outcome.took:.1f} s", service, _answer(outcome))


def _each_in_time(case: Case, outcome: Overlapped) -> Iterator[Objection | Doubt]:
    """Of operations that overlap each may have to wait for all others, and for whoever goes on by a schedule of Churn's."""
    turns = len(case.operation.turns) if isinstance(case.operation, Together) else 0
    bound = sum(case.contract.bounds.of(call.operation.kind) or 0.0 for call in outcome.calls)
    bound += PATIENCE * (turns + 1) if turns else 0.0
    for call in outcome.calls:
        ended, shown = call.outcome, _answer(call.outcome)
        if isinstance(ended, Unknown) and ended.overran:
            kind = Objection if ended.took >= bound else Doubt  # it may have waited for another one when it was cut off
            expected = "an end within the manager's own timeout"
            yield kind(expected, ended.reason, call.operation.service, shown, advice=_NO_END)
        elif ended.took > bound:
            yield Objection(f"an end within {bound:g} s", f"it took {ended.took:.1f} s", call.operation.service, shown)


_NO_END = Advice(
    "the timeout that the manager was given is not passed on to what it waits for",
    "bound each call and each wait on the way by what is left of the operation's own timeout",
)
IN_TIME = Invariant(
    name="in-time",
    says="it does not end in time",
    keys=("bounds",),
    criterion=1,
    check=in_time,
    severity=Severity.MEDIUM,
    advice=Advice(
        "the operation waits for something that does not come, or tries again too often",
        "bound every wait, and stop waiting as soon as it is known that what is waited for can not come",
    ),
    traits=frozenset({Trait.SPOKEN, Trait.MOVING}),
)


def slow(case: Case) -> Iterator[Objection]:
    """An operation takes no more than five times as long as elsewhere, unless it is less than 5 s longer.

    This is asked where it was so again and again in one kind of situation: what state the service is in, and whether another
    one runs. It is compared with the same operation in the situation where that is quickest, of those where there is as much
    to do, or more.
    """
    if case.slow is not None:
        found = case.slow
        expected = f"{case.operation} takes no longer here than elsewhere"
        seen = f"it takes {found.here:.1f} s (median), where {found.elsewhere:.1f} s is enough elsewhere"
        yield Objection(expected, seen, case.operation.service, _answer(case.outcome))


SLOW = Invariant(
    name="slow",
    says="it takes many times as long as elsewhere",
    criterion=1,
    check=slow,
    severity=Severity.LOW,
    advice=Advice(
        "in this situation the operation waits for something that never comes, until a time limit ends the wait",
        "look first whether there is anything to wait for, and end the wait as soon as that is there, or can not come",
    ),
    traits=frozenset({Trait.SPOKEN, Trait.COMPARED}),
)
