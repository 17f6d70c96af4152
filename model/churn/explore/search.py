"""The search for slow systems: what the planner says is worth its seconds, done where the system really is.

Random sequences by the Hypothesis machine have a share of the time that grows as the planner's promise falls.
What one of them did is not new to the other.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from attrs import define, field

from churn.errors import BudgetSpent
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import PROFILES, Profile
from churn.lifecycle.operations import Step
from churn.lifecycle.planning import At, Planner, Route
from churn.lifecycle.sequence import Naming
from churn.lifecycle.state import State, healing
from churn.session.known import NothingNew
from churn.session.run import Record
from churn.session.session import Session
from churn.session.violation import Violation

SEARCH, EXPLORATION = "search", "exploration"
_MOST_EXPLORING = 0.15
"""Of the search's seconds: the share of random sequences once the planner promises nothing new."""
_HEALINGS = 3
"""Ends of sequences, for each operation that may end unknown, at which a service is stopped and started until it is well."""
_AT_ONCE = Profile(sequences=2, steps=PROFILES["real"].steps)
"""Random sequences in a row: the first one is always the simplest, and costs nothing."""


@define(eq=False, kw_only=True)
class Search:
    """Searches in one session. `violated` is told of each failure, after which the search goes on from a reset."""

    session: Session
    planner: Planner
    seeds: Iterator[int]
    violated: Callable[[Violation], object]
    exploring: bool = True
    faults: bool = True
    sequences: int = field(init=False, default=0)
    """Those that were planned."""
    _first_rate: float = field(init=False, default=0.0)
    _rate: float = field(init=False, default=0.0)
    """What the planner promised for each second at first, and last."""
    _explorations: int = field(init=False, default=0)
    _put_right_after: Counter[str] = field(init=False, factory=Counter)
    """How often services were put right, by the operation on them that had ended unknown."""
    _spent: dict[str, float] = field(init=False, factory=lambda: {SEARCH: 0.0, EXPLORATION: 0.0})

    def __attrs_post_init__(self) -> None:
        self.session.watch = self._note

    def run(self, enough: Callable[[], bool]) -> None:
        """Do one sequence after the other until that is `enough`. Raises `BudgetSpent` and `EnvironmentFault`."""
        while not enough():
            part = EXPLORATION if self._exploring_is_due() else SEARCH
            began = self.session.system.clock.now()
            try:
                self._explore() if part == EXPLORATION else self._sequence()
            except Violation as violation:
                self.violated(violation)
            except NothingNew:
                pass
            finally:
                self._spent[part] += self.session.system.clock.now() - began

    # -- planned ------------------------------------------------------------------------------------------------------

    def _sequence(self) -> None:
        """One planned sequence, from a reset on, for as long as going on promises more than the next reset."""
        route = self._planned(None)
        if route is None:
            raise BudgetSpent("nothing more can be done in the seconds that are left")
        self.sequences += 1
        self._begin(route.naming)
        while route is not None and not (route.reset and self.session.current.records):
            for step in route.steps:
                if not self._goes_as_planned(step):
                    break
            run = self.session.current
            route = self._planned(At(self.session.state, run.naming, run.steps[-1], len(run.records)))
        self._put_right()
        self.session.finish()

    def _put_right(self) -> None:
        """What ended unknown, if the manager was seldom asked yet to get well again after its like."""
        lost = [one.unsettled for one in self.session.state.services.values() if one.unsettled is not None]
        if any(self._put_right_after[one.kind] < _HEALINGS for one in lost):
            self._put_right_after.update([one.kind for one in lost])
            for operation in healing(self.session.state):
                self.session.step(Step(operation))

    def _planned(self, at: At | None) -> Route | None:
        route = self.planner.route(at, self.session.budget.seconds_left)
        if route is not None:
            self._first_rate, self._rate = self._first_rate or route.rate, route.rate
        return route

    def _begin(self, naming: Naming) -> None:
        self.session.begin(SEARCH, self.planner.names, naming, detailed=False)

    def _goes_as_planned(self, step: Step) -> bool:
        """Do the step; whether the system then is where the route has it."""
        places = self.planner.places
        here = places.of(self.session.state)
        if step.operation not in places.choices(here):
            return False
        planned = places.after(here, step.operation)
        self.session.step(step)
        there = places.of(self.session.state)
        if there != planned:
            places.learn(here, step.operation, there)
        return there == planned

    def _note(self, state: State, record: Record) -> None:
        """A step was done, in whatever part of the run."""
        run, places = self.session.current, self.planner.places
        before = run.records[-2].step if len(run.records) > 1 else None
        self.planner.note(places.of(state), record.step, before, run.naming)

    # -- at random ----------------------------------------------------------------------------------------------------

    def _exploring_is_due(self) -> bool:
        """Whether one exploration more, of the usual length, stays within the share that they have by now."""
        if not self.exploring or not self._first_rate:
            return False
        share = _MOST_EXPLORING * max(0.0, 1 - self._rate / self._first_rate)
        spent, one = self._spent[EXPLORATION], self._spent[EXPLORATION] / max(1, self._explorations)
        return spent + one < share * sum(self._spent.values())

    def _explore(self) -> None:
        self._explorations += 1
        explorer = Explorer(
            session=self.session, services=len(self.planner.names), faults=self.faults, brief=True, part=EXPLORATION
        )
        violation = explore(explorer, _AT_ONCE, next(self.seeds))
        if violation is not None:
            raise violation
