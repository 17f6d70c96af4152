"""`accepted`, `in-time` and `slow`: what the manager answered, and when."""

import pytest
from builders import case, doubted, findings, is_quiet, objected, running, state

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Bounds, Contract
from churn.lifecycle.durations import Slow
from churn.lifecycle.invariants import Exhibit, Show
from churn.lifecycle.operations import Create, Length, List, Operation, SetBehaviour, Start, Status, Stop, Wait
from churn.lifecycle.outcome import Evidence, Ok, Outcome, Rejected, Unknown
from churn.lifecycle.transitions import Must

STATE = state(a=running())
REJECTED = Rejected(reason="no such thing", evidence=Evidence("manager start a"))
UNKNOWN = Unknown(reason="cut off")
OVERRAN = Unknown(reason="cut off after 70 s", overran=True)

# -- accepted ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("must", "outcome"),
    [(Must.OK, Ok()), (Must.REJECTED, REJECTED), (Must.ANY, Ok()), (Must.ANY, REJECTED)],
)
def test_accepted_is_quiet_where_the_answer_is_the_one_that_is_due(must: Must, outcome: Outcome) -> None:
    assert is_quiet("accepted", case(STATE, operation=Start("a"), must=must, outcome=outcome))


def test_accepted_objects_to_a_refusal_of_what_must_succeed() -> None:
    seen = case(STATE, operation=Start("a"), must=Must.OK, outcome=REJECTED)
    (objection,), doubts = findings("accepted", seen)
    assert not doubts
    assert objection.service == "a"
    assert objection.expected == "start a must succeed"
    assert "no such thing" in objection.seen
    assert objection.exhibit == Exhibit(Show.ANSWER, "manager start a")


def test_accepted_objects_to_success_of_what_must_be_refused() -> None:
    assert objected("accepted", case(STATE, operation=Start("a"), must=Must.REJECTED, outcome=Ok())) == ["a"]


def test_accepted_tells_of_no_service_where_the_operation_is_on_none() -> None:
    assert objected("accepted", case(STATE, operation=List(), must=Must.OK, outcome=REJECTED)) == [None]


@pytest.mark.parametrize("must", Must)
def test_accepted_cannot_tell_where_the_outcome_is_unknown(must: Must) -> None:
    assert doubted("accepted", case(STATE, operation=Stop("a"), must=must, outcome=UNKNOWN)) == ["a"]


def test_accepted_leaves_an_operation_that_overran_to_in_time() -> None:
    assert is_quiet("accepted", case(STATE, operation=Stop("a"), outcome=OVERRAN))


def test_accepted_objects_to_a_list_command_that_fails_while_it_is_looked() -> None:
    assert objected("accepted", case(STATE, operation=Start("a"), listing=REJECTED)) == [None]
    assert is_quiet("accepted", case(STATE, operation=Start("a"), listing=Ok(listed=())))


def test_accepted_cannot_tell_where_the_end_of_that_list_command_is_unknown() -> None:
    assert doubted("accepted", case(STATE, operation=Start("a"), listing=UNKNOWN)) == [None]


# -- in-time ----------------------------------------------------------------------------------------------------------

CONTRACT = Contract(bounds=Bounds(create=1.0, start=2.0, stop=3.0, list=4.0, status=5.0))
BOUNDED: list[tuple[Operation, float]] = [
    (Create("a"), 1.0), (Start("a"), 2.0), (Stop("a"), 3.0), (List(), 4.0), (Status("a"), 5.0),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "bound"), BOUNDED, ids=str)
@pytest.mark.parametrize("kind", [Ok, Rejected])
def test_in_time_objects_to_what_ended_after_its_bound(operation: Operation, bound: float, kind: type[Outcome]) -> None:
    late = case(STATE, operation=operation, outcome=kind(10.0, 10.1 + bound), contract=CONTRACT)
    assert objected("in-time", late) == [operation.service]
    just = case(STATE, operation=operation, outcome=kind(10.0, 10.0 + bound), contract=CONTRACT)
    assert is_quiet("in-time", just)


def test_in_time_does_not_count_the_seconds_for_which_replies_were_held() -> None:
    bound = CONTRACT.bounds.start
    assert is_quiet(
        "in-time", case(STATE, operation=Start("a"), outcome=Ok(0.0, bound + 2, held=2.0), contract=CONTRACT)
    )
    late = case(STATE, operation=Start("a"), outcome=Ok(0.0, bound + 2.1, held=2.0), contract=CONTRACT)
    assert objected("in-time", late) == ["a"]


@pytest.mark.parametrize("operation", [Wait(Length.LONG), SetBehaviour("a", Behaviour.SLOW)], ids=str)
def test_in_time_bounds_only_what_the_manager_does(operation: Operation) -> None:
    assert is_quiet("in-time", case(STATE, operation=operation, outcome=Ok(0.0, 1e6), contract=CONTRACT))


def test_in_time_objects_to_what_was_still_going_after_the_managers_own_timeout() -> None:
    assert objected("in-time", case(STATE, operation=Start("a"), outcome=OVERRAN)) == ["a"]


def test_in_time_does_not_judge_what_was_cut_off_for_another_reason() -> None:
    """Its end is not known, so neither is how long it took."""
    cut = Unknown(0.0, 1e6, reason="the connection broke")
    assert is_quiet("in-time", case(STATE, operation=Start("a"), outcome=cut, contract=CONTRACT))


# -- slow -------------------------------------------------------------------------------------------------------------


def test_slow_tells_both_times_where_the_comparison_says_so() -> None:
    seen = case(
        STATE, operation=Stop("a"), outcome=Ok(0.0, 30.0, evidence=Evidence("manager stop a")), slow=Slow(30.0, 0.2)
    )
    (objection,), doubts = findings("slow", seen)
    assert not doubts
    assert objection.service == "a"
    assert "30.0 s" in objection.seen
    assert "0.2 s" in objection.seen
    assert objection.exhibit == Exhibit(Show.ANSWER, "manager stop a")


def test_slow_says_nothing_where_nothing_was_found_to_be_slow() -> None:
    assert is_quiet("slow", case(STATE, operation=Stop("a"), outcome=Ok(0.0, 30.0)))
