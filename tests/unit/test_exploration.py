"""Random exploration and the tour: what they do to a system, how much, and that it is the same every time."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from attrs import evolve
from builders import Double, ForgetfulStop, Laboratory, conditions, laboratory

from churn.assembly import Target, assembled
from churn.errors import BudgetSpent, EnvironmentFault, ResetFailed
from churn.explore.coverage import Coverage
from churn.explore.drawing import PACES, choices, openings
from churn.explore.machine import Explorer, LifecycleMachine, explore, rounds
from churn.explore.profiles import PROFILES, Profile
from churn.explore.suite import Wishes
from churn.explore.tour import Tour, calmly, hurriedly, walk
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Contract
from churn.lifecycle.operations import KINDS, Create, List, Operation, Pace, Remove, SetBehaviour, Start, Step, Stop
from churn.lifecycle.outcome import Outcome
from churn.lifecycle.paths import Atlas
from churn.lifecycle.sequence import SINGLE, Naming, service_names
from churn.lifecycle.state import every, is_enabled
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.violation import Violation
from churn.system.clock import RealClock

FEW = Profile(sequences=12, steps=15)


def steps(lab: Laboratory) -> list[str]:
    """All that was done, by sequence."""
    return [
        f"{chapter.naming.value} {chapter.names}: " + "; ".join(str(record.step) for record in chapter.records)
        for chapter in lab.trace.runs
    ]


def explored(
    make: type[Double] = Double, *, seed: int = 0, profile: Profile = FEW, services: int = 2
) -> tuple[Laboratory, Violation | None]:
    """A laboratory in which was explored, and the violation that ended it."""
    lab = laboratory(make)
    return lab, explore(Explorer(session=lab.session, services=services), profile, seed)


# -- what is drawn ----------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_steps() -> None:
    (one, _), (other, _) = explored(seed=5), explored(seed=5)
    assert steps(one) == steps(other)
    assert len(steps(one)) > 3


def test_different_seeds_give_different_steps() -> None:
    drawn = ["\n".join(steps(explored(seed=seed)[0])) for seed in range(4)]
    assert len(set(drawn)) == 4


def test_sequences_differ_from_one_another() -> None:
    drawn = steps(explored()[0])
    assert len(set(drawn)) > len(drawn) * 0.8


_DIGEST = """
from test_exploration import digest
print(digest())
"""


def digest() -> str:
    """A word for all steps that an exploration drew."""
    with assembled(Target()) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        explore(Explorer(session=session, services=3), Profile(300, 3), 0)
        drawn = [str(record.step) for _, record in session.trace.records()]
    return hashlib.sha256("\n".join(drawn).encode()).hexdigest()


def digest_elsewhere(folder: Path, code: str = _DIGEST, **environ: str) -> str:
    """The same, of a process of its own that stands in `folder`."""
    path = os.pathsep.join([*sys.path, str(folder)])
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environ},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of another process."""
    return digest_elsewhere(tmp_path_factory.mktemp("elsewhere"), PYTHONHASHSEED="1")


def test_what_is_drawn_does_not_depend_on_how_python_hashes(elsewhere: str, tmp_path: Path) -> None:
    assert digest_elsewhere(tmp_path, PYTHONHASHSEED="2") == elsewhere
    assert list(tmp_path.iterdir()) == [], "exploring leaves no file where it was started"


def test_what_is_drawn_does_not_depend_on_what_else_is_imported(elsewhere: str, tmp_path: Path) -> None:
    """Hypothesis puts the numbers from 101 on that it finds in a user's modules into its draws where they fit in.

    They fit into its own: one from 0 to 254 says for each sequence how many of the rules are left out.
    """
    tmp_path.joinpath("numbers_of_mine.py").write_text(f"NUMBERS = {list(range(101, 400))}")
    assert digest_elsewhere(tmp_path, f"import numbers_of_mine{_DIGEST}") == elsewhere


@pytest.mark.parametrize("faults", [True, False])
def test_steps_are_drawn_from_all_operations_and_all_paces(faults: bool) -> None:
    contract = Contract()
    operations = {found for found in every(("a", "b"), contract.possible) if faults or not found.fault}
    assert set(choices(("a", "b"), contract.possible, faults=faults)) == {None, *operations}
    assert set(PACES) == set(Pace)


