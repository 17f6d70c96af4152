"""Every invariant is alive: its planted defect puts its name into a violation, and without it the name does not come."""

from contextlib import suppress

import pytest
from defective import PLANTED

from churn.assembly import OTHER, taking_turns
from churn.errors import BudgetSpent
from churn.explore.scenarios import cycles
from churn.explore.tour import Tour, calmly, hurriedly, walk
from churn.lifecycle.invariants import INVARIANTS, Invariant
from churn.lifecycle.operations import Create, Pace, Start, Step, Together
from churn.lifecycle.paths import Atlas
from churn.lifecycle.sequence import Sequence
from churn.session.budget import Budget
from churn.session.reset import reset
from churn.session.session import Session
from churn.session.system import System
from churn.session.trace import Trace
from churn.session.violation import Violation
from churn.system import ownership
from churn.system.clock import VirtualClock
from churn.system.engines.emulated import Core, EmulatedEngine, EmulatedHost
from churn.system.managers.reference import Embedded, ReferenceManager, Settings, Store

RUN, IMAGE, OPERATIONS = "run", "stand-in", 5_000


def objections(manager: type[ReferenceManager], invariants: tuple[Invariant, ...]) -> list[str]:
    """The names that violations of this manager begin with, in cycles, tours of two services, and two starts at once."""
    clock = VirtualClock()
    core = Core(clock, images=frozenset({IMAGE, OTHER}))
    host = EmulatedHost(core)
    settings = Settings(session="defective", image=IMAGE, labels=ownership.labels(RUN))
    made = manager(Store(), EmulatedEngine(core), host, clock, settings)
    driver = Embedded(made)
    system = System(driver, EmulatedEngine(core), host, clock)
    system.clients = taking_turns(driver, clock)

    def clean() -> None:
        core.neighbours.processes.clear()
        core.resources.volumes.clear()
        reset(system, RUN)

    session = Session(system, clean, Trace(), Budget(clock, OPERATIONS), invariants)
    found: list[str] = []

    def note(violation: Violation) -> None:
        found.extend(one.invariant for one in violation.objections)

    for pace in Pace:
        try:
            session.run("cycles", ("a",), cycles(3, pace=pace))
        except Violation as violation:
            note(violation)
    for pacing in (calmly, hurriedly):
        with suppress(BudgetSpent), session.budget.share(0.5):
            walk(session, Tour(Atlas(("a", "b"), session.contract)), "tour", pacing, on_violation=note)
    at_once = session.attempt(
        "together", ("a",), Sequence((Step(Create("a")), Step(Together(((Start("a"),), (Start("a"),))))))
    )
    if (last := at_once.last) is not None:
        found.extend(one.invariant for one in last.objections)
    return found


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda invariant: invariant.name)
def test_the_planted_defect_is_called_by_the_invariants_name(invariant: Invariant) -> None:
    assert invariant.name in PLANTED, f"tests/stateful/defective.py: PLANTED has no defect for {invariant.name}"
    found = objections(PLANTED[invariant.name], INVARIANTS)
    assert invariant.name in found


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda invariant: invariant.name)
def test_without_the_invariant_its_defect_is_missed_or_called_otherwise(invariant: Invariant) -> None:
    others = tuple(one for one in INVARIANTS if one is not invariant)
    with_it, without = (objections(PLANTED[invariant.name], some) for some in (INVARIANTS, others))
    assert invariant.name not in without
    assert without != with_it


def test_all_invariants_are_quiet_on_the_healthy_manager() -> None:
    assert objections(ReferenceManager, INVARIANTS) == []


def test_every_invariant_has_a_planted_defect() -> None:
    assert set(PLANTED) == {invariant.name for invariant in INVARIANTS}
    assert {invariant.criterion for invariant in INVARIANTS} == {1, 2, 3, 4, 5}
