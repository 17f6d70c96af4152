"""Interrupts at a part of the usual time: for managers whose calls of the engine nobody sees."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from attrs import evolve
from builders import dead, idle, running, state

from churn.assembly import Target, assembled, contract_of
from churn.explore.drawing import choices
from churn.explore.interrupts import sweepable
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import Profile
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Contract, Sight
from churn.lifecycle.durations import Durations
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import (
    Create,
    Ending,
    Family,
    InterruptAt,
    Operation,
    Remove,
    Restart,
    SetBehaviour,
    Start,
    Step,
    Stop,
)
from churn.lifecycle.outcome import Ok, Outcome, Unknown
from churn.lifecycle.sequence import Sequence
from churn.lifecycle.state import State
from churn.reproducers.file import Reproducer
from churn.reproducers.replay import USUAL, ReplayVerdict, replay
from churn.session.budget import Budget
from churn.session.run import Run
from churn.session.session import Session
from churn.session.trace import Trace
from churn.shrink.shrinker import Shrinker
from churn.system.clock import RealClock
from churn.system.faults.gate import Call, Gate
from churn.system.faults.interruption import Alarm
from churn.system.process import interrupt, run

MARKER = "churn-test-interrupts-at"
KNOWN = (Create("a"), Start("a"), Stop("a"))
"""Operations by which the run learns how long a start and a stop take."""


@contextmanager
def session(*defects: str, seed: int = 0) -> Iterator[Session]:
    """A session of the reference as if nobody saw its calls."""
    with assembled(Target(defects=defects, seed=seed, interrupts=True)) as whole:
        system = whole.system
        offers = system.contract.offers | {InterruptAt.kind}
        system.contract = evolve(system.contract, offers=offers, engine_calls=Sight.UNSEEN)
        yield Session(system, whole.reset, Trace(), Budget(RealClock()))


def done(one: Session, *operations: Operation) -> Run:
    return one.run("a test", ("a",), Sequence(tuple(map(Step, operations))))


def outcomes(*operations: Operation) -> list[Outcome | None]:
    """How each of the operations on a healthy reference ends."""
    with session() as one:
        return [record.outcome for record in done(one, *operations).records]


# -- which of the two is used -------------------------------------------------------------------------------------------


def ended(contract: Contract) -> set[str]:
    return {
        one.kind for one in choices(("a",), contract.possible, faults=True) if one and one.family is Family.INTERRUPT
    }


@pytest.mark.parametrize(
    ("manager", "kind"),
    [("shell", "interrupt"), ("podman", "interrupt-at"), ("podman-compose", "interrupt-at"), ("swarm", "interrupt-at")],
)
def test_what_the_description_says_of_calls_decides_how_a_program_is_ended(manager: str, kind: str) -> None:
    contract = contract_of(Target(manager=manager, interrupts=True))
    assert ended(contract) == {kind}
    assert sweepable(contract, ("a", "b")) is (kind == "interrupt")
    assert ended(contract_of(Target(manager=manager, interrupts=False))) == set()


def test_calls_in_this_process_are_seen() -> None:
    assert ended(contract_of(Target(interrupts=True))) == {"interrupt"}


def test_all_parts_of_the_time_are_drawn_and_all_signals() -> None:
    assert {str(one) for one in InterruptAt.each(())} == {
        *(f"interrupt-at kill {percent}%" for percent in (10, 30, 50, 70, 90)),
        "interrupt-at term 50%",
        "interrupt-at int 50%",
    }


def test_shrinking_comes_to_a_kill_halfway() -> None:
    seen: set[Operation] = set()
    left: list[Operation] = [InterruptAt(90, Ending.TERM)]
    while left:
        one = left.pop()
        seen.add(one)
        left += [mild for mild in one.milder if mild not in seen]
    assert [one for one in seen if not one.milder] == [InterruptAt(50)]


# -- what is usual ------------------------------------------------------------------------------------------------------

RUNS, STOPPED, NEW = state(a=running()), state(a=idle()), state(a=idle(Status.CREATED))


def measured(*took: tuple[Operation, State, float]) -> Durations:
    durations = Durations()
    for operation, before, seconds in took:
        durations.compare(operation, before, Ok(0.0, seconds))
    return durations


@pytest.mark.parametrize(
    ("operation", "before", "seconds"),
    [
        (Start("a"), STOPPED, 3.0),  # the same situation
        (Start("a"), NEW, 9.0),
        (Start("a"), state(a=dead()), 6.0),  # as much to do, or more: the median of these
        (Stop("a"), RUNS, 2.0),
        (Stop("a"), state(a=dead()), 2.0),
        (Restart("a"), RUNS, 11.0),  # a stop and a start, the longest of each
        (Remove("a"), RUNS, 2.0),  # a stop
        (Create("a"), state(), None),
    ],
)
def test_usual_is_what_was_measured_where_there_was_most_alike(
    operation: Operation, before: State, seconds: float | None
) -> None:
    known = measured(
        (Start("a"), NEW, 9.0),
        (Start("a"), STOPPED, 2.0),
        (Start("a"), STOPPED, 3.0),
        (Start("a"), STOPPED, 30.0),
        (Start("a"), RUNS, 0.1),
        (Stop("a"), RUNS, 2.0),
        (Stop("a"), STOPPED, 0.1),
    )
    assert known.usual(operation, before) == seconds


def test_as_long_as_nothing_is_known_the_bound_of_the_contract_counts() -> None:
    with session() as one:
        bound = one.contract.bounds.start
        first = done(one, Create("a"), InterruptAt(50), Start("a")).records[-1].outcome
        assert isinstance(first, Ok), "it ends long before half of that"
        assert first.took < bound / 2


# -- in this process ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("percent", [10, 30, 50, 70, 90])
@pytest.mark.parametrize("operation", [Start("a"), Stop("a"), Restart("a")], ids=str)
def test_the_next_operation_is_ended_when_that_part_has_passed_and_the_manager_gets_well(
    operation: Operation, percent: int
) -> None:
    before = () if isinstance(operation, Start) else (Start("a"),)
    *_, usual = outcomes(*KNOWN, *before, operation)
    *_, armed, struck, after, again, last = outcomes(
        *KNOWN, *before, InterruptAt(percent), operation, Stop("a"), Start("a"), Stop("a")
    )
    assert isinstance(armed, Ok)
    assert isinstance(struck, Unknown)
    assert struck.foreseen
    assert "it was interrupted (interrupt-at on" in struck.reason
    assert usual is not None
    assert percent / 100 * usual.took <= struck.took + 1e-9
    assert struck.took < usual.took
    assert all(isinstance(one, Ok) for one in (after, again, last))


def test_an_operation_that_is_quicker_is_not_ended() -> None:
    *_, quick = outcomes(*KNOWN, Start("a"), InterruptAt(90), Start("a"))
    assert not isinstance(quick, Unknown)


def test_it_strikes_the_next_operation_alone() -> None:
    *_, struck, after = outcomes(*KNOWN, InterruptAt(50), Start("a"), Start("a"))
    assert isinstance(struck, Unknown)
    assert isinstance(after, Ok)


@pytest.mark.parametrize(("defect", "length"), [("kill-wedges", 5), ("kill-doubles", 4), ("kill-stays-creating", 3)])
def test_what_does_not_get_well_is_found_and_made_small(defect: str, length: int) -> None:
    with session(defect) as one:
        violation = explore(Explorer(session=one), Profile(400, 20), 0)
        assert violation is not None
        bug = Shrinker(session=one).shrink(violation.failing)
    assert len(bug.steps) == length
    assert [step.operation for step in bug.steps if step.operation.family is Family.INTERRUPT] == [InterruptAt(50)]


def test_the_reference_is_quiet_under_it() -> None:
    with session() as one:
        assert explore(Explorer(session=one), Profile(100, 20), 1) is None
        kinds = {record.step.operation.kind for found in one.trace.runs for record in found.records}
    assert "interrupt-at" in kinds
    assert "interrupt" not in kinds


def test_a_server_that_dies_meanwhile_is_no_matter() -> None:
    *_, struck, after = outcomes(*KNOWN, SetBehaviour("a", Behaviour.CRASH), InterruptAt(10), Start("a"), Stop("a"))
    assert isinstance(struck, Unknown)
    assert isinstance(after, Ok)


# -- replays ------------------------------------------------------------------------------------------------------------


def kept(*operations: Operation) -> Reproducer:
    with session("kill-wedges") as one:
        failing = one.attempt("a test", ("a",), Sequence(tuple(map(Step, (*KNOWN, *operations))))).failing
        assert failing is not None
        return Reproducer(
            signature=failing.fingerprint.signature,
            expected="",
            seen="",
            names=("a",),
            sequence=Sequence(tuple(map(Step, operations))),
        )


WEDGED = (Create("a"), InterruptAt(50), Start("a"), Start("a"), Stop("a"))


def test_a_replay_learns_first_how_long_operations_take() -> None:
    one = kept(*WEDGED[1:])
    found = evolve(one, sequence=Sequence(tuple(map(Step, WEDGED))))
    for defects, verdict in ((("kill-wedges",), ReplayVerdict.FAILED), ((), ReplayVerdict.FIXED)):
        with session(*defects) as there:
            came = replay(found, there)
            assert came.verdict is verdict
            assert [len(run.records) for run in there.trace.runs if run.part == USUAL] == [3]
            assert isinstance(came.records[2].outcome, Unknown)


def test_a_replay_without_such_an_interrupt_learns_nothing_first() -> None:
    one = kept(*WEDGED[1:])
    with session() as there:
        replay(evolve(one, sequence=Sequence(tuple(map(Step, KNOWN)))), there)
        assert len(there.trace.runs) == 1


# -- programs -----------------------------------------------------------------------------------------------------------


def alarmed(seconds: float, code: str, *, signal: str = "KILL") -> tuple[int | None, Gate, float]:
    """A program that an alarm may end: its exit code, and the seconds that it had."""
    gate, alarm = Gate(signalled=lambda name: interrupt(MARKER, name)), Alarm(seconds=seconds, signal=signal)
    began = time.monotonic()
    with alarm.set(gate):
        finished = run([sys.executable, "-c", code], env={}, timeout=30, marker=MARKER)
    return finished.code, gate, time.monotonic() - began


def test_a_program_that_is_at_work_gets_the_signal_and_the_journal_has_it() -> None:
    code, gate, took = alarmed(0.3, "import time; time.sleep(60)", signal="TERM")
    assert code == -15
    assert 0.3 <= took < 30
    (struck,) = gate.struck
    assert re.fullmatch(r"interrupt-at on the way, after 0\.3 s", str(struck))


def test_one_that_has_ended_by_then_gets_none() -> None:
    code, gate, took = alarmed(20.0, "")
    assert code == 0
    assert took < 20
    assert gate.struck == []


def test_where_nothing_runs_at_that_moment_nothing_is_told() -> None:
    gate, alarm = Gate(signalled=lambda name: interrupt(MARKER, name)), Alarm(seconds=0.0)
    with alarm.set(gate):
        pass
    assert gate.struck == []


def test_it_ends_with_what_it_was_set_for() -> None:
    heard: list[str] = []

    def hear(name: str) -> bool:
        heard.append(name)
        return True

    alarm = Alarm(seconds=0.05)
    with suppress(ValueError), alarm.set(Gate(signalled=hear)):
        raise ValueError
    time.sleep(0.1)  # twice as long as it would have taken
    assert heard == []


def test_calls_that_change_something_are_counted_with_no_fault_on() -> None:
    gate = Gate()
    for verb in ("list", "create", "inspect", "start", "libpod/containers/create"):
        gate.before(Call(verb))
    assert gate.changes == 2
