"""The step loop: one operation, one look, one judgement, again and again, from a verified clean start."""

from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from typing import Any, NoReturn

from attrs import evolve

from churn.errors import EngineError, EnvironmentFault
from churn.lifecycle.binding import bind
from churn.lifecycle.condition import ANY
from churn.lifecycle.costs import RESET, Costs, sort_of
from churn.lifecycle.durations import Durations
from churn.lifecycle.invariants import INVARIANTS, Invariant
from churn.lifecycle.operations import Pace, Step
from churn.lifecycle.outcome import Unknown
from churn.lifecycle.sequence import Naming, Sequence
from churn.lifecycle.state import CLEAN, State, abstract, distinct
from churn.lifecycle.transitions import Branch, follow
from churn.session.alike import expected
from churn.session.behind import Excursion
from churn.session.budget import Budget
from churn.session.environment import Environment
from churn.session.judging import Judge, Pending, is_blind
from churn.session.known import Adopted, Known, NothingNew
from churn.session.opening import Opened
from churn.session.patience import Patience
from churn.session.resets import Reset, Resets
from churn.session.run import Record, Run
from churn.session.showing import evidence, with_commands
from churn.session.system import System
from churn.session.trace import Trace
from churn.session.verdict import Judgement, Verdict
from churn.session.violation import Violation
from churn.system.rewinding import Numbers

Watch = Callable[[State, Record], None]


