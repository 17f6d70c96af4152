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
from typing import ClassVar

from attrs import define
from hypothesis import seed as seeded, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from measure import Figure, interleaved, ratio, report

from churn.assembly import Assembled, Target, assembled
from churn.errors import BudgetSpent
from churn.explore.machine import (
    PACES,
    PROFILES,
    Explorer,
    LifecycleMachine,
    Opening,
    choices,
    explore,
    openings,
    quiet,
)
from churn.lifecycle.operations import Step
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.system.clock import RealClock

SERVICES = 2
PROFILE = PROFILES["explore"]


@define(eq=False)
class Tally:
    """Steps drawn in sequences that were not over yet, of at most `limit`."""

    offers: frozenset[str] = frozenset()
    limit: int | None = None
    drawn: int = 0

    @property
    def full(self) -> bool:
        """Whether nothing more is to be drawn."""
        return self.limit is not None and self.drawn >= self.limit


class Tallied(LifecycleMachine):
    """The explored machine, which counts what it draws."""

    tally: ClassVar[Tally]

    def perform(self, step: Step | None) -> None:
        """As `LifecycleMachine.perform`."""
        if step is not None and not self._asleep:
            self.tally.drawn += 1
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
        operation = data.draw(st.sampled_from(choices(self._opening.names, self.tally.offers, faults=True)))
        if operation is None:
            self._asleep = True
        else:
            data.draw(st.sampled_from(PACES))
        if not self._asleep:
            self.tally.drawn += 1
            self._asleep = self.tally.full

    @invariant()
    def nothing(self) -> None:
        """Hold, as an invariant must."""

    def teardown(self) -> None:
        """End it all as the explored machine does when its budget is spent."""
        if self.tally.full:
            raise BudgetSpent(f"{self.tally.limit} steps are drawn")


def run_bare(tally: Tally, seed: int) -> None:
    """Draw as many steps as the tally has room for."""
    tally.drawn = 0
    machine = seeded(seed)(type("Drawing", (Bare,), {"tally": tally}))
    with suppress(BudgetSpent):
        run_state_machine_as_test(machine, settings=quiet(PROFILE))


def drawn_by_exploring(explorer: Explorer, seed: int) -> int:
    """How many steps a whole exploration draws."""
    tally = Tally()
    machine = seeded(seed)(type("Exploration", (Tallied,), {"explorer": explorer, "tally": tally}))
    with suppress(BudgetSpent):
        run_state_machine_as_test(machine, settings=quiet(PROFILE))
    return tally.drawn


def session_on(whole: Assembled, operations: int) -> Session:
    """A new session with a budget of so many operations."""
    return Session(whole.system, whole.reset, Trace(), Budget(RealClock(), operations))


def exploring(whole: Assembled, operations: int, seed: int) -> Callable[[], None]:
    """One exploration with a budget and a trace of its own."""

    def run() -> None:
        with suppress(BudgetSpent):
            violation = explore(Explorer(session_on(whole, operations), SERVICES), PROFILE, seed)
            assert violation is None, f"the reference manager is sound: {violation}"

    return run


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--operations", type=int, default=6_000, help="the exploration's budget [6000]")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    with assembled(Target(seed=chosen.seed)) as whole:
        trial = session_on(whole, chosen.operations)
        tally = Tally(trial.contract.offers)
        tally.limit = drawn = drawn_by_exploring(Explorer(trial, SERVICES), chosen.seed)
        took = interleaved(
            chosen.rounds,
            {
                "explored": exploring(whole, chosen.operations, chosen.seed),
                "bare": lambda: run_bare(tally, chosen.seed),
            },
        )
        assert tally.drawn == drawn, "both sides draw the same"
    report(
        "exploring",
        [
            Figure("ratio", ratio(took["bare"], took["explored"]), "explored ÷ bare, steps per second", "≥ 0.5"),
            Figure("explored_per_s", drawn / median(took["explored"]), "explored: steps drawn and done per second"),
            Figure("bare_per_s", drawn / median(took["bare"]), "bare: steps drawn per second"),
            Figure("steps", drawn, "steps drawn on each side"),
            Figure("done", trial.trace.steps, "steps done, those that create services at the start included"),
            Figure("sequences", len(trial.trace.chapters), "sequences"),
        ],
    )


if __name__ == "__main__":
    main()
