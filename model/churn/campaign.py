"""What is run, in which order, within which budget. Both front ends run this."""

from collections.abc import Callable

from attrs import define, field, frozen

from churn.assembly import Assembled
from churn.errors import BudgetSpent, EnvironmentFault, ResetFailed
from churn.explore.coverage import Coverage
from churn.explore.machine import PROFILES, Explorer, Profile, explore, rounds
from churn.explore.scenarios import cycles
from churn.explore.tour import Pacing, Tour, calmly, hurriedly, walk
from churn.lifecycle.invariants import ps
from churn.lifecycle.operations import Pace
from churn.lifecycle.paths import Atlas
from churn.lifecycle.sequence import Naming, service_names
from churn.report.summary import SCENARIO, Account
from churn.session.budget import Budget
from churn.session.reset import preflight
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.verdict import Violation
from churn.system.clock import RealClock

FIVE_CYCLE, TOUR, EXPLORATION = SCENARIO, "tour", "exploration"

_CALM_SHARE, _HURRIED_SHARE = 0.4, 0.45
"""Of what is left of the budget: for the calm tour, then for the hurried one. Exploration gets the rest."""
_MOST_FAULTS = 3
"""Faults of the environment after which a run is given up."""
_MOST_VIOLATIONS = 25
"""Violations after which exploring is given up: the system is broken enough to be mended first."""


@frozen
class Plan:
    """What a campaign does. `operations` and `seconds` (real ones) limit what comes after the five cycles."""

    services: int = 2
    cycles: int = 5
    seed: int = 0
    operations: int | None = None
    seconds: float | None = None
    faults: bool = True
    tour: bool = True
    exploration: bool = True
    profile: Profile = PROFILES["explore"]


@define
class Campaign:
    """One run of a plan against a system. What came of it is in `trace` and `coverage`."""

    assembled: Assembled
    plan: Plan
    trace: Trace
    announce: Callable[[str], None] = lambda _: None
    """Told which part begins."""
    coverage: Coverage = field(init=False)
    session: Session = field(init=False)
    faults: list[str] = field(init=False, factory=list)
    """What went wrong with the environment."""
    violations: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        plan, system = self.plan, self.assembled.system
        self.coverage = Coverage(Atlas(service_names(plan.services), system.contract, faults=plan.faults))
        budget = Budget(RealClock(), plan.operations, plan.seconds)
        self.session = Session(system, self.assembled.reset, self.trace, budget)

    def run(self) -> None:
        """Preflight, then each part in its order. Raises `NotClean` before anything is done."""
        preflight(self.assembled.system.manager, self.assembled.system.engine)
        for part in (self._five_cycle, self._tour, self._exploration):
            try:
                part()
            except (BudgetSpent, EnvironmentFault) as error:
                self._stumbled(error)
                if isinstance(error, ResetFailed) or len(self.faults) >= _MOST_FAULTS:
                    break

    def account(self, seconds: float) -> Account:
        """What a report needs beside the trace, of a run that took so many real seconds."""
        session, system = self.session, self.assembled.system
        return Account(
            session.contract,
            self.coverage,
            self.plan.cycles,
            seconds,
            system.inside - session.resetting_inside,
            system.waited,
            session.resetting,
            system.clock.virtual,
            session.budget.looks,
            tuple(self.faults),
        )

    def _five_cycle(self) -> None:
        with self.session.budget.uncounted():
            for pace in (Pace.CALM, Pace.HURRIED):
                self.announce(f"{FIVE_CYCLE} ({pace.value})")
                try:
                    self.session.run(FIVE_CYCLE, service_names(1), cycles(self.plan.cycles, pace=pace))
                except Violation as violation:
                    self._violated(violation)
                else:
                    self._show_leftovers()

    def _show_leftovers(self) -> None:
        """The engine's own list at the end of the scenario, for criterion 4."""
        last = self.trace.chapters[-1].records[-1]
        last.shown = (self.assembled.system.show(ps(self.session.contract)),)

    def _tour(self) -> None:
        if not self.plan.tour:
            return
        names = service_names(self.plan.services)
        ways: tuple[tuple[str, Pacing, float, Naming], ...] = (
            ("calm", calmly, _CALM_SHARE, Naming.PLAIN),
            ("hurried", hurriedly, _HURRIED_SHARE, Naming.PREFIX),
        )
        for word, pacing, share, naming in ways:
            self.announce(f"{TOUR} ({word})")
            tour = Tour(Atlas(names, self.session.contract, faults=self.plan.faults))
            try:
                with self.session.budget.share(share):
                    walk(self.session, tour, TOUR, pacing, naming, self._violated)
            except BudgetSpent as spent:
                self.trace.note(str(spent))

    def _exploration(self) -> None:
        if not self.plan.exploration:
            return
        self.announce(EXPLORATION)
        explorer = Explorer(self.session, services=min(3, self.plan.services + 1), faults=self.plan.faults)
        for seed in rounds(self.plan.seed):
            violation = explore(explorer, self.plan.profile, seed)
            if violation is None:
                return
            self._violated(violation)
            if self.violations >= _MOST_VIOLATIONS:
                return

    def _violated(self, _: Violation) -> None:
        self.violations += 1

    def _stumbled(self, error: Exception) -> None:
        self.trace.note(str(error))
        if isinstance(error, EnvironmentFault):
            self.faults.append(str(error))
