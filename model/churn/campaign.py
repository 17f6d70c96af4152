"""What is run, in which order, within which budget. Both front ends run this."""

from collections.abc import Callable

from attrs import define, evolve, field, frozen

from churn.assembly import Assembled, Target
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
from churn.session.verdict import Signature, Violation
from churn.shrink.candidates import Failing, failing_in
from churn.shrink.reproducer import Expectation, Reproducer
from churn.shrink.shrinker import Shrinker, Shrunk, alike, explains
from churn.system.clock import RealClock

FIVE_CYCLE, TOUR, EXPLORATION = SCENARIO, "tour", "exploration"

_KEPT = 1 / 3
"""Of the budget: kept for confirming and shrinking."""
_CALM_SHARE, _HURRIED_SHARE = 0.4, 0.45
"""Of what is then left: for the calm tour, and after it for the hurried one. Exploration gets the rest."""
_MOST_FAULTS = 3
"""Faults of the environment after which a run is given up."""
_MOST_REPEATS = 10
"""Explorations in a row that end with a signature known already, after which exploring is given up."""


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
    failures: dict[Signature, Failing] = field(init=False, factory=dict)
    """The shortest failing sequence of each signature that was met."""
    bugs: list[Shrunk] = field(init=False, factory=list)
    """What they came to when shrunk, each bug once."""

    def __attrs_post_init__(self) -> None:
        plan, system = self.plan, self.assembled.system
        self.coverage = Coverage(Atlas(service_names(plan.services), system.contract, faults=plan.faults))
        budget = Budget(RealClock(), plan.operations, plan.seconds)
        self.session = Session(system, self.assembled.reset, self.trace, budget)

    def run(self) -> None:
        """Preflight, then each part in its order. Raises `NotClean` before anything is done."""
        preflight(self.assembled.system.manager, self.assembled.system.engine)
        for part in (self._five_cycle, self._search, self._shrink):
            try:
                part()
            except (BudgetSpent, EnvironmentFault) as error:
                self._stumbled(error)
                if isinstance(error, ResetFailed) or len(self.faults) >= _MOST_FAULTS:
                    break

    def _search(self) -> None:
        with self.session.budget.share(1 - _KEPT):
            self._tour()
            self._exploration()

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
            tuple(self.bugs),
        )

    def reproducers(self, target: Target, found: str) -> list[Reproducer]:
        """A reproducer of each bug that was shrunk; `found` says when and by what."""
        return [reproducer_of(bug, target, found) for bug in self.bugs]

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
        repeats = 0
        for seed in rounds(self.plan.seed):
            known = len(self.failures)
            violation = explore(explorer, self.plan.profile, seed)
            if violation is None:
                return
            self._violated(violation)
            repeats = repeats + 1 if len(self.failures) == known else 0
            if repeats >= _MOST_REPEATS:
                return

    def _violated(self, violation: Violation) -> None:
        failing = failing_in(self.trace.chapters[-1])
        known = self.failures.get(violation.signature)
        if known is None or len(failing.steps) < len(known.steps):
            self.failures[violation.signature] = failing

    def _shrink(self) -> None:
        """Shrink each failure that no bug found so far explains; the shortest first, they explain most.

        What is met on the way and may be another bug's is shrunk as well.
        """
        shrinker, done = Shrinker(self.session), set[Signature]()
        while left := {found: each for found, each in (shrinker.others | self.failures).items() if found not in done}:
            signature, failing = min(left.items(), key=lambda item: len(item[1].steps))
            done.add(signature)
            known = self._case_of(signature, failing, alike_only=True)
            if known is None:
                self.announce(f"shrinking: {signature}")
                self._found(signature, shrinker.shrink(failing, signature))
            else:
                self._add_symptom(known, signature)

    def _found(self, signature: Signature, bug: Shrunk) -> None:
        """A bug, unless it is a case of one that is there: then it is another symptom of that one."""
        known = self._case_of(bug.signature, bug.failing)
        if known is None:
            self.bugs.append(bug)
            known = len(self.bugs) - 1
        for symptom in (signature, bug.signature):
            self._add_symptom(known, symptom)

    def _case_of(self, signature: Signature, failing: Failing, *, alike_only: bool = False) -> int | None:
        """The place of the bug that a failure is a case of; `alike_only`: that the same invariant objected to."""
        for place, bug in enumerate(self.bugs):
            if alike_only and not alike(bug.signature, signature):
                continue
            if explains(bug, signature, failing.names, failing.steps):
                return place
        return None

    def _add_symptom(self, place: int, signature: Signature) -> None:
        bug = self.bugs[place]
        if signature != bug.signature:
            self.bugs[place] = evolve(bug, symptoms=bug.symptoms | {signature})

    def _stumbled(self, error: Exception) -> None:
        self.trace.note(str(error))
        if isinstance(error, EnvironmentFault):
            self.faults.append(str(error))


def reproducer_of(bug: Shrunk, target: Target, found: str) -> Reproducer:
    """What is kept of a bug that was found in this target; `found` says when and by what."""
    first = bug.record.objections[0] if bug.record is not None and bug.record.objections else None
    return Reproducer(
        bug.signature,
        first.expected if first is not None else "",
        first.seen if first is not None else "",
        bug.failing.names,
        bug.failing.sequence,
        target.manager,
        target.engine,
        target.defects,
        target.seed,
        bug.share,
        found,
        tuple(f"$ {one.command}\n{one.output}" for one in bug.record.shown) if bug.record is not None else (),
        {target.name: Expectation.FAILED},
        bug.failing.befores,
    )