def test_exploring_reaches_every_kind_of_operation_behaviour_pace_and_naming() -> None:
    lab, _ = explored(profile=Profile(200, 20))
    done = [record.step for _, record in lab.trace.records()]
    not_offered = {"disturb", "restart-engine", "interrupt", "interrupt-at", "together"}
    assert {step.operation.kind for step in done} == set(KINDS) - not_offered
    assert {step.pace for step in done} == set(Pace)
    assert {step.operation.how for step in done if isinstance(step.operation, SetBehaviour)} == set(Behaviour) - {
        Behaviour.LATE
    }  # the contract states no timeout
    assert {chapter.naming for chapter in lab.trace.runs} == set(SINGLE)
    assert {len(chapter.names) for chapter in lab.trace.runs} == {1, 2}


def test_without_faults_no_behaviour_is_drawn() -> None:
    lab = laboratory()
    explore(Explorer(session=lab.session, faults=False), FEW, 0)
    kinds = {record.step.operation.kind for _, record in lab.trace.records()}
    assert "set-behaviour" not in kinds
    assert {"start", "stop"} <= kinds


@pytest.mark.parametrize("missing", ["create", "status"])
def test_what_the_manager_does_not_offer_is_never_done(missing: str) -> None:
    lab = laboratory(offers=Contract().offers - {missing})
    explore(Explorer(session=lab.session), FEW, 0)
    assert lab.applied
    assert missing not in {operation.kind for operation in lab.applied}


def test_openings_are_drawn_from_all_numbers_of_services_and_namings_also_without_creating_them() -> None:
    drawn = openings(3)
    assert {(len(opening.names), opening.naming) for opening in drawn} == {
        (count, naming) for count in (1, 2, 3) for naming in SINGLE
    }
    assert {opening.created for opening in drawn} == {True, False}


def test_only_enabled_operations_are_done() -> None:
    lab = laboratory()
    wrong: list[Operation] = []
    original = lab.session.step

    def checked(step: Step) -> None:
        if not is_enabled(lab.session.state, step.operation):
            wrong.append(step.operation)
        original(step)

    lab.session.step = checked  # type: ignore[method-assign]
    explore(Explorer(session=lab.session), Profile(25, 20), 1)
    assert len(lab.applied) > 100
    assert not wrong


# -- what it costs ----------------------------------------------------------------------------------------------------


def test_the_simplest_example_costs_the_system_nothing() -> None:
    """Hypothesis always runs it first, and a profile of one sequence runs no other."""
    lab, found = explored(profile=Profile(sequences=1, steps=30))
    assert found is None
    assert (lab.budget.spent, lab.applied, lab.resets) == (0, [], [])


def test_the_simplest_choice_ends_a_sequence() -> None:
    assert choices(("a",), Contract().offers, faults=True)[0] is None


def test_no_more_sequences_and_steps_are_done_than_the_profile_says() -> None:
    lab, _ = explored(profile=Profile(sequences=7, steps=5))
    assert 0 < len(lab.trace.runs) <= 7
    created = 2
    assert max(len(chapter.records) for chapter in lab.trace.runs) <= 5 + created


def test_a_healthy_manager_passes() -> None:
    assert explored(profile=Profile(30, 20))[1] is None


# -- what ends it -----------------------------------------------------------------------------------------------------


def watched(lab: Laboratory) -> tuple[Counter[str], Callable[[], int]]:
    """Counts of the session's calls, and of the system's operations after the first error."""
    counts: Counter[str] = Counter()
    at_error: list[int] = []

    def wrap(name: str) -> None:
        original = getattr(lab.session, name)

        def called(*args: object, **options: object) -> None:
            counts[name] += 1
            try:
                original(*args, **options)
            except Exception:
                counts["errors"] += 1
                at_error.append(len(lab.applied) + len(lab.resets))
                raise

        setattr(lab.session, name, called)

    for name in ("begin", "step", "finish"):
        wrap(name)
    return counts, lambda: len(lab.applied) + len(lab.resets) - at_error[0]


@pytest.mark.parametrize("seed", range(5))
def test_after_a_violation_the_system_is_not_touched_again(seed: int) -> None:
    """Hypothesis runs a failing example again, and more than once: that is answered from memory."""
    lab = laboratory(ForgetfulStop)
    counts, touched_since = watched(lab)
    violation = explore(Explorer(session=lab.session), PROFILES["fixed"], seed)
    assert violation is not None
    assert counts["errors"] == 1
    assert touched_since() == 0
    assert [record.verdict.value for _, record in lab.trace.records()].count("fail") == 1


