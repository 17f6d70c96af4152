"""An engine that fails under the manager: never a false FAIL, UNKNOWN with the reason where it was not foreseen, nothing left.

The same tests run on the emulated engine and, marked `docker`, on a real one behind the proxy.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from attrs import evolve

from churn.assembly import Assembled, Target, assembled
from churn.campaign import Campaign, Plan
from churn.errors import EngineError, EnvironmentFault
from churn.explore.scenarios import cycles
from churn.explore.tour import Tour, calmly, walk
from churn.lifecycle.condition import Server
from churn.lifecycle.operations import (
    Create,
    Disturb,
    Disturbance,
    Outage,
    Pace,
    RestartEngine,
    Start,
    Step,
    Stop,
)
from churn.lifecycle.outcome import Ok, Rejected, Unknown
from churn.lifecycle.paths import Atlas
from churn.lifecycle.sequence import Sequence
from churn.session.budget import Budget
from churn.session.reset import ours
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.verdict import Verdict
from churn.session.violation import Violation
from churn.system.faults import KINDS, made
from churn.system.faults.gate import Fault
from churn.system.managers.reference import Record, ReferenceManager, ServiceError
from churn.system.managers.reference.program import ReferenceProgram

FIVE = cycles(5)
BY_HAND = (
    "hang",
    "connection-reset",
    "reply-lost-before",
    "reply-lost-after",
    "engine-restart",
    "engine-restart live=1",
)
ALIKE = ("connection-reset", "reply-lost-before")
FEW_PLACES = (2,)
OUTAGE = 2.0
"""Seconds: a real manager's program starts within them, also where the machine is busy, and meets the outage."""
"""Steps of the five cycles at which a real engine is made to fail: each costs ten seconds there."""
SLOW = (
    Disturbance.NAME,
    Disturbance.PORT,
    Disturbance.IMAGE,
    Disturbance.GPU,
    Disturbance.RESET,
    Disturbance.LOST_BEFORE,
)
"""Those that come to the same as others, as a real engine's manager sees them: tried on the emulated one."""


@pytest.fixture(params=["emulated", pytest.param("docker", marks=pytest.mark.docker)])
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Assembled]:
    """The reference manager on either engine, behind a gate."""
    environ = {}
    if request.param == "docker":
        request.getfixturevalue("standin")
        environ = request.getfixturevalue("environment")
    with assembled(Target(engine=request.param, environ=environ, leases=tmp_path, engine_faults=True)) as made:
        yield made


@pytest.fixture
def environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def session_of(whole: Assembled) -> Session:
    return Session(whole.system, whole.reset, Trace(), Budget(whole.system.clock))


def impatient(whole: Assembled) -> None:
    """A manager on a real engine is given up on after a few seconds, not after minutes."""
    manager = whole.system.manager
    if isinstance(manager, ReferenceProgram):
        bounds = evolve(manager.contract.bounds, create=1.0, stop=1.0, grace=1.0)
        manager.contract = evolve(manager.contract, bounds=bounds)
        manager.settings = evolve(manager.settings, stop_grace=1.0)


def fault_of(words: str) -> Fault:
    name, *settings = words.split()
    told = dict(word.split("=") for word in settings)
    if name == "engine-restart":
        told["milliseconds"] = f"{OUTAGE * 1000:g}"
    return made(name, told)


def places(whole: Assembled) -> range | tuple[int, ...]:
    return FEW_PLACES if whole.system.engine.name == "docker" else range(len(FIVE.steps))


def five_cycles(session: Session, whole: Assembled, fault: Fault, place: int) -> None:
    """The five cycles; at that step the fault is switched on behind the model's back."""
    session.begin("five-cycle", ("a",))
    for number, step in enumerate(FIVE.steps):
        if number == place:
            assert whole.system.gate is not None
            whole.system.gate.switch_on(fault)
        session.step(step)
    session.finish()


