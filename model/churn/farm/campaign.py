"""A campaign in jobs, from its first job to what a report needs: the head, a host, and the folder that keeps it."""

from collections.abc import Callable

from attrs import define, field

from churn.assembly import Target, contract_of, costs_of
from churn.campaign import Plan, planner_of
from churn.explore.coverage import Coverage
from churn.farm.agenda import Agenda, Seeds, Thorough, Thrifty
from churn.farm.dispatch import Dispatch
from churn.farm.folder import Commission, Deadlines, Folder
from churn.farm.head import Head
from churn.farm.job import Result
from churn.farm.union import Union
from churn.keeping import reproducer_of
from churn.lifecycle.contract import Contract
from churn.lifecycle.paths import Atlas
from churn.lifecycle.sequence import service_names
from churn.report.values import Account, Used, Worked
from churn.reproducers.file import Reproducer
from churn.session.budget import Budget
from churn.session.trace import Trace
from churn.shrink.bug import Bug

_SEARCHING = 0.7
"""Of the seconds: the part in which something new is looked for. The rest is for settling what was found."""


def _nothing(_: object) -> None:
    """Nobody wants to know."""


@define(eq=False, kw_only=True)
class Farming:
    """One campaign in jobs. What came of it is in `trace`, `bugs` and `faults`, as with `churn.campaign.Campaign`."""

    commission: Commission
    target: Target
    dispatch: Dispatch
    folder: Folder
    trace: Trace
    told: Callable[[Bug], None] = _nothing
    """Told each bug once."""
    watch: Callable[["Farming"], None] = _nothing
    """Told whenever something has changed."""
    contract: Contract = field(init=False)
    coverage: Coverage = field(init=False)
    budget: Budget = field(init=False)
    """What is spent by now, by results that are known to the head."""
    head: Head = field(init=False)
    faults: list[str] = field(init=False, factory=list)
    """What went wrong besides what jobs tell."""
    _deadlines: Deadlines = field(init=False)
    _counting: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        given, self.contract = self.commission, contract_of(self.target)
        names = service_names(given.ways.services)
        self.coverage = Coverage(Atlas(names, self.contract, faults=given.ways.faults))
        self.budget = Budget(self.dispatch.clock, given.charge.operations, given.seconds)
        self._deadlines = Deadlines(self.folder.path)
        costs = costs_of(self.target)
        self.head = Head(
            subject=given.subject,
            ways=given.ways,
            charge=given.charge,
            agenda=self._agenda(),
            union=Union(self._told),
            trace=self.trace,
            costs=costs,
            known=given.known,
            up=self._up,
        )

    def _agenda(self) -> Agenda:
        given = self.commission
        seeds, ways = Seeds(given.subject.seed), given.ways
        if not ways.thrifty:
            return Thorough(ways, self.contract, seeds, given.pairs)
        plan = Plan(services=ways.services, seed=given.subject.seed, faults=ways.faults, flat=given.flat)
        return Thrifty(planner_of(plan, self.contract, costs_of(self.target)), seeds)

    def _up(self, number: int, settling: bool) -> bool:
        seconds = self.commission.seconds
        if seconds is None or not self.head.cycled:
            return False
        if not self._counting:  # the seconds begin with the end of the cycles
            self._counting, self.budget = True, Budget(self.dispatch.clock, self.budget.operations, seconds)
        part = 1.0 if settling else _SEARCHING
        return self._deadlines.passed(
            "settling" if settling else "searching", number, up=self.budget.elapsed >= part * seconds
        )

    @property
    def finder(self) -> str:
        """The worker that told the latest."""
        return self.head.finder

    @property
    def bugs(self) -> list[Bug]:
        """What was found, each bug once."""
        return self.head.union.bugs

    def _told(self, bug: Bug) -> None:
        self.told(bug)

    def run(self) -> None:
        """Do all jobs; those of which the folder has a result are done. Raises `UsageError` where one cannot be done at all."""
        while not self.head.over:
            self._give()
            for result in self.dispatch.results() if self.dispatch.busy else ():
                self.folder.keep(result)
                self.head.took(result)
            self.watch(self)
        for job in self.dispatch.deadly:
            self.faults.append(f"the job that could not be done is kept: churn job {self.folder.died(job)}")

    def _give(self) -> None:
        while (job := self.head.next()) is not None:
            self.budget.spent = self.head.tally.operations
            result = self.folder.result(job)
            if result is None:
                self.dispatch.give(job)
            else:
                self._known(result)

    def _known(self, result: Result) -> None:
        self.head.took(result)
        self.watch(self)

    def account(self, seconds: float) -> Account:
        """What a report needs beside the trace, of a campaign that took so many real seconds."""
        tally, given = self.head.tally, self.commission
        return Account(
            contract=self.contract,
            coverage=self.coverage,
            cycles=given.ways.cycles,
            seconds=seconds,
            manager=tally.account.manager,
            waited=tally.account.waited,
            resets=tally.account.resets,
            virtual=self.target.virtual,
            looks=tally.account.looks,
            used=Used(operations=tally.operations, seconds=self.budget.elapsed, most_operations=given.charge.operations,
                      most_seconds=given.seconds),
            faults=(*tally.faults, *self.faults),
            bugs=tuple(self.bugs),
            passing=tuple(self.head.union.passing),
            workers=tuple(
                Worked(worker=one.worker, jobs=one.jobs, steps=one.steps, failures=one.failures, seconds=one.seconds)
                for one in tally.workers.values()
            ),
        )  # fmt: skip

    def reproducers(self, target: Target, found: str) -> list[Reproducer]:
        """A reproducer of each bug; `found` says when and by what."""
        return [reproducer_of(bug, target, found) for bug in self.bugs]
