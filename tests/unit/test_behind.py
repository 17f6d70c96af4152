"""Behind a known bug nothing is taken for sure that was not: which port is held, what an operation did that ended unknown."""

import pytest

from churn.assembly import Target
from churn.lifecycle.form import Setting
from churn.lifecycle.operations import (
    Calls,
    Crash,
    Create,
    Ending,
    HoldPort,
    Interrupt,
    Operation,
    Restart,
    Side,
    Start,
    Step,
    Stop,
    Update,
)
from churn.lifecycle.outcome import Rejected
from churn.lifecycle.sequence import Sequence
from churn.session.session import Session
from churn.session.verdict import Verdict
from churn.session.violation import Violation

KNOWN = (Create("a"), Stop("a"))
"""After each stop a service of `port-changes` is listed with another port."""


def of(*operations: Operation) -> Sequence:
    return Sequence(tuple(map(Step, operations)))


def behind_it(*operations: Operation) -> Session:
    """A session after these, behind that bug."""
    with Session.over(Target(defects=("port-changes",), interrupts=True)) as session:
        with pytest.raises(Violation) as told:
            session.run("test", ("a",), of(*KNOWN))
        session.known.add(told.value.failing.fingerprint)
        session.run("test", ("a",), of(*operations))
        return session


def test_a_service_that_was_moved_from_a_port_that_is_held_may_go_back_to_it() -> None:
    asked = (Create("a"), Update("a", Setting.PORT), Restart("a"), Crash("a"), HoldPort("a"))
    session = behind_it(*asked, Stop("a"), Start("a"), Stop("a"))
    refused = session.current.records[-2]
    assert isinstance(refused.outcome, Rejected)
    assert refused.verdict is not Verdict.FAIL


@pytest.mark.parametrize("what", [Setting.IMAGE, Setting.ENVIRONMENT])
def test_an_update_that_ended_unknown_may_or_may_not_have_been_made(what: Setting) -> None:
    killed = Interrupt(1, Side.BEFORE, Ending.KILL, Calls.CHANGES)
    session = behind_it(Create("a"), killed, Update("a", what), Stop("a"), Start("a"))
    assert [record.verdict for record in session.current.records][-2:] == [Verdict.KNOWN, Verdict.PASS]