class Session(Opened):
    """A system under test, and the states that the model still thinks possible.

    `begin` a sequence, do its `step`s, `finish` it. A step that leaves no possible state raises `Violation`, one that
    the environment spoilt `EnvironmentFault`, one behind which there is no way on past `known` bugs `NothingNew`; either way
    `current` and the trace have it, and only `begin` may follow.
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
        self.known = Known()
        """Bugs that are no news: what they leave is put right as far as it can be, and the sequence goes on."""
        self.trace = trace
        self.budget = budget
        self.costs, self.durations = Costs(), Durations()
        system.usual = lambda operation: self.durations.usual(operation, self._before)
        self.watch: Watch | None = None
        """Told of each step once it was judged, or hurried past, with the state it was done in."""
        self.possible: tuple[State, ...] = (CLEAN,)
        self.resets = Resets(system, reset)
        self.current = Run(part="", names=())
        """The sequence that was begun last, and what came of it so far."""
        self.invariants = invariants
        """What is asked after each step; another choice counts from the next sequence on."""
        self._pending: Pending | None = None
        self._before, self._environment = CLEAN, Environment(system)
        self._judge = self._judge_of(self.current)
        self._detailed, self._unasked, self._steps = True, False, 0

    # -- a whole sequence ---------------------------------------------------------------------------------------------

    def run(self, part: str, names: Iterable[str], sequence: Sequence) -> Run:
        """Do a whole sequence; what came of it. Raises as `step` does."""
        self.begin(part, names, sequence.naming)
        for step in sequence.steps:
            self.step(step)
        return self.finish()

    def attempt(self, part: str, names: Iterable[str], sequence: Sequence) -> Run:
        """Do a sequence until it ends or fails; what came of it. Raises `EnvironmentFault` and `BudgetSpent` alone."""
        with suppress(Violation, NothingNew):
            self.run(part, names, sequence)
        return self.current

    def begin(self, part: str, names: Iterable[str], naming: Naming = Naming.PLAIN, *, detailed: bool = True) -> None:
        """Reset the system, which costs an operation, and begin a sequence with these services.

        Not `detailed`: of steps that pass nothing but the verdict is kept, where there are thousands of them.
        """
        self.budget.charge()
        self._pending = None
        self._detailed, self._unasked = detailed, False
        self.costs.learn(RESET, self.resets.do())
        self.possible = (CLEAN,)
        self.current = Run(part=part, names=tuple(names), naming=naming)
        self._judge = self._judge_of(self.current)
        self.trace.open(self.current)
        try:
            self._environment.renew()
            self.system.begin(self.current.names, naming)
        except (EngineError, OSError) as error:
            raise EnvironmentFault(f"{_blamed(error)} failed before the first step: {error}") from error

    def _judge_of(self, run: Run) -> Judge:
        adopted = Adopted()
        run.met = adopted.met
        return Judge(run, self.contract, self.invariants, self.known, adopted)

    @property
    def names(self) -> tuple[str, ...]:
        """The services of the sequence."""
        return self.current.names

    @property
    def state(self) -> State:
        """The possible state that comes first: the one that planning and drawing go by."""
        return self.possible[0]

    # -- one step -----------------------------------------------------------------------------------------------------

    def step(self, step: Step) -> None:
        """Do one step, and unless it is hurried past, look and judge."""
        self.budget.charge()
        record = self._begun(step)
        try:
            record.outcome = self.system.apply(step.operation)
            if self.current.clear:
                record.slow = self.durations.compare(step.operation, self._before, record.outcome)
            follows = [follow(state, step.operation, record.outcome, self._judge.contract) for state in self.possible]
            pending = self._joined(record, [branch for branches in follows for branch in branches])
            if pending.may_be_passed(self.contract.bounds):
                self._pass_by(pending)
            else:
                self._conclude(pending, self.look(pending))
        except (EngineError, EnvironmentFault, OSError) as fault:
            self._fault(record, fault)

    def look(self, pending: Pending, ask: bool = False) -> Judgement:
        """See, bind, probe and judge, until a possible state is kept or the settling time is over; `ask`: the manager, anew.

        What known bugs do is not waited for: what they left is put right.
        """
        operation, states = pending.record.step.operation, [branch.state for branch in pending.branches]
        asked = ask or pending.record.step.pace is not Pace.ENGINE_ONLY or is_blind(states, self.contract)
        patience = Patience(self.system.clock, self.contract.bounds.settling)
        for number in patience:
            self.budget.looks += 1
            own = pending.outcome if number == 1 and not ask else None
            seen = self.system.observer.see(operation, own, ask=asked, states=states)
            bound = tuple([bind(state, seen.observation) for state in states])
            seen = self.system.observer.probe(seen, bound)
            judged = self._judge.judge(pending, bound, seen, patience)
            if judged.kept or self._judge.knows_all(pending, judged.objections):
                break
        return judged

    def finish(self) -> Run:
        """End the sequence: what was hurried past is looked at now. What came of it."""
        pending, self._pending = self._pending, None
        if pending is not None:
            try:
                self._conclude(pending, self.look(pending))
            except (EngineError, EnvironmentFault, OSError) as fault:
                self._fault(pending.record, fault)
        return self.current

    # -- what goes before a look --------------------------------------------------------------------------------------

    def _begun(self, step: Step) -> Record:
        self._before = self.state
        service, before = step.operation.service, abstract(self.state, self.names)
        condition = before[self.names.index(service)] if service in self.names else ANY
        sort, self._steps = sort_of(step.operation, self.state), self._steps + 1
        record = Record(number=self._steps, step=step, before=before, condition=condition, sort=sort)
        self.current.records.append(record)
        self.trace.begin(record, self.system.clock.now())
        self._judge.adopted.note(step.operation)
        return record

    def _joined(self, record: Record, branches: list[Branch]) -> Pending:
        """The step with the unseen ones before it: what any of them acted on may have moved since the last look."""
        operation, outcome = record.step.operation, record.outcome
        if operation.upsets_engine:
            self._environment.renew()
        acted = frozenset(operation.services)
        waited = operation.kind == "wait"
        if self._pending is not None:
            acted, waited = acted | self._pending.acted, waited and self._pending.waited
            self._pending = None
        late, self._unasked = self._unasked, record.step.pace is not Pace.CALM
        assert outcome is not None, "it has just been applied"  # noqa: S101 -- `step` sets it
        fitting = tuple([branch for branch in branches if branch.must.admits(outcome)])
        others = tuple([branch for branch in branches if not branch.must.admits(outcome)]) if fitting else ()
        return Pending(record=record, branches=fitting or tuple(branches), others=others, acted=acted, waited=waited,
                       late=late, fits=bool(fitting), slow=record.slow)  # fmt: skip

    def _pass_by(self, pending: Pending) -> None:
        self._pending, self.possible = pending, distinct(branch.state for branch in pending.branches)
        self._close(pending.record, Verdict.UNSEEN)

    # -- what follows a look ------------------------------------------------------------------------------------------

    def _conclude(self, pending: Pending, judged: Judgement) -> None:
        """Tell what the look came to. Raises `Violation` where something is objected to that is news."""
        record = pending.record
        suspicious = judged.objections or isinstance(record.outcome, Unknown)
        if suspicious and (why := self._environment.changed()):
            record.doubts = with_commands(judged.doubts, self.contract)
            self._spoil(record, why)
        if judged.objections and self.known.bugs:
            judged = self._behind_known(pending, judged)
        record.looks, record.settled, record.strangers = judged.looks, judged.settled, judged.observation.strangers
        record.judgement = judged
        if judged.objections or judged.doubts:
            record.objections = with_commands(judged.objections, self.contract)
            record.doubts = with_commands(judged.doubts, self.contract)
        if judged.objections:
            self._object(record)
        self.possible = judged.kept
        self._close(record, Verdict.UNKNOWN if judged.doubts else Verdict.KNOWN if record.known else Verdict.PASS)
        record.judgement = judged if self._detailed or judged.doubts else None  # the trace's file has it

    def _behind_known(self, pending: Pending, judged: Judgement) -> Judgement:
        try:
            return Excursion(self.system, self._judge, self.look, pending, self._before).go_on(judged)
        except NothingNew as ended:
            pending.record.reason = str(ended)
            self._close(pending.record, Verdict.KNOWN)
            raise

    def _object(self, record: Record) -> NoReturn:
        if why := self._environment.broken(record.outcome, record.objections):
            self._spoil(record, why)
        record.shown = evidence(record, self.system)
        record.fingerprint, *beside = (mark for _, mark in self._judge.fingerprints(record, record.objections))
        record.beside = tuple(beside)
        self._close(record, Verdict.FAIL)
        raise Violation(record, self.current.until(record))

    def _close(self, record: Record, verdict: Verdict) -> None:
        now = self.system.clock.now()
        record.close(verdict, now)
        if record.outcome is not None and not record.ended:
            self.costs.learn(record.sort, record.outcome.took if verdict is Verdict.FAIL else record.took)
            if self.watch is not None:
                self.watch(self._before, record)
        self.trace.end(record, now)

    # -- the environment ----------------------------------------------------------------------------------------------

    def _fault(self, record: Record, fault: EngineError | EnvironmentFault | OSError) -> NoReturn:
        """What the engine or the environment failed at is told as their fault."""
        if record.reason:  # it is noted already
            raise fault
        where = " while it was looked at" if record.outcome is not None and isinstance(fault, EngineError) else ""
        self._spoil(record, f"{_blamed(fault)} failed{where}: {fault}", fault)

    def _spoil(self, record: Record, why: str, cause: Exception | None = None) -> NoReturn:
        record.reason = why
        record.objections = ()
        self._close(record, Verdict.UNKNOWN)
        raise EnvironmentFault(why) from cause

    # -- going back ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> tuple[Any, ...]:
        """Where system and session are in the sequence, to go on from there more than once. Raises `UsageError`."""
        done = tuple(self.current.records)
        return self.system.snapshot(), self.possible, self._pending, self._unasked, self._environment.identity, done

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """Go back to where that was taken. The trace goes on; `current` is as it was then."""
        system, self.possible, self._pending, self._unasked, self._environment.identity, done = snapshot
        self.current = evolve(self.current, records=list(done))
        self.system.restore(system)

    def key(self) -> Hashable:
        """All that the next steps may depend on: joint states of system and model that are alike have the same."""
        numbers = Numbers(self.system.clock.now())
        system = self.system.key(numbers)
        known = expected(self.possible, self._pending, numbers, self.system.engine)
        return system, known, self._unasked


def _blamed(fault: Exception) -> str:
    return "the engine" if isinstance(fault, EngineError) else "the environment"