def test_what_ended_an_exploration_is_told_by_the_next_case_where_hypothesis_has_dropped_it() -> None:
    """It drops what is raised at the end of a case that it gave up itself, and goes on with others."""
    explorer = Explorer(session=laboratory().session, ended=EnvironmentFault("gone"))
    machine = type("Next", (LifecycleMachine,), {"explorer": explorer})()
    with pytest.raises(EnvironmentFault, match="gone"):
        machine.teardown()


@pytest.mark.parametrize("seed", range(3))
def test_the_violation_is_the_one_that_was_raised_first(seed: int) -> None:
    lab, violation = explored(ForgetfulStop, seed=seed, profile=PROFILES["fixed"])
    assert violation is not None
    failed = [record for _, record in lab.trace.records() if record.objections]
    assert [record.objections for record in failed] == [violation.objections]
    assert failed[0] is lab.session.current.records[-1]


class Spoilt(Double):
    """When it has been asked for the third start, the engine is gone for good."""

    def start(self, service: str) -> Outcome:
        ended = super().start(service)
        if self.started == 3:
            self.manager.engine.core.down = True  # type: ignore[attr-defined]
        return ended


@pytest.mark.parametrize("seed", range(3))
def test_a_fault_of_the_environment_ends_it_and_is_raised(seed: int) -> None:
    lab = laboratory(Spoilt)
    counts, touched_since = watched(lab)
    with pytest.raises(EnvironmentFault):
        explore(Explorer(session=lab.session), PROFILES["fixed"], seed)
    assert counts["errors"] == 1
    assert touched_since() == 0


def test_a_reset_that_fails_ends_it_and_is_raised() -> None:
    class Unforgetting(Double):
        def reset(self) -> None:
            pass

    lab = laboratory(Unforgetting)
    with pytest.raises(ResetFailed):
        explore(Explorer(session=lab.session), FEW, 0)
    assert len(lab.trace.runs) == len(lab.resets) - 1, "nothing is begun after it"


@pytest.mark.parametrize("operations", [0, 1, 2, 17, 50])
def test_the_end_of_the_budget_is_told_and_nothing_is_done_beyond_it(operations: int) -> None:
    lab = laboratory(operations=operations)
    with pytest.raises(BudgetSpent):
        explore(Explorer(session=lab.session), PROFILES["explore"], 0)
    assert lab.budget.spent == operations
    assert len(lab.resets) + len(list(lab.trace.records())) == operations


def test_a_budget_cuts_what_is_explored_short_and_changes_nothing_before() -> None:
    whole, short = laboratory(operations=60), laboratory(operations=25)
    for lab in (whole, short):
        with pytest.raises(BudgetSpent):
            explore(Explorer(session=lab.session), PROFILES["explore"], 4)
    done, less = (["\n".join(map(str, (r.step for _, r in lab.trace.records())))] for lab in (whole, short))
    assert done[0].startswith(less[0])


def test_after_the_end_of_the_budget_the_same_explorer_may_go_on() -> None:
    lab = laboratory(operations=20)
    explorer = Explorer(session=lab.session)
    with pytest.raises(BudgetSpent):
        explore(explorer, PROFILES["explore"], 0)
    lab.budget.operations = None
    assert explore(explorer, FEW, 1) is None
    assert lab.budget.spent > 20


def test_a_violation_that_only_the_end_of_a_sequence_finds_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """All steps are hurried, so nothing is looked at before. (A restart would fail at what the stop in it forgot.)"""
    lab = laboratory(ForgetfulStop)
    original = lab.session.step
    by_finish: list[bool] = []
    finish = lab.session.finish

    def finished() -> None:
        try:
            finish()
        except Violation:
            by_finish.append(True)
            raise

    def hurried(step: Step) -> None:
        original(Step(step.operation, Pace.HURRIED))

    monkeypatch.setattr(lab.session, "step", hurried)
    monkeypatch.setattr(lab.session, "finish", finished)
    lab.session.contract = evolve(lab.session.contract, offers=frozenset({"create", "start", "stop"}))
    violation = explore(Explorer(session=lab.session, services=1, faults=False), PROFILES["fixed"], 0)
    assert violation is not None
    assert by_finish == [True]
    assert lab.session.current.records[-1].objections == violation.objections


