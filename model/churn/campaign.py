"""What is run, in which order, within which budget. Both front ends run this."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from attrs import Factory, define, field, frozen

from churn.assembly import Assembled, Target
from churn.errors import BudgetSpent, EnvironmentFault
from churn.explore.attempt import attempt
from churn.explore.coverage import Coverage
from churn.explore.interrupts import INTERRUPTS, sweep_briefly, sweepable
from churn.explore.machine import Explorer, explore, rounds
from churn.explore.profiles import PROFILES, Profile
from churn.explore.scenarios import cycles, side_by_side
from churn.explore.search import SEARCH, Search
from churn.explore.together import CLASHES, Clashes, clashes, likeliest
from churn.explore.tour import Pacing, Tour, calmly, hurriedly, walk
from churn.keeping import reproducer_of
from churn.lifecycle.contract import Contract
from churn.lifecycle.costs import Costs
from churn.lifecycle.invariants import all_but
from churn.lifecycle.operations import Pace
from churn.lifecycle.paths import Atlas, PairAtlas
from churn.lifecycle.planning import Leaning, Planner
from churn.lifecycle.sequence import Naming, fitting, service_names
from churn.report.values import SCENARIO, Account, Used
from churn.reproducers.file import Reproducer
from churn.session.budget import Budget
from churn.session.known import NothingNew
from churn.session.reset import preflight
from churn.session.session import Session
from churn.session.showing import containers
from churn.session.trace import Trace
from churn.session.understood import acquainted
from churn.session.violation import Violation
from churn.shrink.bug import Bug
from churn.shrink.triage import Triage
from churn.system.clock import Clock, RealClock

FIVE_CYCLE, SIDE_BY_SIDE, TOUR, EXPLORATION = SCENARIO, "side by side", "tour", "exploration"

_SEARCH = 1 / 3
"""Of what is left of the budget: for one round of searching; the rest is kept for confirming, shrinking, further rounds."""
_BARREN = 2
"""Rounds in a row that find nothing new, after which there are no more."""
_CALM_SHARE, _HURRIED_SHARE, _SWEEP_SHARE = 0.6, 0.55, 0.3
"""Of what is then left: for the calm tour, then the hurried one, then a short sweep of interrupts. Exploration gets the rest."""
_AT_FIRST, _KEPT_BACK = 0.15, 0.3
"""Of the budget's seconds: what a bug may take when it is met; what is kept for going on with those that are unfinished."""
_CLASHES = 0.25
"""Of the budget: for two clients at once, where operations are dear and the user wants that."""
_MORE = 0.15
"""Of the budget's seconds: what an unfinished bug may take when it is gone on with."""
_MOST_SCENARIOS = 3
"""Times that the cycles are done at one pace, behind the bugs that they showed before."""
_THRIFTY_SERVICES = 3
"""Services that the planner plans for: one that is not used costs nothing."""
_MOST_FAULTS = 3
"""Faults of the environment after which a run is given up."""
_MOST_REPEATS = 10
"""Explorations in a row that end with a signature known already, after which exploring is given up."""


@frozen(kw_only=True)
class Plan:
    """What a campaign does. `operations` and `seconds` (real ones) limit what comes after the five cycles."""

    services: int = 2
    cycles: int = 5
    seed: int = 0
    operations: int | None = None
    seconds: float | None = None
    faults: bool = True
    tour: bool = True
    pairs: bool = False
    """Whether the tour covers pairs of consecutive transitions, not only each transition once: some twenty times as long."""
    exploration: bool = True
    searching: bool = True
    """Whether anything is done after the cycles but to settle what failed in them."""
    profile: Profile = PROFILES["explore"]
    thrifty: bool = False
    """Whether the system's seconds are dear: then the planner says what is done, by what is new in it for its seconds."""
    flat: bool = False
    """Whether the planner goes by two priors alone."""
    excluded: frozenset[str] = frozenset()
    """The names of invariants that are not asked."""


def planner_of(plan: Plan, contract: Contract, costs: Costs) -> Planner:
    """What plans for a thrifty campaign, by these costs."""
    names = service_names(max(plan.services, _THRIFTY_SERVICES))
    return Planner(
        names=names, contract=contract, costs=costs, faults=plan.faults, leaning=Leaning(plan.seed, plan.flat)
    )


