"""Two clients at once: the reference is quiet under every schedule of up to two turns, and each planted race is told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from attrs import evolve

from churn.assembly import Target, assembled, taking_turns
from churn.campaign import Campaign, Plan
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import Profile
from churn.explore.together import Clashes, clashes
from churn.lifecycle.contract import Leave
from churn.lifecycle.operations import Create, List, Start, Step, Stop, Together, Turn
from churn.lifecycle.sequence import Sequence
from churn.report.scenes import scene
from churn.session.budget import Budget
from churn.session.failing import Failing
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.verdict import Verdict
from churn.system.clock import RealClock, VirtualClock
from churn.system.managers.defects.racing import DEFECTS as RACES
from churn.system.managers.reference import Embedded

A_START = (Step(Create("a")), Step(Start("a")))


@contextmanager
def opened(*defects: str, refusing: bool = False, busy: Leave = Leave.ALLOWED) -> Iterator[Session]:
    with assembled(Target(defects=defects, together=True)) as whole:
        driver, clock = whole.system.manager, whole.system.clock
        assert isinstance(driver, Embedded)
        assert isinstance(clock, VirtualClock)
        if refusing:
            driver.manager.settings = evolve(driver.manager.settings, patience=0.0)
            whole.system.clients = taking_turns(driver, clock)
        driver.contract = whole.system.contract = evolve(driver.contract, busy=busy, overtaken=busy)
        yield Session(whole.system, whole.reset, Trace(), Budget(RealClock()))


def failures(session: Session, most_turns: int) -> tuple[int, list[Failing]]:
    """How many schedules were run, and what failed."""
    found: list[Failing] = []
    pairs = Clashes(session, found.append)
    tried = sum(pairs.run(clash, most_turns).schedules for clash in clashes(session.contract.possible))
    return tried, found


def test_the_reference_that_waits_is_quiet_and_never_refuses_for_being_busy() -> None:
    with opened(busy=Leave.NEVER) as session:
        tried, found = failures(session, most_turns=2)
    assert found == []
    assert tried >= 1_500


def test_the_reference_that_refuses_is_quiet() -> None:
    with opened(refusing=True) as session:
        tried, found = failures(session, most_turns=1)
    assert found == []
    assert tried >= 300


def test_one_that_refuses_though_it_promised_to_wait_is_told() -> None:
    with opened(refusing=True, busy=Leave.NEVER) as session:
        _, found = failures(session, most_turns=0)
    assert {one.signature.invariant for one in found} == {"in-some-order"}


@pytest.mark.parametrize("defect", RACES)
def test_a_race_shows_by_a_schedule_of_one_turn(defect: str) -> None:
    with opened(defect) as session:
        assert failures(session, most_turns=1)[1]


def test_a_campaign_tells_a_race_and_makes_it_small() -> None:
    with assembled(Target(defects=("unlocked",))) as whole:
        campaign = Campaign(assembled=whole, plan=Plan(operations=6_000), trace=Trace())
        campaign.run()
    assert campaign.bugs
    smallest = min(len(bug.steps) for bug in campaign.bugs)
    assert smallest <= 4
    blocks = [step.operation for bug in campaign.bugs for step in bug.steps if isinstance(step.operation, Together)]
    assert any(len(block.turns) <= 1 for block in blocks)


def test_the_same_turns_give_the_same_run() -> None:
    block = Together(((Start("a"), Stop("a")), (List(), Start("a"))), (Turn(0, 4, 1), Turn(1, 3, 0)))
    with opened() as session:
        runs = [session.attempt("twice", ("a",), Sequence((Step(Create("a")), Step(block)))) for _ in range(2)]
    told = [
        [(call.client, str(call.operation), type(call.outcome)) for call in run.records[-1].outcome.calls]
        for run in runs
    ]
    assert told[0] == told[1]
    assert all(run.records[-1].verdict is Verdict.PASS for run in runs)


def test_a_trace_has_who_asked_for_what_and_when_and_a_picture_tells_it() -> None:
    sink = StringIO()
    with assembled(Target(together=True)) as whole:
        session = Session(whole.system, whole.reset, Trace(sink=sink), Budget(RealClock()))
        block = Step(Together(((Start("a"),), (List(),))))
        run = session.attempt("traced", ("a",), Sequence((Step(Create("a")), block)))
    (calls,) = (line["calls"] for line in map(json.loads, sink.getvalue().splitlines()) if "calls" in line)
    assert [(call["client"], call["do"], call["outcome"]) for call in calls] == [
        (0, "start a", "ok"),
        (1, "list", "ok"),
    ]
    assert calls[0]["began"] == calls[1]["began"] == calls[1]["ended"] < calls[0]["ended"]
    moment = scene("", run, run.records).moments[-1]
    assert moment.operation == "together [start a | list]"
    assert moment.answer == "client 1: start a succeeded (0.0 to 5.6 s); client 2: list succeeded (0.0 to 0.0 s)"


def test_three_clients_are_drawn_and_judged_alike() -> None:
    block = Together(((Start("a"),), (Stop("a"),), (Start("b"), List())))
    with opened() as session:
        run = session.attempt("three", ("a", "b"), Sequence((*A_START, Step(Create("b")), Step(block))))
    assert run.records[-1].verdict is Verdict.PASS


def test_random_sequences_have_clients_at_once_in_them_and_the_reference_is_quiet() -> None:
    with opened() as session:
        assert explore(Explorer(session=session, services=2), Profile(60, 20), 0) is None
        done = [record.step.operation for _, record in session.trace.records()]
    assert sum(isinstance(one, Together) for one in done) > 30
