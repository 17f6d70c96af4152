"""Two clients at once: the reference is quiet under every schedule of up to two turns, and each planted race is told."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import StringIO
from threading import Thread
from types import SimpleNamespace

import pytest
from attrs import evolve
from hypothesis import strategies as st

from churn.assembly import Target, assembled, taking_turns
from churn.campaign import Campaign, Plan
from churn.explore import machine
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import Profile
from churn.explore.together import Clashes, clashes
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Contract, Leave
from churn.lifecycle.invariants import Case, Doubt, Objection
from churn.lifecycle.invariants.outcomes import in_time
from churn.lifecycle.observation import Observation
from churn.lifecycle.operations import Create, List, Pace, Remove, SetBehaviour, Start, Step, Stop, Together, Turn
from churn.lifecycle.outcome import Call, Ok, Outcome, Overlapped, Rejected, Unknown
from churn.lifecycle.rules.branches import Must
from churn.lifecycle.sequence import Sequence
from churn.lifecycle.state import CLEAN
from churn.report.scenes import scene
from churn.session.budget import Budget
from churn.session.clients import InThreads
from churn.session.failing import Failing
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.verdict import Verdict
from churn.system import process
from churn.system.clock import RealClock, VirtualClock
from churn.system.managers.defects.racing import DEFECTS as RACES
from churn.system.managers.reference import Embedded
from churn.system.runs import new_run

CASE = Case(
    operation=List(),
    outcome=Ok(),
    must=Must.ANY,
    expected=CLEAN,
    state=CLEAN,
    observation=Observation(containers={}),
    contract=Contract(),
)
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


def test_a_service_that_is_made_anew_in_a_block_has_no_faults_of_before() -> None:
    block = Together(((Remove("a"), Create("a"), Start("a")), (List(),)))
    crashing = Step(SetBehaviour("a", Behaviour.CRASH))
    with opened() as session:
        run = session.attempt("anew", ("a",), Sequence((Step(Create("a")), crashing, Step(block))))
    assert run.records[-1].verdict is Verdict.PASS


def overlapped(*outcomes: Outcome) -> Callable[[Together], Overlapped]:
    """What several starts at once come to, whatever the manager does."""

    def told(block: Together) -> Overlapped:
        pairs = zip(block.operations, outcomes, strict=True)
        return Overlapped(0.0, 2.0, calls=tuple(Call(number, *pair) for number, pair in enumerate(pairs)))

    return told


TWO_STARTS = Together(((Start("a"),), (Start("a"),)))
KILLED = Unknown(0.0, 1.0, reason="ended by SIGSEGV")


@pytest.mark.parametrize("pace", Pace)
def test_what_ended_unknown_in_a_block_is_a_doubt_however_hurried(pace: Pace, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened() as session:
        monkeypatch.setattr(session.system, "_together", overlapped(KILLED, KILLED))
        session.begin("unknown", ("a",))
        session.step(Step(Create("a")))
        session.step(Step(TWO_STARTS, pace))
        record = session.current.records[-1]
    assert record.verdict is Verdict.UNKNOWN
    assert [one.seen for one in record.doubts] == ["ended by SIGSEGV"] * 2


@pytest.mark.parametrize(("took", "objected"), [(700.0, False), (1300.0, True)])
def test_who_was_cut_off_may_have_waited_for_the_other_one(took: float, objected: bool) -> None:
    cut = Unknown(0.0, took, reason="still going on", overran=True)
    case = evolve(CASE, outcome=overlapped(Ok(0.0, 1.0), cut)(TWO_STARTS), operation=TWO_STARTS)
    assert [type(one) for one in in_time(case)] == [Objection if objected else Doubt]


@pytest.mark.parametrize(("turns", "objected"), [((), True), ((Turn(0, 1, 1),), False)])
def test_time_that_a_schedule_takes_is_not_the_managers(turns: tuple[Turn, ...], objected: bool) -> None:
    block = Together(((Create("a"),), (Create("a"),)), turns)
    outcome = overlapped(Ok(0.0, 1.0), Rejected(0.0, 61.0))(block)
    assert bool(list(in_time(evolve(CASE, outcome=outcome, operation=block)))) is objected


class Sleeper:
    """A manager each of whose operations is a program that takes a minute."""

    name = "sleeper"

    def __init__(self, marker: str) -> None:
        self.marker = marker
        self.began: list[str] = []

    def sleep(self, word: str) -> None:
        self.began.append(word)
        process.run(("sleep", "60"), env={"PATH": os.defpath}, timeout=90, marker=self.marker)


def test_who_interrupts_programs_that_run_at_once_ends_them_and_no_other_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sleeper = Sleeper(f"churn-{new_run()}")
    clients = InThreads(sleeper, SimpleNamespace(conductor=None))  # type: ignore[arg-type]  # nothing else is asked of them
    lanes = [[partial(sleeper.sleep, f"{lane}{number}") for number in range(2)] for lane in "ab"]
    join, interrupts = Thread.join, iter([True])

    def interrupted(thread: Thread, timeout: float | None = None) -> None:
        if next(interrupts, False):
            while len(process.marked(sleeper.marker) or ()) < len(lanes):
                os.sched_yield()
            raise KeyboardInterrupt
        join(thread, timeout)

    monkeypatch.setattr(Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        clients.run(lanes, ())
    assert sorted(sleeper.began) == ["a0", "b0"]
    assert process.marked(sleeper.marker) == ()


def test_three_clients_are_drawn_and_judged_alike() -> None:
    block = Together(((Start("a"),), (Stop("a"),), (Start("b"), List())))
    with opened() as session:
        run = session.attempt("three", ("a", "b"), Sequence((*A_START, Step(Create("b")), Step(block))))
    assert run.records[-1].verdict is Verdict.PASS


@pytest.mark.parametrize("refusing", [False, True], ids=["waiting", "refusing"])
def test_the_reference_is_quiet_under_three_clients_from_twenty_seeds(
    refusing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "crowded", st.just(True))
    monkeypatch.setattr(machine, "several", st.just(True))
    with opened(refusing=refusing) as session:
        for seed in range(20):
            assert explore(Explorer(session=session, services=2), Profile(5, 10), seed) is None
        done = [record.step.operation for _, record in session.trace.records()]
    assert sum(isinstance(one, Together) and len(one.lanes) == 3 for one in done) > 200


def test_one_of_three_clients_is_left_out_with_its_turns() -> None:
    lanes = ((Create("a"),), (Start("a"), Stop("a")), (List(),))
    milder = Together(lanes, (Turn(0, 1, 2),)).milder
    assert milder[0] == Together(lanes[1:])
    assert milder[1] == Together((lanes[0], lanes[2]), (Turn(0, 1, 1),))
    assert Together((lanes[0], (Stop("a"),), lanes[2]), (Turn(0, 1, 2),)) in milder
    assert len(set(milder)) == len(milder)


def test_three_clients_make_a_race_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "crowded", st.just(True))
    with opened("unlocked") as session:
        assert explore(Explorer(session=session, services=2), Profile(60, 20), 0) is not None


def test_random_sequences_have_clients_at_once_in_them_and_the_reference_is_quiet() -> None:
    with opened() as session:
        assert explore(Explorer(session=session, services=2), Profile(60, 20), 0) is None
        done = [record.step.operation for _, record in session.trace.records()]
    assert sum(isinstance(one, Together) for one in done) > 30
