"""`readable`: whether what the manager printed is what it promised."""

import pytest
from builders import case, findings, is_quiet, objected, running, state

from churn.lifecycle.operations import List, Operation, Start, Stop
from churn.lifecycle.outcome import Evidence, Garbled, Ok, Outcome, Rejected, Unknown

STATE = state(a=running())
SILENT = Unknown(reason="unreadable", evidence=Evidence("manager list"), garbled=Garbled("a JSON document", "nothing"))
NOISY = Unknown(reason="unreadable", garbled=Garbled("a JSON document", "no JSON"))


@pytest.mark.parametrize("outcome", [Ok(), Rejected(reason="nonsense"), Unknown(reason="cut off")])
def test_readable_is_quiet_where_nothing_was_promised_or_all_was_kept(outcome: Outcome) -> None:
    assert is_quiet("readable", case(STATE, operation=Stop("a"), outcome=outcome, listing=outcome))


@pytest.mark.parametrize(("operation", "service"), [(Start("a"), "a"), (List(), None)])
def test_readable_objects_to_an_operations_answer_that_cannot_be_read(
    operation: Operation, service: str | None
) -> None:
    assert objected("readable", case(STATE, operation=operation, outcome=NOISY)) == [service]


def test_readable_objects_to_the_list_of_a_look() -> None:
    (objection,), _ = findings("readable", case(STATE, operation=Stop("a"), listing=SILENT))
    assert objection.expected == "list prints a JSON document"
    assert objection.seen == "list printed nothing"
    assert objection.exhibit is not None
    assert objection.exhibit.subject == "manager list"


def test_readable_objects_once_to_a_list_that_was_asked_for_as_a_step() -> None:
    assert objected("readable", case(STATE, operation=List(), outcome=SILENT, listing=SILENT)) == [None]


def test_silence_has_a_cause_of_its_own() -> None:
    silent, noisy = (findings("readable", case(STATE, listing=one))[0][0].advice for one in (SILENT, NOISY))
    assert silent is not None
    assert noisy is not None
    assert silent != noisy


def test_accepted_leaves_to_readable_what_cannot_be_read() -> None:
    assert is_quiet("accepted", case(STATE, operation=Start("a"), outcome=NOISY, listing=SILENT))
