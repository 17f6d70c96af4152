"""The shrinker, on planted bugs: how small, how sure, and how few runs."""

from pathlib import Path
from random import Random

import pytest
from attrs import evolve
from builders import ANYHOW, conditions

from churn.assembly import Target, assembled
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import Profile
from churn.keeping import reproducer_of
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Contract
from churn.lifecycle.costs import Sort
from churn.lifecycle.operations import Create, Length, List, Pace, SetBehaviour, Start, Step, Stop, Wait
from churn.lifecycle.sequence import Naming, Sequence
from churn.reproducers.file import load, save
from churn.reproducers.replay import needed
from churn.session.budget import Budget
from churn.session.failing import Failing, Result, Steps
from churn.session.memo import Memo
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.violation import Violation
from churn.shrink.candidates import candidates, repaired_steps
from churn.shrink.cases import contains, is_part_of
from churn.shrink.rate import Rate
from churn.shrink.shrinker import PART, Bug, Shrinker
from churn.system.clock import RealClock
from churn.system.managers.reference import Embedded, ReferenceManager

A_START = (Step(Create("a")), Step(Start("a")))


def failed(steps: Steps) -> Result:
    """What came of one service's sequence that failed at its end."""
    return Result(steps, Failing(("a",), Sequence(steps), ANYHOW))