@pytest.mark.parametrize("words", BY_HAND)
def test_a_failing_engine_at_any_step_is_never_the_managers_bug(whole: Assembled, words: str) -> None:
    if whole.system.engine.name == "docker" and words in ALIKE:
        pytest.skip(
            "tried on the emulated engine: a real one's manager sees the same as where a reply is lost after its call"
        )
    impatient(whole)
    session = session_of(whole)
    told = []
    for place in places(whole):
        fault = fault_of(words)
        try:
            five_cycles(session, whole, fault, place)
        except EnvironmentFault as fault_told:
            told.append(str(fault_told))
        records = session.current.records
        assert all(record.verdict is not Verdict.FAIL for record in records), f"{words} at step {place}"
        told += [record.outcome.reason for record in records if isinstance(record.outcome, Unknown)]
        if fault.name == "engine-restart":  # a reset needs an engine that answers
            whole.system.clock.sleep(OUTAGE)
        whole.reset()
        assert ours(whole.system.engine, whole.run) == ()
    assert told, "it was noticed nowhere"
    assert all(told)


@pytest.mark.parametrize("how", Disturbance)
def test_a_disturbance_of_the_sequence_is_allowed_for(whole: Assembled, how: Disturbance) -> None:
    """What the manager could not do is no bug, and no doubt either: the next start restores certainty."""
    real = whole.system.engine.name == "docker"
    if real and how in SLOW:
        pytest.skip("tried on the emulated engine: on a real one it comes to the same as others, at ten seconds each")
    session = session_of(whole)
    for target in (Stop("a"),) if real else (Start("a"), Stop("a")):
        steps = (Create("a"), Start("a"), Stop("a"), Start("a")) if isinstance(target, Stop) else (Create("a"),)
        plain = [Step(step) for step in (*steps, Disturb(how), target, Start("a"), Stop("a"), Start("a"))]
        session.run("disturbed", ("a",), Sequence(tuple(plain)))
        assert session.state.services["a"].server is Server.SOUND
        assert session.state.services["a"].unsettled is None
        assert {record.verdict for record in session.current.records} == {Verdict.PASS}
    assert whole.system.gate is not None
    assert {one.fault for one in whole.system.gate.struck} == {how.value}, "it struck nothing"


@pytest.mark.parametrize("how", Outage)
def test_a_restart_of_the_engine_in_a_sequence_is_allowed_for(whole: Assembled, how: Outage) -> None:
    session = session_of(whole)
    first = (Create("a"), Create("b"), Start("a"), RestartEngine(how))
    session.run("restarted", ("a", "b"), Sequence(tuple(map(Step, (*first, Start("b"), Stop("a"), Start("a"))))))
    assert {record.verdict for record in session.current.records} == {Verdict.PASS}
    assert {one.server for one in session.state.services.values()} == {Server.SOUND}


def test_every_disturbance_is_a_fault_and_strikes() -> None:
    """The checks above are alive: each of them did strike one call at least."""
    assert {how.value for how in Disturbance} <= set(KINDS)
    with assembled(Target(engine_faults=True)) as whole:
        _strike_with_each(whole)


def _strike_with_each(whole: Assembled) -> None:
    session, gate = session_of(whole), whole.system.gate
    assert gate is not None
    for how in Disturbance:
        session.run(
            "struck",
            ("a",),
            Sequence(tuple(map(Step, (Create("a"), Start("a"), Disturb(how), Stop("a"), Disturb(how), Start("a"))))),
        )
    assert {one.fault for one in gate.struck} == {how.value for how in Disturbance}


def test_a_tour_with_an_engine_that_fails_leaves_nothing_to_object_to() -> None:
    with assembled(Target(engine_faults=True)) as whole:
        session, found = session_of(whole), []
        tour = Tour(Atlas(("a",), session.contract))
        walk(session, tour, "tour", calmly, on_violation=found.append)
        assert found == []
        covered = {record.step.operation.kind for chapter in session.trace.runs for record in chapter.records}
        assert {"disturb", "restart-engine"} <= covered


class Careless(ReferenceManager):
    """Takes an engine that does not answer for one that has done what it was asked for."""

    def stop(self, name: str) -> Record:
        with suppress(EngineError):
            return super().stop(name)
        self.store.mark(name, "stopped", None)
        return self.known(name)


def test_a_manager_that_trusts_an_engine_which_does_not_answer_is_found() -> None:
    with assembled(Target(engine_faults=True)) as whole:
        whole.system.manager.manager.__class__ = Careless  # type: ignore[attr-defined]  # the embedded one's own
        session = session_of(whole)
        steps = (Create("a"), Start("a"), Disturb(Disturbance.ERROR), Stop("a"))
        with pytest.raises(Violation, match="container"):
            session.run("careless", ("a",), Sequence(tuple(map(Step, steps))))
        assert isinstance(session.current.records[-1].outcome, Ok)


