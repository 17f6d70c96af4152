"""The planner: what promises most for its seconds, in the model plane alone."""

from itertools import takewhile

from attrs import evolve
from builders import idle, running, state

from churn.explore.preview import preview
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Contract
from churn.lifecycle.costs import Sort
from churn.lifecycle.operations import (
    Crash,
    Create,
    List,
    Operation,
    Pace,
    SetBehaviour,
    Start,
    Step,
    Stop,
)
from churn.lifecycle.planning import At, Leaning, Places, Planner
from churn.lifecycle.planning.places import Company
from churn.lifecycle.planning.worth import promise, sequel
from churn.lifecycle.sequence import Naming
from churn.lifecycle.state import CLEAN, State

NAMES = ("a", "b", "c")


def planner(seed: int = 0, *, flat: bool = False, faults: bool = True) -> Planner:
    return Planner(names=NAMES, contract=Contract(), faults=faults, leaning=Leaning(seed, flat))


def worth(here: State, operation: Operation, pace: Pace = Pace.CALM, *, before: Step | None = None) -> float:
    """What a step promises there as long as nothing was done."""
    places, step = Places(NAMES, Contract()), Step(operation, pace)
    made = promise(places.settings(places.of(here))[operation.service], step, Naming.PLAIN, Leaning())
    after = sequel(before, step, Leaning())
    return sum(value for _, value in made.marks) + made.prior * sum(value for _, value in after)


# -- places -----------------------------------------------------------------------------------------------------------


def test_services_are_alike_until_they_are_named() -> None:
    places = Places(NAMES, Contract())
    assert {one.service for one in places.choices(places.start)} == {"a", None}
    one = places.after(places.start, Create("a"))
    assert {found.service for found in places.choices(one)} == {"a", "b", None}


def test_a_place_tells_how_servers_behave() -> None:
    places = Places(NAMES, Contract())
    created = places.of(state(a=idle()))
    slow = places.after(created, SetBehaviour("a", Behaviour.SLOW))
    assert slow != created
    assert places.after(slow, SetBehaviour("a", Behaviour.HEALTHY)) == created


def test_what_the_system_did_corrects_where_an_operation_leads() -> None:
    places = Places(NAMES, Contract())
    here, there = places.start, places.of(state(a=running()))
    assert places.after(here, Create("a")) != there
    places.learn(here, Create("a"), there)
    assert places.after(here, Create("a")) == there


# -- worth ------------------------------------------------------------------------------------------------------------


def test_a_change_is_worth_more_than_a_question_and_beside_a_running_service_more_than_alone() -> None:
    alone, beside = state(a=idle()), state(a=idle(), b=running("b1"))
    assert worth(alone, Start("a")) > 3 * worth(alone, List())
    assert worth(beside, Start("a")) > 2 * worth(alone, Start("a"))
    assert worth(state(a=running(), b=running("b1")), Crash("a")) > worth(state(a=running()), Crash("a"))


def test_a_start_that_cannot_get_healthy_is_worth_more_than_one_that_can() -> None:
    assert worth(state(a=idle(behaviour=Behaviour.UNHEALTHY)), Start("a")) > 2 * worth(state(a=idle()), Start("a"))


def test_what_is_hurried_past_is_worth_half_but_for_what_follows_it_at_once() -> None:
    here = state(a=running())
    assert worth(here, Stop("a"), Pace.HURRIED) < 0.7 * worth(here, Stop("a"))
    stopped = state(a=idle())
    hurried, calm = Step(Stop("a"), Pace.HURRIED), Step(Stop("a"))
    assert worth(stopped, Start("a"), before=hurried) > worth(stopped, Start("a"), before=calm)


def test_what_was_done_is_worth_little_and_others_keep_their_worth() -> None:
    plan = planner()
    here = plan.places.of(state(a=idle()))
    setting = plan.places.settings(here)["a"]

    def left(operation: Operation) -> float:
        made = promise(setting, Step(operation), Naming.PLAIN, plan.leaning)
        return plan.novelty.left_of(plan.novelty.numbered(made.marks), {})

    start, stop = left(Start("a")), left(Stop("a"))
    plan.note(here, Step(Start("a")), None, Naming.PLAIN)
    assert left(Start("a")) < 0.3 * start
    assert left(Stop("a")) == stop


def test_with_other_seeds_other_things_are_preferred_and_with_the_same_the_same() -> None:
    marks = [(("start", place), "alone") for place in range(50)]
    one, again, other = ([Leaning(seed).of(mark) for mark in marks] for seed in (1, 1, 2))
    assert one == again != other
    assert all(0.8 <= factor <= 1.25 for factor in one)
    assert max(one) - min(one) > 0.3


def test_company_is_the_liveliest_of_the_others() -> None:
    assert Company.NONE < Company.IDLE < Company.FAULTY < Company.RUNNING


# -- routes -----------------------------------------------------------------------------------------------------------


def test_the_first_route_runs_two_services_at_once_and_strikes_one_within_a_minute() -> None:
    first = next(iter(preview(planner(), 60.0)))
    assert sum(isinstance(step.operation, Start) for step in first.steps) >= 2
    assert {step.operation.service for step in first.steps if isinstance(step.operation, Start)} >= {"a", "b"}


def test_all_that_can_be_asked_of_a_clean_system_is_planned_within_the_minutes_of_a_run() -> None:
    for seed in (0, 1):
        asked: set[str] = set()
        made = planner(seed)
        for kind in ("list", "status", "create"):
            made.costs.learn(Sort(kind), 0.3)
        for one in preview(made, 480.0):
            asked |= {
                step.operation.kind for step in takewhile(lambda step: step.operation.kind != "create", one.steps)
            }
        assert asked >= {"list", "status", "stop", "start"}


def test_odd_names_are_planned_with_in_turns_and_only_such_as_the_manager_takes() -> None:
    assert {Naming.MIXED, Naming.MARKED, Naming.UNDERSCORED} <= {one.naming for one in preview(planner(), 480.0)}
    plainly = Planner(names=NAMES, contract=Contract(names="service-.*"))
    assert {one.naming for one in preview(plainly, 60.0)} == {Naming.PLAIN}


def test_a_budget_is_filled_and_kept() -> None:
    for seconds in (30.0, 120.0):
        plan = planner()
        begins = [one.begins for one in preview(plan, seconds)]
        assert begins == sorted(begins)
        assert begins[-1] < seconds
    assert plan.route(None, 1.0) is None, "a reset alone takes longer"


def test_the_same_seed_plans_the_same_and_a_flat_planner_otherwise() -> None:
    one, again, other, flat = (
        list(preview(made, 40.0)) for made in (planner(1), planner(1), planner(2), planner(1, flat=True))
    )
    assert one == again
    assert one != other
    assert one != flat


def test_without_faults_none_is_planned() -> None:
    assert not any(step.operation.fault for one in preview(planner(faults=False), 200.0) for step in one.steps)


def test_the_promise_falls_as_more_was_done() -> None:
    rates = [one.rate for one in preview(planner(), 300.0)]
    assert rates[0] > 2 * rates[-1]


def test_after_many_steps_a_reset_is_due() -> None:
    plan, here = planner(), evolve(CLEAN, services={"a": idle()})
    route = plan.route(At(here, Naming.PLAIN, Step(Create("a")), 13))
    assert route is not None
    assert route.reset