def test_the_seeds_of_a_runs_explorations_differ_and_are_not_those_of_its_neighbours() -> None:
    seeds = [list(islice(rounds(seed), 50)) for seed in range(4)]
    assert all(drawn[0] == seed for seed, drawn in enumerate(seeds))
    assert len({seed for drawn in seeds for seed in drawn}) == 200


# -- a machine of one's own -------------------------------------------------------------------------------------------


def test_a_machine_of_ones_own_says_which_system_it_explores() -> None:
    lab = laboratory()

    class Mine(LifecycleMachine):
        @classmethod
        def open_session(cls) -> Session:
            return lab.session

    machine = Mine()
    assert machine.shared.session is lab.session
    assert Mine().shared is machine.shared


def test_one_that_does_not_say_so_explores_what_is_wished_for() -> None:
    class Mine(LifecycleMachine):
        wishes = Wishes(target=Target(defects=("list-omits",)), services=1, faults=False, operations=40)

    shared = Mine().shared
    assert shared.session.target == Mine.wishes.target
    assert (shared.services, shared.faults, shared.session.budget.operations) == (1, False, 40)
    Mine.close()
    assert Mine().shared is not shared
    Mine.close()


def test_two_machines_share_nothing() -> None:
    one, other = laboratory(), laboratory()

    class One(LifecycleMachine):
        @classmethod
        def open_session(cls) -> Session:
            return one.session

    class Other(LifecycleMachine):
        @classmethod
        def open_session(cls) -> Session:
            return other.session

    assert One().shared.session is one.session
    assert Other().shared.session is other.session


# -- the tour ---------------------------------------------------------------------------------------------------------

_MOST_PER_PAIR = 1.5


@pytest.mark.parametrize("services", [1, 2])
def test_the_tour_covers_every_pair_and_takes_few_steps_more(services: int) -> None:
    lab = laboratory()
    names = service_names(services)
    tour = Tour(Atlas(names, lab.session.contract))
    pairs = len(tour.left)
    walk(lab.session, tour, "tour", calmly)
    assert tour.left == []
    assert tour.covered == pairs
    assert lab.budget.spent < _MOST_PER_PAIR * pairs
    coverage = Coverage(Atlas(names, lab.session.contract))
    coverage.count(lab.trace)
    assert (coverage.covered, coverage.missed) == (pairs, [])


@pytest.mark.parametrize("naming", Naming)
def test_the_tour_covers_every_pair_whatever_services_are_called(naming: Naming) -> None:
    lab = laboratory()
    tour = Tour(Atlas(("a",), lab.session.contract))
    walk(lab.session, tour, "tour", calmly, naming)
    assert tour.left == []
    assert {chapter.naming for chapter in lab.trace.runs} == {naming}


@pytest.mark.parametrize("services", [1, 2])
def test_the_tour_without_faults_covers_every_pair_in_a_hurry_too(services: int) -> None:
    lab = laboratory()
    tour = Tour(Atlas(service_names(services), lab.session.contract, faults=False))
    pairs = len(tour.left)
    walk(lab.session, tour, "tour", hurriedly)
    assert tour.left == []
    assert lab.budget.spent < _MOST_PER_PAIR * pairs


def test_the_tour_is_the_same_every_time() -> None:
    done = []
    for _ in range(2):
        lab = laboratory()
        walk(lab.session, Tour(Atlas(("a",), lab.session.contract)), "tour")
        done.append(steps(lab))
    assert done[0] == done[1]


def test_a_violation_ends_the_tour_where_nobody_minds_it() -> None:
    lab = laboratory(ForgetfulStop)
    with pytest.raises(Violation):
        walk(lab.session, Tour(Atlas(("a",), lab.session.contract)), "tour")


def test_a_violation_that_is_minded_ends_its_sequence_and_the_tour_goes_on() -> None:
    lab = laboratory(ForgetfulStop)
    tour = Tour(Atlas(("a",), lab.session.contract))
    pairs = len(tour.left)
    violations: list[Violation] = []
    walk(lab.session, tour, "tour", on_violation=violations.append)
    assert len(violations) > 1
    assert {found.signature.operation for found in violations} >= {"stop"}
    assert len(lab.trace.runs) > len(violations) // 2
    assert tour.covered > pairs / 2


def test_the_tour_ends_where_the_system_goes_elsewhere_than_the_model_would_have_it() -> None:
    """A manager whose services never come up: what lies beyond is left, and the walk ends."""
    lab = laboratory()
    lab.bench.core.images.clear()
    tour = Tour(Atlas(("a",), lab.session.contract))
    walk(lab.session, tour, "tour", on_violation=lambda _: None)
    assert tour.left
    assert (conditions("running"), Stop("a")) in tour.left


