"""Machines in a suite of somebody's own: what its front end wishes, and how a test case runs one.

Hypothesis only draws. Once a sequence has failed, nothing is run again for its sake: Churn's own shrinker makes it small, which
knows what a step costs. So of a test case's settings the numbers of sequences and of steps count, and a failure is told once.
"""

import sys
from collections.abc import Callable
from traceback import extract_stack
from typing import Any

from attrs import Factory, frozen
from hypothesis import seed as seeded
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from churn.assembly import Target
from churn.errors import BudgetSpent
from churn.explore.profiles import PROFILES, Profile, quiet, quietly
from churn.lifecycle.invariants import all_but
from churn.session.session import Session


@frozen(kw_only=True)
class Wishes:
    """What a machine does that is told nothing else. `seconds` and `operations` limit it; None: no limit, and no seed.

    `excluded` are the names of invariants that are not asked.
    """

    target: Target = Factory(Target)
    services: int = 2
    faults: bool = True
    seed: int | None = None
    operations: int | None = None
    seconds: float | None = None
    excluded: frozenset[str] = frozenset()
    profile: Profile = PROFILES["fixed"]

    def guide(self, session: Session) -> None:
        """Have the wishes limit a session's budget that has no limits of its own, and leave out what is not to be asked."""
        budget = session.budget
        session.invariants = all_but(self.excluded, session.invariants)
        budget.operations = self.operations if budget.operations is None else budget.operations
        budget.seconds = self.seconds if budget.seconds is None else budget.seconds


def fit_into_suite(machine: Any) -> None:
    """Make the test case of a machine's class one that runs it as Churn does; the class has `wishes` and `close`."""
    case = machine.TestCase
    case.churn_machine, case.settings = machine, quiet(PROFILES["fixed"])
    case.runTest, case.tearDownClass = _running(machine), classmethod(lambda _: machine.close())


def _running(machine: Any) -> Callable[[Any], None]:
    usual = machine.TestCase.settings

    def run(case: Any) -> None:
        """Explore until something fails, the settings' number of sequences is through, or the budget is spent."""
        wishes: Wishes = machine.wishes
        counts = quietly(case.settings) if case.settings is not usual else quiet(wishes.profile)
        drawn: type[RuleBasedStateMachine] = machine if wishes.seed is None else seeded(wishes.seed)(machine)
        try:
            run_state_machine_as_test(drawn, settings=counts)
        except BudgetSpent:
            pass  # what was done within it has passed
        except Exception as error:
            error.__notes__ = []  # Hypothesis's words on a failure, which it has from memory
            raise

    return run


def line_of(machine: type) -> str:
    """The line of its own rules that a machine of somebody's own is at: ``file:line``; empty where it is at none."""
    module = sys.modules.get(machine.__module__)
    file = getattr(module, "__file__", None)
    if file is None or machine.__module__.startswith("churn."):
        return ""
    return next((f"{file}:{one.lineno}" for one in reversed(extract_stack()) if one.filename == file), "")
