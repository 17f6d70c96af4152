"""Exhaustive search, and what it stands on: systems that can be put back to where they were."""

from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from churn.assembly import Target, assembled
from churn.errors import UsageError
from churn.explore.exhaustive import Level, Search
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.operations import Create, HoldPort, Kill, Length, List, Pace, SetBehaviour, Start, Step, Stop, Wait
from churn.lifecycle.sequence import Naming, service_names
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.system.clock import RealClock
from churn.system.host import RealHost

WAY = (Step(Create("a")), Step(Create("b")), Step(Start("a")), Step(Start("b"), Pace.HURRIED))
ON = (
    Step(Kill("a"), Pace.ENGINE_ONLY),
    Step(SetBehaviour("b", Behaviour.SLOW)),
    Step(Stop("a")),
    Step(HoldPort("a")),
    Step(Start("a")),
    Step(Wait(Length.SHORT)),
    Step(Stop("b"), Pace.HURRIED),
    Step(Start("b")),
)


def searched(defect: str, services: int, depth: int, **options: Any) -> list[Level]:
    with assembled(Target(defects=(defect,) if defect else ())) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        return list(islice(Search(session, service_names(services), **options).levels(), depth))


def test_a_system_that_was_put_back_goes_the_same_way_again() -> None:
    with assembled(Target(defects=("revived-later", "leaks-volume"))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        session.begin("test", ("a", "b"))
        for step in WAY:
            session.step(step)
        taken, here = session.snapshot(), session.key()
        ways = []
        for _ in range(3):
            keys = []
            for step in ON:
                session.step(step)
                keys.append(session.key())
            ways.append(keys)
            session.restore(taken)
            assert session.key() == here
        assert ways[0] == ways[1] == ways[2]
        assert len(set(ways[0])) == len(ON) - 1, "all but the wait change something"


def test_what_changes_nothing_leads_to_the_same_joint_state() -> None:
    with assembled(Target()) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        keys = []
        for between in ((), (Step(List()), Step(Wait(Length.LONG))), (Step(Start("a")), Step(Stop("a")))):
            session.begin("test", ("a",))
            for step in (Step(Create("a")), *between, Step(Start("a")), Step(Stop("a"))):
                session.step(step)
            keys.append(session.key())
        assert keys[0] == keys[1] == keys[2]


@pytest.mark.parametrize(("defect", "services", "shortest"), [("stop-finds-nothing", 1, 3), ("stop-marks-all", 2, 3)])
def test_the_first_failure_is_a_shortest_one(defect: str, services: int, shortest: int) -> None:
    *passing, last = searched(defect, services, shortest)
    assert [len(level.failures) for level in passing] == [0] * (shortest - 1)
    assert last.failures
    assert all(len(bug.steps) == shortest for bug in last.failures)


def test_nothing_fails_on_the_healthy_reference() -> None:
    assert not any(level.failures for level in searched("", 2, 3))
    assert not any(level.failures for level in searched("", 1, 4))


@pytest.mark.parametrize("naming", [naming for naming in Naming if naming is not Naming.PLAIN])
def test_nothing_fails_on_it_whatever_services_are_called(naming: Naming) -> None:
    assert not any(level.failures for level in searched("", 2, 2, naming=naming))


def test_services_are_alike_but_for_the_order_of_their_names() -> None:
    one, three = searched("", 1, 1)[0].steps, searched("", 3, 1)[0].steps
    alone = 9 * len(Pace)
    assert three == one + alone, "the first to come is the first or the last by name"
    assert searched("sorts", 2, 2)[1].failures, "listed in an order that is not that of their creation"


def test_a_search_ends_when_there_is_nothing_new_and_tries_no_joint_state_twice() -> None:
    levels = searched("", 1, 100, faults=False, paces=(Pace.CALM,))
    reached = [level.states for level in levels]
    assert reached == [1, 5, 13, 23, 27, 20, 8, 0]
    assert [level.steps for level in levels] == [13 * states for states in (1, *reached[:-1])]


def test_a_system_that_cannot_be_put_back_is_refused(tmp_path: Path) -> None:
    with assembled(Target()) as whole:
        whole.system.host = RealHost(folders=tmp_path, clock=RealClock())
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        with pytest.raises(UsageError, match="which RealHost cannot"):
            next(Search(session, ("a",)).levels())
