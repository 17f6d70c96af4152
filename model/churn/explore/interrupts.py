"""The complete sweep of interrupts: an operation is ended at each of its calls, before it and after it, and then gone on from.

Calls that only ask are counted, too. So there is no moment left at which a manager that knows nothing but what it keeps, and
what the engine tells it, could be ended otherwise.
"""

from collections.abc import Callable, Iterator
from functools import partial

from attrs import define, field, frozen

from churn.explore.attempt import attempt
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Contract
from churn.lifecycle.form import Setting
from churn.lifecycle.operations import (
    Calls,
    Create,
    Interrupt,
    Kill,
    List,
    Operation,
    Remove,
    Restart,
    SetBehaviour,
    Side,
    Start,
    Status,
    Step,
    Stop,
    Update,
)
from churn.lifecycle.outcome import Unknown
from churn.lifecycle.sequence import Sequence
from churn.session.session import Session
from churn.session.violation import Violation
from churn.shrink.bug import Bug

NAMES = ("a", "b")
"""The service that is operated on, and one that runs beside it."""


@frozen(kw_only=True)
class Case:
    """An operation that is ended midway. `before` are the operations that lead to it."""

    title: str
    before: tuple[Operation, ...]
    operation: Operation


@frozen(kw_only=True)
class Swept:
    """What came of one case: at how many calls it was ended, how many sequences that took, and what failed."""

    case: Case
    calls: int
    runs: int
    failures: tuple[Bug, ...]


_HERE = (Create("b"), Start("b"), Create("a"))
CASES = (
    Case(title="create", before=_HERE[:2], operation=Create("a")),
    Case(title="start", before=_HERE, operation=Start("a")),
    Case(title="start again", before=(*_HERE, Start("a"), Stop("a")), operation=Start("a")),
    Case(title="start that fails", before=(*_HERE, SetBehaviour("a", Behaviour.CRASH)), operation=Start("a")),
    Case(title="stop", before=(*_HERE, Start("a")), operation=Stop("a")),
    Case(title="restart", before=(*_HERE, Start("a")), operation=Restart("a")),
    Case(title="update", before=(*_HERE, Start("a")), operation=Update("a", Setting.IMAGE)),
    Case(title="update of a port", before=_HERE, operation=Update("a", Setting.PORT)),
    Case(title="remove", before=(*_HERE, Start("a")), operation=Remove("a")),
)
"""What is ended midway; another service runs beside it."""
_HEALED = SetBehaviour("a", Behaviour.HEALTHY)
CONTINUATIONS: tuple[tuple[Operation, ...], ...] = (
    (List(), Status("a"), List()),
    (Start("a"), Stop("a"), Start("a")),
    (Stop("a"), Start("a"), Stop("a")),
    (Kill("b"), Start("b"), Create("a"), Start("a"), Stop("a"), Stop("b")),
)
"""How it goes on: somebody only looks, starts it, stops it, or first starts another one whose server has died."""
INTERRUPTS = "interrupts"
"""The part of a run that a sweep is."""


@define
class Sweep:
    """The sweep on one session's system, whose contract has to offer interrupts. `violated` is told each failure as it comes.

    `among` says at which calls an operation is ended, `continuations` how it goes on.
    """

    session: Session
    violated: Callable[[Violation], object] = lambda _: None
    among: Calls = Calls.ALL
    continuations: tuple[tuple[Operation, ...], ...] = CONTINUATIONS
    _runs: int = field(init=False, default=0)

    def cases(self) -> Iterator[Swept]:
        """Case by case. Raises `EnvironmentFault`, `BudgetSpent`."""
        return map(self.of, CASES)

    def of(self, case: Case) -> Swept:
        """That case. Raises `EnvironmentFault`, `BudgetSpent`."""
        self._runs, failures, call = 0, list[Bug](), 0
        while self._ended_at(call + 1, case, failures):
            call += 1
        return Swept(case=case, calls=call, runs=self._runs, failures=tuple(failures))

    def _ended_at(self, call: int, case: Case, failures: list[Bug]) -> bool:
        """Whether the operation was ended at that call; False where it makes fewer."""
        for side in Side:
            interrupt = Interrupt(call, side, among=self.among)
            for after in self.continuations:
                steps = (*case.before, interrupt, case.operation, *self._mended(case), *after)
                attempt(
                    self.session, INTERRUPTS, NAMES, Sequence(tuple(map(Step, steps))), partial(self._met, failures)
                )
                self._runs += 1
                records = self.session.current.records
                done = records[len(case.before) + 1 : len(case.before) + 2]
                if not (done and isinstance(done[0].outcome, Unknown)):
                    return False
        return True

    def _met(self, failures: list[Bug], violation: Violation) -> None:
        failures.append(Bug(failing=violation.failing, minimal=False, runs=1, record=violation.record))
        self.violated(violation)

    def _mended(self, case: Case) -> tuple[Operation, ...]:
        """The fault under which the service is ends before it goes on."""
        return (_HEALED,) if any(isinstance(one, SetBehaviour) for one in case.before) else ()


_BRIEFLY = ("start", "stop")
"""The cases of a short sweep."""


def sweepable(contract: Contract, names: tuple[str, ...]) -> bool:
    """Whether the manager can be ended at its calls, with these services."""
    return Interrupt.kind in contract.possible and set(NAMES) <= set(names)


def sweep_briefly(session: Session, violated: Callable[[Violation], object]) -> None:
    """End a start and a stop at each call that changes something, and go on from there in the one way that shows most.

    Raises `EnvironmentFault`, `BudgetSpent`.
    """
    sweep = Sweep(session, violated, Calls.CHANGES, CONTINUATIONS[-1:])
    for case in CASES:
        if case.title in _BRIEFLY:
            sweep.of(case)
