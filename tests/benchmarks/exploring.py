"""Exploration against a bare Hypothesis machine: how much of what Hypothesis itself can do is left.

The one side is `explore` on the emulated engine, with the reference manager, two services and faults. The other is a
machine of the same shape (initialize, rule, invariant, teardown) with the same seed, settings and draws, whose rules do
nothing. Both draw the same steps, and as many; their steps per second are compared, in one process, in turns. What comes
before the first draw (imports, putting the system together) is not counted.

Goal: at least 0.5 of the bare machine's steps per second, hoped for 0.6.
"""

import argparse
from collections.abc import Callable
from contextlib import suppress
from statistics import median
from tempfile import TemporaryDirectory
from typing import ClassVar

from attrs import define, field
from hypothesis import seed as seeded, strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from measure import Figure, interleaved, ratio, report

from churn.assembly import Assembled, Target, assembled
from churn.errors import BudgetSpent
from churn.explore.drawing import Opening, openings, operations, paces
from churn.explore.machine import Explorer, LifecycleMachine, explore
from churn.explore.profiles import PROFILES, quiet
from churn.lifecycle.operations import Operation, Pace, Step
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.system.clock import RealClock

SERVICES = 2
PROFILE = PROFILES["explore"]


@define(eq=False)
class Tally:
    """What was drawn for sequences that were not over yet: at most `limit` steps, where there is one."""

    offers: frozenset[str]
    limit: int | None = None
    drawn: list[tuple[Operation, Pace]] = field(factory=list)

    @property
    def full(self) -> bool:
        """Whether nothing more is to be drawn."""
        return self.limit is not None and len(self.drawn) >= self.limit


class Tallied(LifecycleMachine):
    """The explored machine, which keeps what it draws."""

    tally: ClassVar[Tally]

    def perform(self, step: Step | None) -> None:
        """As `LifecycleMachine.perform`."""
        if step is not None and not self._asleep:
            self.tally.drawn.append((step.operation, step.pace))
        super().perform(step)


class Bare(RuleBasedStateMachine):
    """The same draws, and nothing done with them."""

    tally: ClassVar[Tally]

    def __init__(self) -> None:
        super().__init__()
        self._opening: Opening | None = None
        self._asleep = self.tally.full

    @initialize(data=st.data())
    def open(self, data: st.DataObject) -> None:
        """Draw an opening."""
        self._opening = data.draw(st.sampled_from(openings(SERVICES)))

    @rule(data=st.data())
    def operate(self, data: st.DataObject) -> None:
        """Draw a step; None ends the sequence, and so does the last step that there is to draw."""
        assert self._opening is not None, "Hypothesis runs initialize rules first"
        operation = data.draw(operations(self._opening.names, self.tally.offers, faults=True))
        if operation is None:
            self._asleep = True
            return
        pace = data.draw(paces)
        if not self._asleep:
            self.tally.drawn.append((operation, pace))
            self._asleep = self.tally.full

    @invariant()
    def nothing(self) -> None:
        """Hold, as an invariant must."""

    def teardown(self) -> None:
        """End it all as the explored machine does when its budget is spent."""
        if self.tally.full:
            raise BudgetSpent(f"{self.tally.limit} steps are drawn")


def drawing(machine: type[RuleBasedStateMachine], seed: int, **shared: object) -> None:
    """Run a machine whose class has these attributes, as `explore` runs its own."""
    with TemporaryDirectory() as folder, suppress(BudgetSpent):
        set_hypothesis_home_dir(folder)
        run_state_machine_as_test(seeded(seed)(type("Drawing", (machine,), shared)), settings=quiet(PROFILE))


def session_on(whole: Assembled, budget: int) -> Session:
    """A new session with a budget of so many operations."""
    return Session(whole.system, whole.reset, Trace(), Budget(RealClock(), budget))


def exploring(whole: Assembled, budget: int, seed: int) -> Callable[[], None]:
    """A whole exploration, with a session and a trace of its own each time."""

    def run() -> None:
        with suppress(BudgetSpent):
            violation = explore(Explorer(session=session_on(whole, budget), services=SERVICES), PROFILE, seed)
            assert violation is None, f"the reference manager is sound: {violation}"

    return run


def drawing_as_many(tally: Tally, seed: int) -> Callable[[], None]:
    """The same draws as those of the tally, its limit included, by the bare machine."""
    bare = Tally(tally.offers, len(tally.drawn))

    def run() -> None:
        bare.drawn.clear()
        drawing(Bare, seed, tally=bare)
        assert bare.drawn == tally.drawn, "both machines draw the same: is one of them newer than the other?"

    return run


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--budget", type=int, default=3_000, help="operations that an exploration may spend [3000]")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    with assembled(Target(seed=chosen.seed)) as whole:
        trial = session_on(whole, chosen.budget)
        tally = Tally(trial.contract.offers)
        drawing(Tallied, chosen.seed, explorer=Explorer(session=trial, services=SERVICES), tally=tally)
        took = interleaved(
            chosen.rounds,
            {
                "explored": exploring(whole, chosen.budget, chosen.seed),
                "bare": drawing_as_many(tally, chosen.seed),
            },
        )
    drawn = len(tally.drawn)
    report(
        "exploring",
        [
            Figure("ratio", ratio(took["bare"], took["explored"]), "explored ÷ bare, steps per second", "≥ 0.5"),
            Figure("explored_per_s", drawn / median(took["explored"]), "explored: steps drawn and done per second"),
            Figure("bare_per_s", drawn / median(took["bare"]), "bare: steps drawn per second"),
            Figure("steps", drawn, "steps drawn on each side"),
            Figure("done", trial.trace.steps, "steps done, those that create services at the start included"),
            Figure("sequences", len(trial.trace.runs), "sequences"),
        ],
    )


if __name__ == "__main__":
    main()
