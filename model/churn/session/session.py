"""The step loop: one operation, one look, one judgement, again and again, from a verified clean start."""

from collections.abc import Callable, Hashable, Iterable, Sequence as Sequenced
from typing import Any, NoReturn

from attrs import evolve, frozen

from churn.errors import EngineError, EnvironmentFault
from churn.lifecycle.adoption import adopted, debris
from churn.lifecycle.binding import remember
from churn.lifecycle.invariants import INVARIANTS, Doubt, Invariant, Objection, Sight, examine
from churn.lifecycle.operations import Operation, Pace, RestartEngine, Step
from churn.lifecycle.outcome import Evidence, Outcome, Unknown
from churn.lifecycle.sequence import Naming, Sequence
from churn.lifecycle.state import CLEAN, Fresh, State, abstract
from churn.lifecycle.transitions import Branch, Must, follow
from churn.session.budget import Budget
from churn.session.known import Adopted, Known, NothingNew
from churn.session.marks import REVIVING, Mark, marks_of, naming as named
from churn.session.system import Look, System
from churn.session.trace import Record, Trace
from churn.session.verdict import Judgement, Signature, Verdict, Violation
from churn.system.protocols import Engine
from churn.system.rewinding import Numbers

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5
"""Seconds between two looks at a system that has not settled; doubled from the first to the longest."""

_MOST_SHOWN = 3
"""Objections of a violation for which a command is run as evidence."""

_CHANGING = frozenset({"accepted", "in-time", "undisturbed", "quiet", "status"})
"""Invariants whose objections mean that services are, or are listed, in another state than was expected."""

Reset = Callable[[], None]
"""Makes the system clean and proves that it is. Raises `EnvironmentFault`."""


@frozen
class _Pending:
    """The last step, while nobody has looked at what it did."""

    record: Record
    branches: tuple[Branch, ...]
    acted: frozenset[str]
    waited: bool
    late: bool
    """Whether the manager was not asked after a step before it: what is seen now may have been there then."""