def test_the_budget_ends_the_tour() -> None:
    lab = laboratory(operations=20)
    with pytest.raises(BudgetSpent):
        walk(lab.session, Tour(Atlas(("a",), lab.session.contract)), "tour")
    assert lab.budget.spent == 20


def test_a_pair_is_covered_once_and_not_by_another() -> None:
    tour = Tour(Atlas(("a",), Contract(), faults=False))
    pairs = len(tour.left)
    for _ in range(2):
        tour.done(conditions("absent"), List(), conditions("absent"))
        assert (tour.covered, len(tour.left)) == (1, pairs - 1)
    assert (conditions("absent"), Start("a")) in tour.left


def test_what_changes_nothing_is_done_before_what_leads_away() -> None:
    tour = Tour(Atlas(("a",), Contract(), faults=False))
    here, seen = conditions("running"), []
    leading = {Stop("a"), Remove("a")}
    while (operation := tour.next(here)) not in leading:
        assert operation is not None
        seen.append(operation)
        assert tour.atlas.edges[here][operation] == here
        tour.done(here, operation, here)
    assert set(seen) == set(tour.atlas.edges[here]) - leading


def test_the_tour_learns_where_operations_lead() -> None:
    tour = Tour(Atlas(("a",), Contract(), faults=False))
    tour.done(conditions("running"), Stop("a"), conditions("created"))
    assert tour.atlas.edges[conditions("running")][Stop("a")] == conditions("created")
    tour.done(conditions("running"), List(), None)
    assert tour.atlas.edges[conditions("running")][List()] == conditions("running")


def test_states_that_one_passes_but_once_are_left_last() -> None:
    """From nothing, all that changes nothing is done before the service is created: there is no way back but a reset."""
    tour = Tour(Atlas(("a",), Contract(), faults=False))
    done: list[Operation] = []
    while (operation := tour.next(conditions("absent"))) != Create("a"):
        assert operation is not None
        done.append(operation)
        tour.done(conditions("absent"), operation, conditions("absent"))
    assert set(done) == set(tour.atlas.edges[conditions("absent")]) - {Create("a")}


@pytest.mark.parametrize(
    ("pacing", "paces"),
    [
        (calmly, {Pace.CALM: 8, Pace.ENGINE_ONLY: 4}),
        (hurriedly, {Pace.CALM: 3, Pace.HURRIED: 9}),
    ],
)
def test_the_paces_of_a_tour(pacing: Callable[[int], Pace], paces: dict[Pace, int]) -> None:
    assert Counter(pacing(number) for number in range(1, 13)) == paces


# -- coverage ---------------------------------------------------------------------------------------------------------


def test_what_was_done_is_covered_and_the_rest_is_missed() -> None:
    lab = laboratory()
    lab.session.begin("test", "a")
    for operation in (Create("a"), Start("a"), List(), List()):
        lab.session.step(Step(operation))
    coverage = Coverage(Atlas(("a",), lab.session.contract))
    coverage.count(lab.trace)
    assert coverage.covered == 3
    assert len(coverage.missed) == coverage.total - 3
    assert coverage.done[conditions("running"), List()] == 2


def test_a_sequence_of_fewer_services_counts_as_if_the_others_were_not_there() -> None:
    lab = laboratory()
    lab.session.begin("test", "a")
    lab.session.step(Step(Create("a")))
    coverage = Coverage(Atlas(("a", "b"), lab.session.contract))
    coverage.count(lab.trace)
    assert list(coverage.done) == [(conditions("absent", "absent"), Create("a"))]
    narrow = Coverage(Atlas(("a",), lab.session.contract))
    lab.session.begin("test", "ab")
    lab.session.step(Step(Create("b")))
    narrow.count(lab.trace)
    assert narrow.covered == 1


def test_a_further_service_does_not_matter_while_it_is_not_there() -> None:
    lab = laboratory()
    narrow = Coverage(Atlas(("a",), lab.session.contract))
    lab.session.begin("test", "ab")
    for operation in (Create("a"), Create("b"), Start("a")):
        lab.session.step(Step(operation))
    narrow.count(lab.trace)
    assert list(narrow.done) == [(conditions("absent"), Create("a"))], "with b there it is another state"
