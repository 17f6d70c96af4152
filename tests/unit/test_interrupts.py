"""Interrupts: the manager is ended midway, before or after a call of its own, and asked on."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from churn.assembly import Target, assembled
from churn.campaign import Campaign, Plan
from churn.explore.interrupts import CASES, Sweep, sweep_briefly, sweepable
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.form import Setting
from churn.lifecycle.operations import (
    Calls,
    Create,
    Ending,
    Interrupt,
    List,
    Operation,
    Remove,
    Restart,
    SetBehaviour,
    Side,
    Start,
    Step,
    Stop,
    Together,
    Update,
)
from churn.lifecycle.outcome import Ok, Outcome, Unknown
from churn.lifecycle.paths import Atlas
from churn.lifecycle.sequence import Sequence
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.violation import Violation
from churn.system.clock import RealClock
from churn.system.faults.gate import Call, Gate, Late, Lost
from churn.system.faults.interruption import STORE_CHANGE, STORE_READ, Interruption
from churn.system.managers.defects import DEFECTS
from churn.system.process import interrupt, run

INTERRUPTED = tuple(name for name, one in DEFECTS.items() if one.manager.upset_by_interrupt)


@contextmanager
def session(*defects: str) -> Iterator[Session]:
    with assembled(Target(defects=defects, interrupts=True)) as whole:
        yield Session(whole.system, whole.reset, Trace(), Budget(RealClock()))


def outcomes(*operations: Operation) -> list[Outcome | None]:
    """How each of the operations on a healthy reference ends."""
    with session() as one:
        done = one.run("a test", ("a",), Sequence(tuple(map(Step, operations))))
    return [record.outcome for record in done.records]


# -- what an interruption counts ----------------------------------------------------------------------------------------


def struck(interruption: Interruption, *verbs: str) -> list[str]:
    """At which of these calls it strikes, and on which side."""
    gate = Gate(faults=[interruption])
    found = []
    for verb in verbs:
        if gate.before(Call(verb)) is not None:
            found.append(f"before {verb}")
        if gate.after(Call(verb)) is not None:
            found.append(f"after {verb}")
    return found


CALLS = ("inspect", STORE_READ, STORE_CHANGE, "list", "create", "start", "inspect")


def test_calls_that_change_something_are_counted() -> None:
    assert struck(Interruption(call=1, after_it=False), *CALLS) == [f"before {STORE_CHANGE}"]
    assert struck(Interruption(call=2, after_it=True), *CALLS) == ["after create"]


def test_all_calls_are_counted_where_that_is_asked_for() -> None:
    assert struck(Interruption(call=2, after_it=False, every=True), *CALLS) == [f"before {STORE_READ}"]
    assert struck(Interruption(call=4, after_it=True, every=True), *CALLS) == ["after list"]


def test_it_strikes_once_and_not_where_there_are_fewer_calls() -> None:
    assert struck(Interruption(call=1, after_it=True), *CALLS, *CALLS) == [f"after {STORE_CHANGE}"]
    assert struck(Interruption(call=9, after_it=True), *CALLS) == []


def test_who_is_killed_gets_no_reply_and_who_gets_another_signal_does() -> None:
    signals: list[str] = []
    for how, told in (("KILL", Lost.CUT), ("TERM", Late(0.0))):
        gate = Gate(faults=[Interruption(call=1, after_it=True, signal=how)], signalled=signals.append)
        assert gate.before(Call("create")) is None
        assert gate.after(Call("create")) == told
    assert signals == ["KILL", "TERM"]


# -- what becomes of the operation --------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [Create("a"), Start("a"), Stop("a"), Restart("a")], ids=str)
def test_the_next_operation_is_ended_and_the_one_after_is_not(operation: Operation) -> None:
    before = () if isinstance(operation, Create) else (Create("a"), Start("a"))[: 1 if operation == Start("a") else 2]
    *_, armed, ended, after = outcomes(*before, Interrupt(1, Side.AFTER), operation, Stop("a"))
    assert isinstance(armed, Ok)
    assert isinstance(ended, Unknown)
    assert ended.foreseen
    assert "interrupted" in ended.reason
    assert isinstance(after, Ok)


def test_an_operation_with_fewer_calls_does_what_it_always_does() -> None:
    *_, ended = outcomes(Create("a"), Interrupt(4, Side.BEFORE), Start("a"), Interrupt(1, Side.BEFORE), Stop("a"))
    assert isinstance(ended, Unknown)
    assert all(isinstance(one, Ok) for one in outcomes(Create("a"), Start("a"), Interrupt(4, Side.AFTER), Stop("a")))


def test_a_refusal_counts_as_the_reply_to_a_call() -> None:
    """A stop asks whether its container is gone: that it is, is told by a refusal, and there, too, it may be ended."""
    calls = [outcomes(Create("a"), Start("a"), Interrupt(at, Side.AFTER, among=Calls.ALL), Stop("a")) for at in (5, 9)]
    assert isinstance(calls[0][-1], Unknown)
    assert isinstance(calls[1][-1], Ok)


def test_tours_leave_them_to_the_sweep() -> None:
    with session() as one:
        operations = {operation for _, operation in Atlas(("a",), one.contract).pairs}
    assert operations
    assert not any(isinstance(operation, Interrupt) for operation in operations)


def test_shrinking_comes_to_the_first_call_and_to_a_kill() -> None:
    seen: set[Operation] = set()
    left: list[Operation] = [Interrupt(4, Side.AFTER, Ending.TERM)]
    while left:
        one = left.pop()
        assert isinstance(one, Interrupt)
        seen.add(one)
        left += [mild for mild in one.milder if mild not in seen]
    assert [one for one in seen if not one.milder] == [Interrupt(1, Side.BEFORE)]


# -- the sweep ----------------------------------------------------------------------------------------------------------


def test_wherever_it_is_ended_the_reference_gets_well_again() -> None:
    with session() as one:
        swept = list(Sweep(one).cases())
    assert [found.case for found in swept] == list(CASES)
    assert [found.case.title for found in swept if found.failures] == []
    assert all(found.calls > 1 for found in swept)
    assert sum(found.runs for found in swept) > 700


@pytest.mark.parametrize("defect", INTERRUPTED)
def test_a_short_sweep_which_campaigns_have_finds_what_does_not(defect: str) -> None:
    failures: list[Violation] = []
    with session(defect) as one:
        assert sweepable(one.contract, ("a", "b"))
        sweep_briefly(one, failures.append)
        assert failures
        assert len(one.trace.runs) <= 20


def test_a_short_sweep_is_quiet_where_the_manager_gets_well() -> None:
    with session() as one:
        sweep_briefly(one, pytest.fail)
        assert one.budget.spent <= 250
    with assembled(Target(interrupts=False)) as whole:
        assert not sweepable(whole.system.contract, ("a", "b"))


def test_what_an_operation_that_was_ended_has_left_is_told_once() -> None:
    """A service that is not known any more can be created again, and neither started nor stopped."""
    with assembled(Target(defects=("kill-forgets",))) as whole:
        campaign = Campaign(assembled=whole, plan=Plan(operations=4_000), trace=Trace())
        campaign.run()
    (bug,) = campaign.bugs
    assert len(bug.symptoms) >= 1
    assert len(bug.steps) <= 5


@pytest.mark.parametrize("defect", INTERRUPTED)
def test_without_interrupts_such_a_defect_does_not_show(defect: str) -> None:
    cycles = (Start("a"), Stop("a"), Start("a"), Restart("a"), Stop("a"))
    with session(defect) as one:
        done = one.run("a test", ("a",), Sequence((Step(Create("a")), *map(Step, cycles))))
    assert all(isinstance(record.outcome, Ok) for record in done.records)


def test_a_manager_that_never_gets_well_is_objected_to() -> None:
    steps = (Create("a"), Interrupt(2, Side.AFTER), Start("a"), Start("a"), Stop("a"))
    with session("kill-wedges") as one, pytest.raises(Violation, match="must succeed by now"):
        one.run("a test", ("a",), Sequence(tuple(map(Step, steps))))


def test_a_port_that_was_to_change_is_the_old_or_the_new_one_after_a_start_that_failed() -> None:
    """What was ended before it left open whether the start knows of the change."""
    moved = (Create("a"), Update("a", Setting.PORT), Interrupt(1, Side.BEFORE), Stop("a"))
    *_, stopped, _, started = outcomes(
        *moved,
        SetBehaviour("a", Behaviour.CRASH),
        Start("a"),
        Stop("a"),
        SetBehaviour("a", Behaviour.HEALTHY),
        Start("a"),
    )
    assert isinstance(stopped, Ok)
    assert isinstance(started, Ok)


def test_a_service_that_was_removed_and_made_anew_midway_has_a_port_of_its_own() -> None:
    *_, started = outcomes(
        Create("a"), Interrupt(1, Side.AFTER), Remove("a"), Interrupt(1, Side.AFTER), Create("a"), Start("a")
    )
    assert isinstance(started, Ok)


@pytest.mark.parametrize("asked", [Start("a"), Stop("a"), Start("b")], ids=str)
@pytest.mark.parametrize("side", Side)
def test_a_list_beside_another_operation_may_lack_what_may_not_be_there(asked: Operation, side: Side) -> None:
    block = Together(((asked,), (List(),)))
    with session() as one:
        one.run("a test", ("a", "b"), Sequence(tuple(map(Step, (Interrupt(1, side), Create("a"), block)))))


# -- programs -----------------------------------------------------------------------------------------------------------

SAYS_SO = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))
print("ready", flush=True)
open(sys.argv[1], "w").close()
time.sleep(60)
"""


@pytest.mark.parametrize(("name", "code", "said"), [("KILL", -signal.SIGKILL, ""), ("TERM", 1, "told to end\n")])
def test_the_command_that_runs_gets_the_signal(tmp_path: Path, name: str, code: int, said: str) -> None:
    ready = tmp_path / "ready"

    def strike() -> None:
        while not ready.exists():
            time.sleep(0.01)
        interrupt("a marker of nobody", name)
        interrupt("churn-test-interrupts", name)

    striker = threading.Thread(target=strike)
    striker.start()
    finished = run([sys.executable, "-c", SAYS_SO, str(ready)], env={}, timeout=30, marker="churn-test-interrupts")
    striker.join()
    assert (finished.code, finished.stdout, finished.stderr) == (code, "ready\n", said)


def test_where_no_command_runs_nobody_gets_it() -> None:
    run([sys.executable, "-c", ""], env={}, timeout=30, marker="churn-test-interrupts")
    interrupt("churn-test-interrupts", "KILL")