class Session:
    """A system under test, and the states that the model still thinks possible.

    `begin` a sequence, do its `step`s, `finish` it. A step that leaves no possible state raises `Violation`, one that
    the environment spoilt `EnvironmentFault`, one behind which there is no way on past `known` bugs `NothingNew`; either way
    the trace has it, and only `begin` may follow.
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
        self.invariants = invariants
        self.possible: tuple[State, ...] = (CLEAN,)
        self.names: tuple[str, ...] = ()
        self.resetting = self.resetting_inside = 0.0
        """Seconds that resets took so far, and how many of them in the manager."""
        self._reset = reset
        self._pending: _Pending | None = None
        self._detailed = True
        self._identity = system.identity()
        self._adopted = Adopted()
        self._terms = self.contract
        """The contract, and what of it known bugs have broken in this sequence."""
        self._unasked = False

    @property
    def met(self) -> tuple[Mark, ...]:
        """The known bugs that were met in this sequence."""
        return tuple(self._adopted.met)

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
        self._adopted, self._terms, self._unasked = Adopted(), self.contract, False
        self.trace.open_chapter(part, naming, self.names)
        try:
            self._identity = self.system.identity()
            self.system.begin(self.names, naming)
        except EngineError as error:
            raise EnvironmentFault(f"the engine failed before the first step: {error}") from error

    def run(self, part: str, names: Iterable[str], sequence: Sequence) -> None:
        """Do a whole sequence."""
        self.begin(part, names, sequence.naming)
        for step in sequence.steps:
            self.step(step)
        self.finish()

    def snapshot(self) -> tuple[Any, ...]:
        """Where system and session are in the sequence, to go on from there more than once. Raises `UsageError`."""
        return self.system.snapshot(), self.possible, self._pending, self._unasked, self._identity

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """Go back to where that was taken; the trace goes on."""
        system, self.possible, self._pending, self._unasked, self._identity = snapshot
        self.system.restore(system)

    def key(self) -> Hashable:
        """All that the next steps may depend on: joint states of system and model that are alike have the same."""
        numbers = Numbers(self.system.clock.now())
        system = self.system.key(numbers)
        pending = self._pending
        branches = pending.branches if pending is not None else ()
        states = [*((None, state) for state in self.possible), *((one.must, one.state) for one in branches)]
        expected = tuple([(must, _alike(state, numbers, self.system.engine)) for must, state in states])
        unseen = (pending.acted, pending.waited) if pending is not None else None
        return system, expected, unseen, self._unasked

    @property
    def state(self) -> State:
        """The possible state that comes first: the one that planning and drawing go by."""
        return self.possible[0]

    def step(self, step: Step) -> None:
        """Do one step, and unless it is hurried, look and judge."""
        self.budget.charge()
        record = self.trace.begin(step, abstract(self.state, self.names), self.system.clock.now())
        self._adopted.note(step.operation)
        try:
            record.outcome = outcome = self.system.apply(step.operation)
            if isinstance(step.operation, RestartEngine):
                self._identity = self.system.identity()
        except EngineError as error:
            self._spoilt(record, f"the engine failed: {error}", error)
        except EnvironmentFault as fault:
            self._spoilt(record, f"the environment failed: {fault}", fault)
        branches = tuple(
            branch for state in self.possible for branch in follow(state, step.operation, outcome, self._terms)
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
        late, self._unasked = self._unasked, record.step.pace is not Pace.CALM
        return _Pending(record, branches, acted, waited, late)

    def _look(self, pending: _Pending) -> None:
        self._pending = None
        record = pending.record
        try:
            judged = self._judge(pending)
            record.doubts = judged.doubts
            suspicious = judged.objections or isinstance(record.outcome, Unknown)
            if suspicious and (why := self._changed_environment()):
                self._spoilt(record, why)
            if judged.objections and self.known.marks:
                judged = self._behind_known(pending, judged)
        except EngineError as error:
            self._spoilt(record, f"the engine failed while it was looked at: {error}", error)
        except EnvironmentFault as fault:
            if record.reason:  # it is noted already
                raise
            self._spoilt(record, f"the environment failed: {fault}", fault)
        record.looks, record.settled, record.strangers = judged.looks, judged.settled, judged.observation.strangers
        if self._detailed or judged.objections or judged.doubts:
            record.judgement = judged
        record.objections, record.doubts = judged.objections, judged.doubts
        if judged.objections:
            self._object(record)
        self.possible = judged.kept
        self._close(record, Verdict.UNKNOWN if judged.doubts else Verdict.KNOWN if record.known else Verdict.PASS)

    # -- behind bugs that are known -----------------------------------------------------------------------------------

    def _behind_known(self, pending: _Pending, judged: Judgement) -> Judgement:
        """What is left to object to when known bugs are put aside and what they left is put right, as far as it can be.

        Raises `NothingNew` where nothing else is objected to, but there is no way on either.
        """
        record = pending.record
        known = self._of_known(pending, judged.objections)
        counted = [found for found in judged.objections if found not in known and self._adopted.counts(found)]
        if not known:
            return self._news(record, judged, counted)
        record.known = tuple(dict.fromkeys(known.values()))
        self._adopted.reviving |= any(found.invariant == REVIVING for found in known)
        counted = [found for found in counted if self._adopted.counts(found)]
        marked = self.marks(record, counted)
        if alone := [found for found, one in marked if not self.known.comes_along(one)]:
            concerned = {found.service for found in alone}
            elsewhere = [one for found, one in known.items() if concerned.isdisjoint((found.service, *found.others))]
            self._adopted.met.update(dict.fromkeys(elsewhere))
            return evolve(judged, objections=tuple(alone))
        self._adopted.met.update(dict.fromkeys(record.known))
        state = self._put_right(pending, judged, known)
        behind = evolve(pending, branches=(Branch(Must.ANY, state),), waited=False, late=True)
        again = self._judge(behind, ask=True)
        listed = {entry.service for entry in again.observation.listed or ()}
        self._adopted.unlisted |= {
            name for name, one in state.services.items() if one.port is None and name not in listed
        }
        persisting = self._of_known(behind, again.objections)
        self._adopted.keep(persisting)
        rest = [found for found in again.objections if found not in persisting]
        if counted := [found for found in rest if self._adopted.counts(found)]:
            return self._news(record, again, counted)
        self._adopted.keep(rest)
        last = self._judge(behind, ask=True) if again.objections else again
        if not last.objections:
            return last
        known = self._of_known(behind, last.objections)  # something moved meanwhile
        return self._news(
            record, last, [one for one in last.objections if one not in known and self._adopted.counts(one)]
        )

    def _news(self, record: Record, judged: Judgement, counted: list[Objection]) -> Judgement:
        if counted:
            return evolve(judged, objections=tuple(counted))
        record.reason = "what was objected to may be a consequence of bugs that are known"
        self._close(record, Verdict.KNOWN)
        raise NothingNew(record.reason)

    def _put_right(self, pending: _Pending, judged: Judgement, known: Iterable[Objection]) -> State:
        """Remove what the known bugs left, and adopt the rest; the state expected then."""
        seen = self.system.look([judged.nearest], pending.record.step.operation, None, ask=True)
        told = any(found.invariant in _CHANGING for found in known)
        state = adopted(judged.nearest, seen.observation, statuses=told)
        moved = {name for name, one in state.services.items() if one.port != judged.nearest.services[name].port}
        if not moved <= pending.acted:  # ports that nobody touched: the list tells them of the wrong services
            self._adopted.tainted |= moved | pending.acted
        self.system.discard(debris(self._sight(pending, pending.branches[0], state, seen)))
        self.system.host.end_processes(self.system.manager.marker)
        if any(found.invariant == REVIVING for found in known):
            policies = frozenset(one.restart_policy for one in judged.observation.containers.values())
            self._terms = evolve(self._terms, restart_policies=self._terms.restart_policies | policies)
        return state

    def _of_known(self, pending: _Pending, objections: Sequenced[Objection]) -> dict[Objection, Mark]:
        """Those of the objections that known bugs are known by, and by which mark."""
        marked = self.marks(pending.record, objections)
        return {found: mark for found, one in marked if (mark := self.known.match(one, late=pending.late)) is not None}

    def marks(self, record: Record, objections: Iterable[Objection]) -> list[tuple[Objection, Mark]]:
        """Each objection to a step of this sequence with its mark."""
        names = named(self.names, self.trace.chapters[-1].naming)
        return marks_of(objections, record.step.operation.kind, self._condition(record), names)

    # -- judging ------------------------------------------------------------------------------------------------------

    def _judge(self, pending: _Pending, *, ask: bool = False) -> Judgement:
        """Look until some possible state is kept, or the contract's settling time is over.

        `ask`: the manager is asked, whatever the step's pace, and anew.
        """
        clock, began, pause, looks = self.system.clock, self.system.clock.now(), _FIRST_PAUSE, 0
        step, outcome = pending.record.step, pending.record.outcome
        states = [branch.state for branch in pending.branches]
        while True:
            looks += 1
            self.budget.looks += 1
            first = outcome if looks == 1 and not ask else None
            seen = self.system.look(
                states, step.operation, first, ask=ask or step.pace is not Pace.DISCREET or self._blind(states)
            )
            kept, nearest = self._hold(pending, seen)
            settled = clock.now() - began if looks > 1 else 0.0
            if kept or clock.now() - began >= self.contract.bounds.settling:
                objections, doubts, state = nearest
                return Judgement(kept, objections, doubts, state, seen.observation, seen.listing, settled, looks)
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
    ) -> tuple[tuple[State, ...], tuple[tuple[Objection, ...], tuple[Doubt, ...], State]]:
        """Hold each possible state against what was seen: those kept, and what the nearest one is told."""
        kept: list[State] = []
        nearest: tuple[tuple[Objection, ...], tuple[Doubt, ...], State] | None = None
        for branch, state in zip(pending.branches, seen.states, strict=True):
            found, doubts = examine(self._sight(pending, branch, state, seen), self.invariants)
            objections = [one for one in found if not self._adopted.tolerates(one)]
            if not objections:
                kept.append(remember(state, seen.observation))
            if nearest is None or self._rank(pending, objections) < self._rank(pending, nearest[0]):
                nearest = (tuple(objections), tuple(doubts), state)
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
            self._terms,
            pending.acted,
            pending.waited,
            seen.listing,
        )

    def _rank(self, pending: _Pending, objections: Sequenced[Objection]) -> tuple[int, int, int]:
        """How near a state is: few objections that are news, few at all, none of a high rank."""
        order = [invariant.name for invariant in self.invariants]
        places = [order.index(found.invariant) for found in objections]
        known = len(self._of_known(pending, objections)) if self.known.marks else 0
        return len(places) - known, len(places), min(places, default=0)

    def _changed_environment(self) -> str:
        """Why the environment is to blame for what looks wrong; empty where it is not."""
        try:
            identity = self.system.identity()
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
        record.shown = tuple(self._shown(record, look) for look in looks)
        record.signature = Signature(first, operation.kind, self._condition(record))
        record.mark, *beside = (mark for _, mark in self.marks(record, record.objections))
        record.beside = tuple(beside)
        self._close(record, Verdict.FAIL)
        raise Violation(operation, record.objections, record.signature)

    def _shown(self, record: Record, look: str) -> Evidence:
        """What the command shows; the step's own is not run again: it may do more than look."""
        own = record.outcome.evidence if record.outcome is not None else None
        return own if own is not None and own.command == look else self.system.show(look)

    def _condition(self, record: Record) -> str:
        """The abstract state, before the step, of the service that it acted on."""
        service = record.step.operation.service
        return record.before[self.names.index(service)] if service in self.names else "any"

    def _close(self, record: Record, verdict: Verdict) -> None:
        now = self.system.clock.now()
        record.verdict = verdict
        record.took = now - record.outcome.began if record.outcome is not None else 0.0
        self.trace.end(record, now)


def _alike(state: State, numbers: Numbers, engine: Engine) -> Hashable:
    """An expected state without ids, ports and moments."""
    alive = [row.id for row in engine.list()]
    services = tuple([
        (name, one.word, one.status, one.server, _container(one.container), numbers(one.port), one.leftover, one.behaviour,
         one.held, numbers(one.container) if isinstance(one.container, str) else None)
        for name, one in state.services.items()
    ])  # fmt: skip
    return services, tuple([identity in state.seen for identity in alive]), state.cycled, state.baseline


def _container(container: str | Fresh | None) -> Hashable:
    return container.strict if isinstance(container, Fresh) else container is not None


def _distinct(states: Iterable[State]) -> tuple[State, ...]:
    found: list[State] = []
    for state in states:
        if state not in found:
            found.append(state)
    return tuple(found)
