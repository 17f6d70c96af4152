"""The step loop: one operation, one look, one judgement, again and again, from a verified clean start."""

from collections.abc import Callable, Iterable
from typing import NoReturn

from attrs import frozen

from churn.errors import EngineError, EnvironmentFault
from churn.lifecycle.binding import remember
from churn.lifecycle.invariants import INVARIANTS, Doubt, Invariant, Objection, Sight, examine
from churn.lifecycle.operations import Operation, Pace, Step
from churn.lifecycle.outcome import Outcome, Unknown
from churn.lifecycle.sequence import Naming, Sequence
from churn.lifecycle.state import CLEAN, State, abstract
from churn.lifecycle.transitions import Branch, follow
from churn.session.budget import Budget
from churn.session.system import Look, System
from churn.session.trace import Record, Trace
from churn.session.verdict import Judgement, Signature, Verdict, Violation

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5
"""Seconds between two looks at a system that has not settled; doubled from the first to the longest."""

_MOST_SHOWN = 3
"""Objections of a violation for which a command is run as evidence."""

Reset = Callable[[], None]
"""Makes the system clean and proves that it is. Raises `EnvironmentFault`."""


@frozen
class _Pending:
    """The last step, while nobody has looked at what it did."""

    record: Record
    branches: tuple[Branch, ...]
    acted: frozenset[str]
    waited: bool