def shrunk(defect: str, seed: int) -> tuple[Bug, Session]:
    with assembled(Target(defects=(defect,))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        violation = explore(Explorer(session=session, services=2), Profile(2_000, 30), seed)
        assert violation is not None
        return Shrinker(session=session).shrink(violation.failing), session


@pytest.mark.parametrize(
    ("defect", "minimum"),
    [
        ("restart-policy", 2),
        ("stop-finds-nothing", 3),
        ("list-omits", 2),
        ("stuck-in-creating", 3),
        ("stops-by-label", 4),
        ("replaces-running", 3),
        ("port-changes", 2),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_planted_bug_is_shrunk_to_its_minimum_in_few_runs(defect: str, minimum: int, seed: int) -> None:
    found, session = shrunk(defect, seed)
    assert len(found.steps) == minimum, str(found.failing.sequence)
    assert found.minimal
    assert found.confirmed
    assert found.runs <= 20
    ran = [
        (chapter.names, chapter.naming, tuple(record.step for record in chapter.records))
        for chapter in session.trace.runs
        if chapter.part == PART
    ]
    assert found.rate is not None
    assert len(ran) - len(set(ran)) <= found.rate.runs, "only the confirmation runs something again"


class Moody(ReferenceManager):
    """A start that leaves a restart policy now and then."""

    dice = Random(7)  # noqa: S311 -- a coin, no secret

    def spec(self, record: object) -> object:  # type: ignore[override]  # only passes it on
        from attrs import evolve

        plain = super().spec(record)  # type: ignore[arg-type]
        return evolve(plain, restart_policy="always") if self.dice.random() < 0.5 else plain


def test_a_failure_that_does_not_come_each_time_is_flaky_with_a_rate() -> None:
    with assembled(Target()) as whole:
        assert isinstance(whole.system.manager, Embedded)
        whole.system.manager.manager.__class__ = Moody
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        steps = (*A_START, Step(Stop("a")), Step(Start("a")), Step(Stop("a")), Step(Start("a")))
        while True:
            try:
                session.run("test", ("a",), Sequence(steps))
            except Violation as violation:
                first = violation.failing
                break
        for _ in range(10):  # as luck has it, a failure may come twice in a row
            found = Shrinker(session=session).shrink(first)
            if found.flaky:
                break
        assert found.rate is not None
        low, high = found.rate.interval
        assert low < 0.5 < high
        assert len(found.steps) <= 3
        assert "flaky" in found.said


def test_the_best_so_far_is_kept_when_the_budget_ends() -> None:
    with assembled(Target(defects=("restart-policy",))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        steps = (
            Step(Create("a")),
            Step(Create("b")),
            *[Step(Wait(Length.SHORT))] * 6,
            Step(Start("b")),
            Step(Start("a")),
        )
        with pytest.raises(Violation) as caught:
            session.run("test", ("a", "b"), Sequence(steps))
        session.budget.operations = session.budget.spent + 2
        shrinker = Shrinker(session=session)
        found = shrinker.shrink(caught.value.failing)
        assert not found.minimal
        assert not found.confirmed
        assert found.runs == 0
        assert found.record is caught.value.record, "what shows it is kept, also where it was not run again"
        assert "budget ended" in found.said
        session.budget.operations = None
        gone_on = shrinker.resume(found)
        assert len(gone_on.steps) == 2
        assert gone_on.minimal
        assert gone_on.confirmed
        assert not gone_on.unfinished
        assert shrinker.resume(gone_on) is gone_on


def test_candidates_are_valid_smaller_or_calmer_and_never_the_same() -> None:
    contract = Contract()
    steps = (
        *A_START,
        Step(Create("b"), Pace.HURRIED),
        Step(SetBehaviour("b", Behaviour.HANG)),
        Step(Start("b")),
        Step(SetBehaviour("b", Behaviour.HEALTHY)),
        Step(Stop("a")),
    )
    failing = Failing(("a", "b"), Sequence(steps, Naming.PREFIX), ANYHOW)
    found = list(candidates(failing, contract))
    assert len(found) == len(set(map(str, found)))
    for names, sequence in found:
        assert sequence.steps == repaired_steps(sequence.steps, contract)
        assert len(sequence.steps) <= len(steps)
        assert set(names) <= {"a", "b"}
        assert sequence != failing.sequence


def test_what_is_not_enabled_where_it_stands_is_left_out() -> None:
    steps = (
        Step(SetBehaviour("a", Behaviour.HANG)),
        Step(Create("a")),
        Step(SetBehaviour("a", Behaviour.HANG)),
        Step(Start("a")),
    )
    assert repaired_steps(steps, Contract()) == steps[1:]


def test_the_memo_knows_what_ran_and_the_looked_at_beginnings_of_what_passed() -> None:
    memo = Memo()
    steps = (*A_START, Step(Stop("a"), Pace.HURRIED), Step(Start("a")))
    memo.keep(("a",), Sequence(steps), Result(steps))
    passed = [memo.recall(("a",), Sequence(steps[:length])) for length in range(1, 5)]
    assert [result is not None for result in passed] == [True, True, False, True]
    assert memo.recall(("a",), Sequence(steps, Naming.LONG)) is None

    memo.keep(("b",), Sequence(steps), failed(steps[:2]))
    ended = memo.recall(("b",), Sequence(steps))
    assert ended is not None
    assert ended.failed
    assert memo.recall(("b",), Sequence(steps[:1])) == Result(steps[:1])
    assert memo.recall(("b",), Sequence(steps[:2])) == ended
    memo.clear()
    assert memo.recall(("a",), Sequence(steps)) is None


def test_a_rates_interval_covers_it_and_narrows() -> None:
    few, many = Rate(5, 10), Rate(500, 1000)
    assert few.interval[0] < 0.5 < few.interval[1]
    assert many.interval[1] - many.interval[0] < few.interval[1] - few.interval[0]
    assert Rate(0, 0).interval == (0.0, 1.0)
    assert Rate(30, 30).interval[1] == 1.0


def test_a_sequence_is_part_of_another_with_its_steps_under_other_names() -> None:
    small = Failing(("a",), Sequence((*A_START, Step(Stop("a")))), ANYHOW)
    longer = (Step(Create("a")), Step(Create("b")), Step(Start("b")), Step(Wait(Length.LONG)), Step(Stop("b")))
    assert is_part_of(small, ("a", "b"), longer)
    assert not is_part_of(small, ("a", "b"), longer[:-1])
    assert not is_part_of(small, ("a", "b"), (*longer[:2], longer[4], longer[2]))


def test_a_case_ends_on_a_service_in_the_same_state() -> None:
    def failing(*steps: Step, before: str) -> Failing:
        befores = (*[conditions("any")] * (len(steps) - 1), conditions(before))
        return Failing(("a",), Sequence(steps), ANYHOW, befores)

    stop = failing(*A_START, Step(Stop("a")), before="running")
    assert contains(failing(*A_START, Step(List()), Step(Stop("a")), before="running!"), stop), "faults apart"
    assert not contains(failing(*A_START, Step(Stop("a")), before="stopped"), stop)
    assert contains(
        failing(*A_START, Step(Stop("a")), before="failed"),
        evolve(stop, befores=(*[conditions("any")] * 2, conditions("dead"))),
    )


def test_what_was_hurried_past_just_before_the_end_is_at_the_end_too() -> None:
    small = Failing(("a",), Sequence((*A_START, Step(Stop("a")))), ANYHOW)
    hurried = Failing(("a",), Sequence((*A_START, Step(Stop("a"), Pace.HURRIED), Step(List()))), ANYHOW)
    calm = Failing(("a",), Sequence((*A_START, Step(Stop("a")), Step(List()))), ANYHOW)
    assert contains(calm, small)
    assert contains(hurried, small, at_the_end=True)
    assert not contains(calm, small, at_the_end=True)


def test_what_begins_with_a_known_failure_is_not_run() -> None:
    memo, failure = Memo(), Sequence((*A_START, Step(Stop("a"))))
    fails = failed(failure.steps)
    memo.keep(("a",), failure, fails)
    assert memo.recall(("a",), Sequence((*failure.steps, Step(List())))) is fails
    assert memo.recall(("a", "b"), Sequence((*failure.steps, Step(List())))) is None, "other services, another sequence"
    unseen = Sequence((*A_START, Step(Stop("a"), Pace.HURRIED)))
    memo.keep(("a",), unseen, failed(unseen.steps))
    assert memo.recall(("a",), Sequence((*unseen.steps, Step(List())))) is None, "it failed by the look at its end"


def test_what_an_operation_costs_is_learned_and_candidates_come_cheapest_first() -> None:
    with assembled(Target()) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        session.run("test", ("a",), Sequence((*A_START, Step(Wait(Length.LONG)), Step(Stop("a")))))
    costs = session.costs
    assert costs.of(Sort("wait long")) == 120.0
    assert costs.of(Sort("start")) > costs.of(Sort("stop")) > costs.of(Sort("create"))
    assert costs.of(Sort("never done")) == 1.0
    waits = (Step(Wait(Length.LONG)), Step(Wait(Length.SHORT)))
    failing = Failing(("a",), Sequence((*A_START, *waits, Step(Stop("a")))), ANYHOW)
    found = [sequence for _, sequence in candidates(failing, Contract(), costs)]
    singles = [costs.total(sequence, Contract()) for sequence in found if len(sequence.steps) == len(failing.steps) - 1]
    assert len(singles) > 1
    assert min(costs.total(sequence, Contract()) for sequence in found) < max(
        costs.total(sequence, Contract()) for sequence in found
    )


def test_seconds_of_the_systems_clock_end_shrinking_too_and_the_best_so_far_is_kept() -> None:
    with assembled(Target(defects=("third-stop-leaks",))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        steps = (*A_START, *[Step(Stop("a")), Step(Wait(Length.SHORT)), Step(Start("a"))] * 2, Step(Stop("a")))
        with pytest.raises(Violation) as caught:
            session.run("test", ("a",), Sequence(steps))
        began = session.system.clock.now()
        found = Shrinker(session=session, most_seconds=40.0).shrink(caught.value.failing)
        assert not found.minimal
        assert session.system.clock.now() - began < 40.0 + 2 * 30.0, "one run over, and one to confirm"
        assert len(found.steps) <= len(steps)


def test_what_is_done_to_a_service_that_is_not_there_stays_where_it_was_done_so() -> None:
    steps = (Step(Stop("a")), Step(Create("a")), Step(Stop("b")))
    assert repaired_steps(steps, Contract()) == (Step(Create("a")),)
    assert repaired_steps(steps, Contract(), frozenset({Stop("b")})) == steps[1:]


def test_a_run_that_cannot_be_contradicts_what_is_known() -> None:
    memo, steps = Memo(), (*A_START, Step(Stop("a")))
    memo.keep(("a",), Sequence(steps), Result(steps))
    assert not memo.contradicts(("a",), Sequence(steps), Result(steps))
    assert memo.contradicts(("a",), Sequence(steps), failed(steps))
    assert memo.contradicts(("a",), Sequence((*steps, Step(List()))), failed(steps[:2]))
    assert not memo.contradicts(("b",), Sequence(steps), failed(steps))


def test_a_failure_that_turns_out_to_pass_now_and_then_is_flaky_from_then_on() -> None:
    """The contradiction comes while it is made smaller: a beginning that had passed fails."""
    with assembled(Target()) as whole:
        assert isinstance(whole.system.manager, Embedded)
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        whole.system.manager.manager.__class__ = type("Always", (Moody,), {"dice": Loaded([0.0])})
        with pytest.raises(Violation) as caught:
            session.run("test", ("a",), Sequence(A_START))
        whole.system.manager.manager.__class__ = type("Later", (Moody,), {"dice": Loaded([0.9, 0.0] * 50)})
        found = Shrinker(session=session).shrink(caught.value.failing)
        assert found.flaky
        assert found.rate is not None
        assert found.rate.interval[0] < 0.5 < found.rate.interval[1]


class Loaded(Random):
    """A coin that falls as told."""

    def __init__(self, falls: list[float]) -> None:
        super().__init__(0)
        self.falls = iter(falls)

    def random(self) -> float:
        return next(self.falls)


def test_a_failure_that_never_comes_again_has_a_rate_above_none_and_can_be_kept(tmp_path: Path) -> None:
    with assembled(Target()) as whole:
        assert isinstance(whole.system.manager, Embedded)
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        whole.system.manager.manager.__class__ = type("Once", (Moody,), {"dice": Loaded([0.0] + [0.9] * 200)})
        with pytest.raises(Violation) as caught:
            session.run("test", ("a",), Sequence(A_START))
        found = Shrinker(session=session).shrink(caught.value.failing)
        assert found.flaky
        assert found.rate is not None
        assert found.rate.failures == 0
        assert found.once
        kept = load(save(reproducer_of(found, Target(), "a test"), tmp_path))
        assert kept.rate is not None
        assert 0 < kept.rate < 0.1
        assert needed(kept.rate) > 40


class SecondStart(ReferenceManager):
    """The second start leaves a restart policy each time; of all first starts the one of that number does."""

    starts = first_starts = 0
    struck = 0

    def create(self, name: str, folder: str = "") -> object:  # type: ignore[override]  # only passes it on
        self.starts = 0
        return super().create(name, folder)

    def spec(self, record: object) -> object:  # type: ignore[override]  # only passes it on
        self.starts += 1
        self.first_starts += self.starts == 1
        struck = self.starts == 2 or (self.starts == 1 and self.first_starts == self.struck)
        return evolve(super().spec(record), restart_policy="always" if struck else "no")  # type: ignore[arg-type]


def test_where_what_it_was_shrunk_to_never_comes_again_it_is_told_as_it_was_found() -> None:
    with assembled(Target()) as whole:
        assert isinstance(whole.system.manager, Embedded)
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        whole.system.manager.manager.__class__ = type("Once", (SecondStart,), {"struck": 2})
        steps = (*A_START, Step(Stop("a")), Step(Start("a")))
        with pytest.raises(Violation) as caught:
            session.run("test", ("a",), Sequence(steps))
        found = Shrinker(session=session).shrink(caught.value.failing)
        assert found.steps == steps
        assert found.rate is not None
        assert found.rate.failures == found.rate.runs
        assert not found.once


def test_a_failure_that_passed_once_is_flaky_however_often_it_fails_then() -> None:
    with assembled(Target()) as whole:
        assert isinstance(whole.system.manager, Embedded)
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        whole.system.manager.manager.__class__ = type(
            "Nearly", (Moody,), {"dice": Loaded([0.0, 0.0, 0.9] + [0.0] * 200)}
        )
        with pytest.raises(Violation) as caught:
            session.run("test", ("a",), Sequence(A_START))
        found = Shrinker(session=session).shrink(caught.value.failing)
        assert found.flaky
        assert not found.confirmed
        assert found.share is not None