@define(kw_only=True)
class Campaign:
    """One run of a plan against a system. What came of it is in `trace` and `coverage`."""

    assembled: Assembled
    plan: Plan
    trace: Trace
    announce: Callable[[str], None] = lambda _: None
    """Told which part begins."""
    told: Callable[[Bug], None] = lambda _: None
    """Told each bug once, as soon as it is sure."""
    clock: Clock = Factory(RealClock)
    """By which the budget's seconds are counted."""
    coverage: Coverage = field(init=False)
    session: Session = field(init=False)
    faults: list[str] = field(init=False, factory=list)
    """What went wrong with the environment."""
    triage: Triage = field(init=False)
    search: Search = field(init=False)
    _seeds: Iterator[int] = field(init=False)
    _given_up: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        plan, system = self.plan, self.assembled.system
        self.coverage = Coverage(Atlas(service_names(plan.services), system.contract, faults=plan.faults))
        budget = Budget(self.clock, plan.operations, plan.seconds)
        self.session = Session(system, self.assembled.reset, self.trace, budget, all_but(plan.excluded))
        self.triage = Triage(self.session, self.announce, self.told)
        self._seeds = rounds(plan.seed)
        if plan.thrifty:
            planner = planner_of(plan, system.contract, self.session.costs)
            self.search = Search(session=self.session, planner=planner, seeds=self._seeds, violated=self._at_once,
                                 exploring=plan.exploration, faults=plan.faults)  # fmt: skip

    @property
    def bugs(self) -> list[Bug]:
        """What was found, each bug once."""
        return self.triage.bugs

    def run(self) -> None:
        """Preflight, the cycles, then the search. Raises `NotClean` before anything is done."""
        preflight(self.assembled.system.manager, self.assembled.system.engine)
        with acquainted(self.session):
            for pace in (Pace.CALM, Pace.HURRIED):
                if self._goes_on():
                    self._scenario(pace)
        if not self.plan.searching:
            with self._surviving():
                self._settle(1.0)
        elif self.plan.thrifty:
            self._thriftily()
        else:
            self._thoroughly()

    def _scenario(self, pace: Pace) -> None:
        """The cycles at that pace; where they fail, settle that and do them again behind what is known then."""
        for _ in range(_MOST_SCENARIOS):
            passed = False
            with self._surviving():
                passed = self._cycles(pace)
            if passed or not self._goes_on():
                return
            with self._surviving():
                self._settle(_AT_FIRST)

    # -- where operations cost next to nothing ------------------------------------------------------------------------

    def _thoroughly(self) -> None:
        """Rounds of the whole tour, exploration and settling, until rounds find nothing new."""
        barren, touring = 0, True
        while barren < _BARREN and self._goes_on():
            before = len(self.bugs)
            with self._surviving():
                self._search(touring=touring)
            if not self._goes_on():
                break
            with self._surviving():
                self.triage.settle()
            touring = len(self.bugs) > before
            barren = 0 if touring else barren + 1

    # -- where they are dear ------------------------------------------------------------------------------------------

    def _thriftily(self) -> None:
        """Search by value per second, each failure settled as it comes, until the whole budget is spent."""
        with self._surviving():
            self._likeliest_clashes()
        self.announce(SEARCH)
        before = -1.0
        while self._goes_on() and not self._spent() and self.session.budget.elapsed > before:
            before = self.session.budget.elapsed  # where no second passes any more, nothing that is left can be paid
            with self._surviving():
                self.search.run(enough=lambda: self._spent(_KEPT_BACK))
                self._settle(1.0)
                self.triage.resume(_MORE * (self.session.budget.seconds or 0.0))
                self.search.run(enough=self._spent)

    def _likeliest_clashes(self) -> None:
        """Two clients at once, where that is likeliest to show something, again and again."""
        possible = self.session.contract.possible
        pairs = Clashes(self.session, lambda failing: self.triage.add(failing))
        with suppress(BudgetSpent), self.session.budget.share(_CLASHES):
            while clashing := likeliest(possible):
                for clash in clashing:
                    self.announce(f"{CLASHES}: {clash.block}")
                    pairs.likeliest(clash)
        self._settle(_AT_FIRST)

    def _spent(self, kept_back: float = 0.0) -> bool:
        """Whether no more than that part of the budget's seconds is left."""
        budget = self.session.budget
        left = budget.seconds_left
        return budget.left == 0 or (left is not None and left <= kept_back * (budget.seconds or 0.0))

    def _settle(self, part: float) -> None:
        """Settle what failed; each bug may take that part of the budget's seconds."""
        seconds = self.session.budget.seconds
        self.triage.most_seconds = None if seconds is None or not self.plan.thrifty else part * seconds
        self.triage.settle()

    def _goes_on(self) -> bool:
        """Whether the environment is fit for more."""
        return not self._given_up

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """What ends a part of a run, but not all of it, is noted."""
        try:
            yield
        except BudgetSpent as spent:
            self.trace.note(str(spent))
        except EnvironmentFault as fault:
            self.trace.note(str(fault))
            self.faults.append(str(fault))
            self._given_up |= len(self.faults) >= _MOST_FAULTS

    def _search(self, *, touring: bool) -> None:
        """Look for failures, behind the bugs that are known; the tour again only where there are new ones of these."""
        with self.session.budget.share(_SEARCH):
            if touring:
                self._tour()
                self._clashes()
            self._exploration()

    def account(self, seconds: float) -> Account:
        """What a report needs beside the trace, of a run that took so many real seconds."""
        session, system = self.session, self.assembled.system
        return Account(
            contract=session.contract,
            coverage=self.coverage,
            cycles=self.plan.cycles,
            seconds=seconds,
            manager=system.inside - session.resets.inside,
            waited=system.waited,
            resets=session.resets.seconds,
            virtual=system.clock.virtual,
            looks=session.budget.looks,
            used=self._used(),
            faults=tuple(self.faults),
            bugs=tuple(self.bugs),
            passing=tuple(self.triage.passing),
        )

    def _used(self) -> Used:
        """What of its limits the run has used up; where there is none, what it has spent."""
        plan, budget = self.plan, self.session.budget
        left, seconds_left = budget.left, budget.seconds_left
        return Used(
            operations=budget.spent if plan.operations is None or left is None else plan.operations - left,
            seconds=budget.elapsed if plan.seconds is None or seconds_left is None else plan.seconds - seconds_left,
            most_operations=plan.operations,
            most_seconds=plan.seconds,
        )

    def reproducers(self, target: Target, found: str) -> list[Reproducer]:
        """A reproducer of each bug that was shrunk; `found` says when and by what."""
        return [reproducer_of(bug, target, found) for bug in self.bugs]

    def _cycles(self, pace: Pace) -> bool:
        """Do the cycles, whatever the budget is; whether they passed."""
        self.announce(f"{FIVE_CYCLE} ({pace.value})")
        sequence = cycles(self.plan.cycles, pace=pace, waiting=pace is Pace.CALM or not self.plan.thrifty)
        try:
            with self.session.budget.uncounted():
                run = self.session.run(FIVE_CYCLE, service_names(1), sequence)
        except Violation as violation:
            self._violated(violation)
            return False
        except NothingNew:
            return True
        own_list = self.assembled.system.show(containers(self.session.contract))  # for criterion 4
        run.records[-1].shown = (own_list,)
        return True

    def _tour(self) -> None:
        if not self.plan.tour:
            return
        names = service_names(self.plan.services)
        self.announce(SIDE_BY_SIDE)
        attempt(self.session, SIDE_BY_SIDE, names, side_by_side(names), self._violated)
        chart = PairAtlas if self.plan.pairs else Atlas
        ways: tuple[tuple[str, Pacing, float, Naming], ...] = (
            ("calm", calmly, _CALM_SHARE, Naming.PLAIN),
            ("hurried", hurriedly, _HURRIED_SHARE, Naming.PREFIX),
        )
        for word, pacing, share, oddly in ways:
            naming = next(iter(fitting((oddly,), names, self.session.contract)), Naming.PLAIN)
            self.announce(f"{TOUR} ({word})")
            tour = Tour(chart(names, self.session.contract, faults=self.plan.faults))
            self._within(share, partial(walk, self.session, tour, TOUR, pacing, naming, self._violated))
        if self.plan.faults and sweepable(self.session.contract, names):
            self.announce(INTERRUPTS)
            self._within(_SWEEP_SHARE, partial(sweep_briefly, self.session, self._violated))

    def _within(self, share: float, do: Callable[[], None]) -> None:
        """Do a part of a search. That it has spent its share is noted."""
        try:
            with self.session.budget.share(share):
                do()
        except BudgetSpent as spent:
            self.trace.note(str(spent))

    def _clashes(self) -> None:
        """Two clients at once, from each state, by every schedule of at most one turn."""
        pairs = Clashes(self.session, lambda failing: self.triage.add(failing))
        for clash in clashes(self.session.contract.possible):
            self.announce(f"{CLASHES}: {clash.block}")
            pairs.run(clash, most_turns=1)

    def _exploration(self) -> None:
        if not self.plan.exploration:
            return
        self.announce(EXPLORATION)
        explorer = Explorer(session=self.session, services=min(3, self.plan.services + 1), faults=self.plan.faults)
        repeats = 0
        while repeats < _MOST_REPEATS:
            violation = explore(explorer, self.plan.profile, next(self._seeds))
            if violation is None:
                return
            repeats = 0 if self._violated(violation) else repeats + 1

    def _at_once(self, violation: Violation) -> None:
        """A failure of the search: it is settled before anything else is looked for."""
        if self._violated(violation):
            self._settle(_AT_FIRST)

    def _violated(self, violation: Violation) -> bool:
        """Whether it is the first that looks so."""
        return self.triage.add(violation.failing)