def test_a_manager_that_never_gets_well_is_found_by_a_campaign_and_shrunk() -> None:
    """Nothing may be known of an operation; of what comes after it something is."""
    with assembled(Target(defects=("lost-reply-wedges",))) as whole:
        campaign = Campaign(assembled=whole, plan=Plan(operations=20_000), trace=Trace())
        campaign.run()
        bug, *others = campaign.bugs
        assert (bug.signature.invariant, bug.signature.condition.word) == ("accepted", "unsettled")
        kinds = [step.operation.kind for step in bug.steps]
        assert (kinds[:2], len(kinds)) == (["create", "disturb"], 5), kinds
        # That the lock meets the next service of that name, after a remove, may be told as well.
        assert len(others) <= 2, [str(one.failing.sequence) for one in others]


class Impatient(ReferenceManager):
    """Takes an engine that answers after more than a second for one that has failed."""

    def end(self, container: str) -> None:
        began = self.clock.now()
        super().end(container)
        if self.clock.now() - began > 1:
            raise ServiceError("the engine is too slow")


def test_under_latency_an_operation_is_held_to_everything_and_to_its_bound() -> None:
    with assembled(Target(engine_faults=True)) as whole:
        clock, session = whole.system.clock, session_of(whole)
        took = {}
        for how in ((), (Disturb(Disturbance.LATENCY),)):
            began = clock.now()
            session.run("late", ("a",), Sequence(tuple(map(Step, (Create("a"), Start("a"), *how, Stop("a"))))))
            outcome = session.current.records[-1].outcome
            assert isinstance(outcome, Ok)
            took[bool(how)] = outcome.took, outcome.ended - outcome.began, clock.now() - began
        assert took[True][0] == pytest.approx(took[False][0])
        assert took[True][1] == pytest.approx(took[False][1] + whole.system.waits.latency)


def test_a_manager_that_refuses_for_latency_alone_is_found() -> None:
    with assembled(Target(engine_faults=True)) as whole:
        whole.system.manager.manager.__class__ = Impatient  # type: ignore[attr-defined]
        session = session_of(whole)
        steps = (Create("a"), Start("a"), Disturb(Disturbance.LATENCY), Stop("a"))
        with pytest.raises(Violation, match="too slow"):
            session.run("impatient", ("a",), Sequence(tuple(map(Step, steps))))
        assert isinstance(session.current.records[-1].outcome, Rejected)


def test_what_is_refused_after_a_delay_of_the_managers_grace_is_not_known() -> None:
    with assembled(Target(engine_faults=True)) as whole:
        whole.system.manager.manager.__class__ = Impatient  # type: ignore[attr-defined]
        assert whole.system.gate is not None
        session = session_of(whole)
        session.begin("delayed", ("a",))
        for step in (Create("a"), Start("a")):
            session.step(Step(step))
        grace = session.contract.bounds.grace
        whole.system.gate.switch_on(made("latency", {"milliseconds": grace * 1000, "call": "stop"}))
        session.step(Step(Stop("a")))
        outcome = session.current.records[-1].outcome
        assert isinstance(outcome, Unknown)
        assert "latency on stop" in outcome.reason


def test_such_a_bug_is_found_by_a_campaign_and_shrunk() -> None:
    with assembled(Target(engine_faults=True)) as whole:
        whole.system.manager.manager.__class__ = Careless  # type: ignore[attr-defined]
        campaign = Campaign(assembled=whole, plan=Plan(operations=20_000), trace=Trace())
        campaign.run()
        found = [
            [step.operation.kind for step in one.sequence.steps]
            for one in campaign.reproducers(Target(engine_faults=True), "a test")
        ]
    assert ["create", "start", "disturb", "stop"] in found


def test_a_hurried_disturbance_does_not_reach_past_the_next_operation() -> None:
    with assembled(Target(engine_faults=True)) as whole:
        session = session_of(whole)
        steps = (
            Step(Create("a")),
            Step(Disturb(Disturbance.HANG), Pace.HURRIED),
            Step(Start("a")),
            Step(Start("a")),
            Step(Stop("a")),
        )
        session.run("hurried", ("a",), Sequence(steps))
        kinds = [type(record.outcome) for record in session.current.records]
        assert kinds[2] is Unknown
        assert kinds[3:] == [Ok, Ok]
