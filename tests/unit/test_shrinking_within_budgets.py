"""Shrinking within a budget: what cannot be paid, what is gone on with, and how often the smallest is run again."""

import pytest
from attrs import evolve

from churn.assembly import Target, assembled
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Contract
from churn.lifecycle.operations import Create, Length, Pace, SetBehaviour, Start, Step, Stop, Wait
from churn.lifecycle.sequence import Naming, Sequence
from churn.session.budget import Budget
from churn.session.failing import Failing
from churn.session.fingerprint import Fingerprint
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.verdict import Signature
from churn.session.violation import Violation
from churn.shrink.evidence import repeats
from churn.shrink.shrinker import PART, Shrinker
from churn.system.clock import RealClock

A_START = (Step(Create("a")), Step(Start("a")))


def test_an_unfinished_bug_is_gone_on_with_where_it_was_left_and_under_what_was_known_then() -> None:
    with assembled(Target(defects=("third-stop-leaks",))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        steps = (*A_START, *[Step(Stop("a")), Step(Wait(Length.SHORT)), Step(Start("a"))] * 2, Step(Stop("a")))
        with pytest.raises(Violation) as caught:
            session.run("test", ("a",), Sequence(steps))
        shrinker = Shrinker(session=session)
        first = shrinker.shrink(caught.value.failing, runs=0)
        assert first.unfinished
        assert len(first.steps) == len(steps)
        session.known.add(first.failing.fingerprint)
        shrinker.memo.clear()
        began = len(session.trace.runs)
        last = shrinker.resume(first)
        assert len(last.steps) == 5
        assert last.confirmed
        assert last.signature == first.signature, "behind what is known by now it would look otherwise"
        assert last.runs == len([run for run in session.trace.runs if run.part == PART])
        ran = [(run.names, run.naming, run.steps) for run in session.trace.runs if run.part == PART]
        again = [one for place, one in enumerate(ran) if one in ran[:place]]
        assert all(done in (first.steps, last.steps) for _, _, done in again), "only what confirms them is run again"
        assert len(session.trace.runs) > began
        assert session.known.bugs, "what is known by now is known again after it"


def test_what_cannot_be_paid_is_passed_over_and_the_rest_is_tried() -> None:
    with assembled(Target(defects=("third-stop-leaks",))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        waits = (Step(Wait(Length.LONG)),) * 3
        steps = (*A_START, *waits, *[Step(Stop("a")), Step(Start("a"))] * 2, Step(Stop("a")))
        with pytest.raises(Violation) as caught:
            session.run("test", ("a",), Sequence(steps))
        found = Shrinker(session=session).shrink(caught.value.failing, seconds=200.0)
        assert len(found.steps) == 5, "a run of the first failure takes 400 s, one without its waits is paid"


def test_a_failure_is_run_again_more_often_where_the_same_passed_before() -> None:
    with assembled(Target()) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        passed = session.run("test", ("a",), Sequence((*A_START, Step(Stop("a")))))
        signature = Signature("no-orphans", "stop", passed.records[-1].condition)
        failing = Failing(("a",), Sequence(passed.steps), Fingerprint(signature, "", ""))
        failing = evolve(failing, befores=tuple(record.before for record in passed.records))
        assert repeats(failing, 3, ()) == 2
        assert repeats(failing, 1, ()) == 3
        assert repeats(failing, 3, [passed]) > 3
        hurried = (*passed.steps[:-1], Step(Stop("a"), Pace.ENGINE_ONLY))
        assert repeats(evolve(failing, sequence=Sequence(hurried)), 3, [passed]) == 2, "another pace says nothing"
        assert repeats(evolve(failing, sequence=Sequence(passed.steps, Naming.LONG)), 3, [passed]) == 2


def test_what_a_start_costs_depends_on_whether_the_server_can_get_healthy() -> None:
    with assembled(Target()) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        ill = (Step(Create("a")), Step(SetBehaviour("a", Behaviour.UNHEALTHY)), Step(Start("a")))
        session.run("test", ("a",), Sequence(A_START))
        session.run("test", ("a",), Sequence(ill))
    hanging = (ill[0], Step(SetBehaviour("a", Behaviour.HANG)), ill[2])
    soon, late, likewise = (session.costs.total(Sequence(one), Contract()) for one in (A_START, ill, hanging))
    assert late > 5 * soon
    assert likewise == late