class Session:
    """A system under test, and the states that the model still thinks possible.

    `begin` a sequence, do its `step`s, `finish` it. A step that leaves no possible state raises `Violation`, one that
    the environment spoilt `EnvironmentFault`; either way the trace has it, and only `begin` may follow.
    """

    def __init__(
        self,
        system: System,
        reset: Reset,
        trace: Trace,
        budget: Budget,
        invariants: tuple[Invariant, ...] = INVARIANTS,
    ) -> None:
        self.system = system
        self.contract = system.contract
        self.trace = trace
        self.budget = budget
        self.invariants = invariants
        self.possible: tuple[State, ...] = (CLEAN,)
        self.names: tuple[str, ...] = ()
        self.resetting = self.resetting_inside = 0.0
        """Seconds that resets took so far, and how many of them in the manager."""
        self._reset = reset
        self._pending: _Pending | None = None
        self._detailed = True
        self._identity = system.engine.identity()

    def begin(self, part: str, names: Iterable[str], naming: Naming = Naming.PLAIN, *, detailed: bool = True) -> None:
        """Reset the system, which costs an operation, and begin a sequence with these services.

        Not `detailed`: of steps that pass nothing but the verdict is kept, where there are thousands of them.
        """
        self.budget.charge()
        self._pending = None
        self._detailed = detailed
        began, inside = self.system.clock.now(), self.system.inside
        self._reset()
        self.resetting += self.system.clock.now() - began
        self.resetting_inside += self.system.inside - inside
        self.names = tuple(names)
        self.possible = (CLEAN,)
        self.trace.open_chapter(part, naming, self.names)
        try:
            self.system.begin(self.names, naming)
        except EngineError as error:
            raise EnvironmentFault(f"the engine failed before the first step: {error}") from error

    def run(self, part: str, names: Iterable[str], sequence: Sequence) -> None:
        """Do a whole sequence."""
        self.begin(part, names, sequence.naming)
        for step in sequence.steps:
            self.step(step)
        self.finish()

    @property
    def state(self) -> State:
        """The possible state that comes first: the one that planning and drawing go by."""
        return self.possible[0]

    def step(self, step: Step) -> None:
        """Do one step, and unless it is hurried, look and judge."""
        self.budget.charge()
        record = self.trace.begin(step, abstract(self.state, self.names), self.system.clock.now())
        try:
            record.outcome = outcome = self.system.apply(step.operation)
        except EngineError as error:
            self._spoilt(record, f"the engine failed: {error}", error)
        branches = tuple(
            branch for state in self.possible for branch in follow(state, step.operation, outcome, self.contract)
        )
        fitting = tuple(branch for branch in branches if branch.must.admits(outcome))
        self._pending = self._joined(record, fitting or branches)
        if step.hurried and fitting and self._unremarkable(step.operation, outcome):
            self.possible = _distinct(branch.state for branch in fitting)
            self._close(record, Verdict.UNSEEN)
        else:
            self._look(self._pending)

    def _unremarkable(self, operation: Operation, outcome: Outcome) -> bool:
        """Whether an operation may be hurried past: what took too long, or ended unknown, is looked at and told."""
        bound = self.contract.bounds.of(operation.kind)
        return not isinstance(outcome, Unknown) and (bound is None or outcome.took <= bound)

    def finish(self) -> None:
        """End the sequence: what was hurried past is looked at now."""
        if self._pending is not None:
            self._look(self._pending)

    def _joined(self, record: Record, branches: tuple[Branch, ...]) -> _Pending:
        """The step with the unseen ones before it: what any of them acted on may have moved since the last look."""
        operation = record.step.operation
        acted = frozenset() if operation.service is None else frozenset({operation.service})
        waited = operation.kind == "wait"
        if self._pending is not None:
            acted, waited = acted | self._pending.acted, waited and self._pending.waited
        return _Pending(record, branches, acted, waited)

    def _look(self, pending: _Pending) -> None:
        self._pending = None
        record = pending.record
        try:
            judged = self._judge(pending)
        except EngineError as error:
            self._spoilt(record, f"the engine failed while it was looked at: {error}", error)
        record.looks, record.settled, record.strangers = judged.looks, judged.settled, judged.observation.strangers
        if self._detailed or judged.objections or judged.doubts:
            record.judgement = judged
        record.objections, record.doubts = judged.objections, judged.doubts
        suspicious = judged.objections or isinstance(record.outcome, Unknown)
        if suspicious and (why := self._changed_environment()):
            self._spoilt(record, why)
        if judged.objections:
            self._object(record)
        self.possible = judged.kept
        self._close(record, Verdict.UNKNOWN if judged.doubts else Verdict.PASS)

    def _judge(self, pending: _Pending) -> Judgement:
        """Look until some possible state is kept, or the contract's settling time is over."""
        clock, began, pause, looks = self.system.clock, self.system.clock.now(), _FIRST_PAUSE, 0
        step, outcome = pending.record.step, pending.record.outcome
        states = [branch.state for branch in pending.branches]
        while True:
            looks += 1
            self.budget.looks += 1
            first = outcome if looks == 1 else None
            seen = self.system.look(
                states, step.operation, first, ask=step.pace is not Pace.DISCREET or self._blind(states)
            )
            kept, nearest = self._hold(pending, seen)
            settled = clock.now() - began if looks > 1 else 0.0
            if kept or clock.now() - began >= self.contract.bounds.settling:
                return Judgement(kept, *nearest, seen.observation, seen.listing, settled, looks)
            clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _blind(self, states: Iterable[State]) -> bool:
        """Whether a look at the engine alone could not tell whose a container is: by ports only, and one is not known."""
        if self.contract.labels or self.contract.name_pattern:
            return False
        return any(
            service.port is None and service.container is not None
            for state in states
            for service in state.services.values()
        )

    def _hold(
        self, pending: _Pending, seen: Look
    ) -> tuple[tuple[State, ...], tuple[tuple[Objection, ...], tuple[Doubt, ...]]]:
        """Hold each possible state against what was seen: those kept, and what the nearest one is told."""
        kept: list[State] = []
        nearest: tuple[tuple[Objection, ...], tuple[Doubt, ...]] | None = None
        for branch, state in zip(pending.branches, seen.states, strict=True):
            objections, doubts = examine(self._sight(pending, branch, state, seen), self.invariants)
            if not objections:
                kept.append(remember(state, seen.observation))
            if nearest is None or self._rank(objections) < self._rank(nearest[0]):
                nearest = (tuple(objections), tuple(doubts))
        assert nearest is not None, "follow() gives at least one branch"  # noqa: S101 -- a promise of the model plane
        return _distinct(kept), nearest

    def _sight(self, pending: _Pending, branch: Branch, state: State, seen: Look) -> Sight:
        record = pending.record
        assert record.outcome is not None, "only a step that ended is looked at"  # noqa: S101 -- set before by step()
        return Sight(
            record.step.operation,
            record.outcome,
            branch.must,
            branch.state,
            state,
            seen.observation,
            self.contract,
            pending.acted,
            pending.waited,
            seen.listing,
        )

    def _rank(self, objections: Iterable[Objection]) -> tuple[int, int]:
        order = [invariant.name for invariant in self.invariants]
        places = [order.index(found.invariant) for found in objections]
        return len(places), min(places, default=0)

    def _changed_environment(self) -> str:
        """Why the environment is to blame for what looks wrong; empty where it is not."""
        try:
            identity = self.system.engine.identity()
        except EngineError as error:
            return f"the engine does not answer: {error}"
        return "" if identity == self._identity else f"the engine was {self._identity}, and is now {identity}"

    def _spoilt(self, record: Record, why: str, cause: Exception | None = None) -> NoReturn:
        record.reason = why
        record.objections = ()
        self._close(record, Verdict.UNKNOWN)
        raise EnvironmentFault(why) from cause

    def _object(self, record: Record) -> None:
        operation = record.step.operation
        first = record.objections[0].invariant
        looks = dict.fromkeys(found.look for found in record.objections[:_MOST_SHOWN] if found.look)
        record.shown = tuple(self.system.show(look) for look in looks)
        record.signature = Signature(first, operation.kind, self._condition(record))
        self._close(record, Verdict.FAIL)
        raise Violation(operation, record.objections, record.signature)

    def _condition(self, record: Record) -> str:
        """The abstract state, before the step, of the service that it acted on."""
        service = record.step.operation.service
        return record.before[self.names.index(service)] if service in self.names else "any"

    def _close(self, record: Record, verdict: Verdict) -> None:
        now = self.system.clock.now()
        record.verdict = verdict
        record.took = now - record.outcome.began if record.outcome is not None else 0.0
        self.trace.end(record, now)


def _distinct(states: Iterable[State]) -> tuple[State, ...]:
    found: list[State] = []
    for state in states:
        if state not in found:
            found.append(state)
    return tuple(found)
