"""Candidates that leave the way of the failing run: shorter ways to where it failed, and cycles."""

from builders import ANYHOW, conditions

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Contract
from churn.lifecycle.operations import Create, Length, List, Pace, SetBehaviour, Start, Step, Stop, Wait
from churn.lifecycle.sequence import Sequence
from churn.session.failing import Failing, Steps
from churn.session.fingerprint import Fingerprint
from churn.session.verdict import Signature
from churn.shrink.candidates import _without_pairs, candidates
from churn.shrink.foresight import Foresight

A_START = (Step(Create("a")), Step(Start("a")))


def jumping(steps: Steps, *before: str, invariant: str = "accepted") -> list[str]:
    """The candidates of one service's failure that had these states before its steps."""
    signature = Signature(invariant, steps[-1].operation.kind, before[-1])
    befores = tuple(conditions(one) for one in before)
    found = candidates(Failing(("a",), Sequence(steps), Fingerprint(signature, "", ""), befores), Contract())
    return [str(sequence) for _, sequence in found]


def test_servers_that_cannot_live_behave_on_the_short_way_as_they_did() -> None:
    hang = Step(SetBehaviour("a", Behaviour.HANG))
    steps = (Step(Create("a")), Step(List()), hang, Step(List()), Step(Start("a")))
    found = jumping(steps, "absent", "created", "created", "created!", "created!")
    assert found[0] == "create a; set-behaviour a hang; start a"
    stubborn = (*A_START, Step(SetBehaviour("a", Behaviour.IGNORE_SIGTERM)), *[Step(List())] * 3, Step(Stop("a")))
    found = jumping(stubborn, "absent", "created", *["running"] * 5)
    assert "create a; start a; set-behaviour a ignore-sigterm; stop a" in found[:3]


def test_a_long_wait_is_tried_short_at_the_same_place() -> None:
    steps = (*A_START, Step(Stop("a")), Step(Wait(Length.LONG)))
    assert "create a; start a; stop a; wait short" in jumping(steps, "absent", "created", "running", "stopped")
    steps = (*A_START, Step(Wait(Length.LONG)), Step(Stop("a"), Pace.ENGINE_ONLY))
    found = jumping(steps, "absent", "created", "running", "running")
    assert "create a; start a; wait short; stop a (engine-only)" in found, "at its own pace, too"


def test_what_may_count_is_tried_by_cycles_alone_before_the_whole_is_run() -> None:
    steps = (*A_START, Step(List()), *[Step(Stop("a")), Step(List()), Step(Start("a"))] * 2, Step(Stop("a")))
    before = ("absent", "created", *["running"] * 2, "stopped", "stopped", "running", "stopped", "stopped", "running")
    found = jumping(steps, *before)
    cycles = "create a; start a; stop a; start a; stop a; start a; stop a; start a; stop a"
    assert found.index(cycles) < 4
    assert jumping(steps, *before, invariant="no-leaks")[0] == cycles


def test_two_steps_are_left_out_together_only_where_each_alone_changes_where_it_ends() -> None:
    steps = (Step(Create("a")), *[Step(Start("a")), Step(Stop("a"))] * 3)
    pairs = list(_without_pairs(Failing(("a",), Sequence(steps), ANYHOW), Foresight(Contract())))
    assert not pairs, "a start and a later stop do not belong together: without one of them it ends as it did"
