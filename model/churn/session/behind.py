"""Going on behind known bugs: the session's excursion from a failing step to a state from which it can go on.

A step failed, and known bugs have a part in that. The excursion puts right what they left: it removes the containers and
processes that should not be there, takes the rest over as it is (`Adopted`), and looks again. If something is left to object
to, that is news, and the step fails by it. If not, the sequence goes on from the state that was found.
"""

from collections.abc import Callable, Iterable, Iterator

from attrs import define, evolve

from churn.lifecycle.adoption import adopted as taken_over, debris
from churn.lifecycle.binding import bind
from churn.lifecycle.invariants import Objection, Trait, has
from churn.lifecycle.observation import Observation
from churn.lifecycle.operations import Create, Remove, Status
from churn.lifecycle.outcome import Ok, Rejected
from churn.lifecycle.state import State, distinct
from churn.lifecycle.transitions import Branch, Must
from churn.session.fingerprint import Fingerprint
from churn.session.judging import Judge, Pending
from churn.session.known import NothingNew
from churn.session.system import System
from churn.session.verdict import Judgement

Settle = Callable[[Pending, bool], Judgement]
"""Looks until the system has settled, and judges. If the flag is True, the manager is asked anew, whatever the step's pace."""


@define(eq=False)
class Excursion:
    """One way past the known bugs, at one failing step. `settle` looks and judges again."""

    system: System
    judge: Judge
    settle: Settle
    pending: Pending
    before: State
    """What was expected before the step."""

    def go_on(self, judged: Judgement) -> Judgement:
        """The judgement that counts in place of `judged`: objections that are news, or else the states to go on from.

        Raises `NothingNew` if nothing is news, but nothing could be found to go on from either.
        """
        judged = self._in_another_state(judged)
        adopted, record = self.judge.adopted, self.pending.record
        known = self.judge.recognised(self.pending, judged.objections)
        if not known:
            return self._news(judged, self._counting(judged.objections))
        counted = self._counting(found for found in judged.objections if found not in known)
        record.known = tuple(dict.fromkeys(known.values()))
        adopted.reviving |= any(has(found.invariant, Trait.REVIVING) for found in known)
        if alone := self._coming_alone(self._counting(counted), known):
            adopted.met.update(dict.fromkeys(_elsewhere(known, alone)))
            return evolve(judged, objections=tuple(alone))
        adopted.met.update(dict.fromkeys(record.known))
        return self._behind(self._put_right(judged, known), known)

    def _in_another_state(self, judged: Judgement) -> Judgement:
        """What is judged in states in which the operation had to end otherwise, if known bugs say all that is wrong there.

        Such states are not looked at as long as others allow for how it ended. But those may fit worse.
        """
        if self.pending.others and not self.judge.recognised(self.pending, judged.objections):
            there = evolve(self.pending, branches=self.pending.others, others=(), fits=False)
            again = self.settle(there, False)
            if self.judge.knows_all(there, again.objections):
                self.pending = there
                return again
        return judged

    def _behind(self, states: tuple[State, ...], met: Iterable[Objection]) -> Judgement:
        """The judgement when what the known bugs left that were `met` has been put right, and one of the states is expected."""
        adopted = self.judge.adopted
        branches = tuple([Branch(Must.ANY, state) for state in states])
        behind = evolve(self.pending, branches=branches, waited=False, late=True, slow=None)
        again = self.settle(behind, True)
        listed = {entry.service for entry in again.observation.listed or ()}
        unknown = {name for name, one in states[0].services.items() if one.port is None}
        adopted.unlisted |= unknown - listed
        persisting = {*self.judge.recognised(behind, again.objections), *_words_of_moved(again.objections, met)}
        adopted.keep(persisting)
        rest = [found for found in again.objections if found not in persisting]
        if counted := self._counting(rest):
            return self._news(again, counted)
        adopted.keep(rest)
        last = self.settle(behind, True) if again.objections else again
        if not last.objections:
            return last
        known = self.judge.recognised(behind, last.objections)  # something moved meanwhile
        return self._news(last, self._counting(one for one in last.objections if one not in known))

    def _counting(self, objections: Iterable[Objection]) -> list[Objection]:
        """Those that are taken for news (`Adopted.counts`), but for those to what was refused for a port that may be held."""
        found, adopted = list(objections), self.judge.adopted
        refused = {one.service for one in found if one.service in adopted.unlisted and has(one.invariant, Trait.SPOKEN)}
        return [one for one in found if one.service not in refused and adopted.counts(one)]

    def _coming_alone(self, objections: list[Objection], known: Iterable[Objection]) -> list[Objection]:
        """Those that do not come with a known bug: never seen together with one, nor a list's word of what one just moved."""
        words = _words_of_moved(objections, known)
        news = [one for one in objections if one not in words]
        told = self.judge.fingerprints(self.pending.record, news)
        return [found for found, one in told if not self.judge.known.comes_along(one)]

    def _news(self, judged: Judgement, counted: list[Objection]) -> Judgement:
        if counted:
            return evolve(judged, objections=tuple(counted))
        raise NothingNew("what was objected to may be a consequence of bugs that are known")

    def _put_right(self, judged: Judgement, known: Iterable[Objection]) -> tuple[State, ...]:
        """Remove what the known bugs left, as far as that can be done; the states to expect then, with the rest taken over."""
        pending, adopted, nearest = self.pending, self.judge.adopted, self._nearest(judged)
        look = self.system.observer.see(pending.record.step.operation, None, ask=True, states=(nearest,))
        look = self.system.observer.probe(look, (bind(nearest, look.observation),))
        told = any(has(found.invariant, Trait.MOVING) for found in known)
        state = taken_over(nearest, look.observation, statuses=told)
        state = self._without_forgotten(state, look.observation)
        moved = {name for name, one in state.services.items() if one.port != nearest.services[name].port}
        adopted.unlisted |= {name for name in moved if nearest.services[name].held}
        if not moved <= pending.acted:  # ports that nobody touched: the list tells them of the wrong services
            adopted.tainted |= moved | pending.acted
        self.system.discard(debris(self.judge.case(pending, pending.branches[0], state, look)))
        self.system.host.end_processes(self.system.manager.marker)
        if any(has(found.invariant, Trait.REVIVING) for found in known):
            policies = frozenset(one.restart_policy for one in judged.observation.containers.values())
            contract = self.judge.contract
            self.judge.contract = evolve(contract, restart_policies=contract.restart_policies | policies)
        equal = judged.equal if nearest is judged.nearest else ()
        others = [taken_over(one, look.observation, statuses=told) for one in equal]
        states = (state, *(_knowing(one, state) for one in others))
        return distinct((*states, *(one for old in states for one in self._created_anew(old))))

    def _created_anew(self, state: State) -> Iterator[State]:
        """The state in which a create that should have been refused has made the service anew: nothing was changed of it yet."""
        operation = self.pending.record.step.operation
        if isinstance(operation, Create) and isinstance(self.pending.outcome, Ok) and operation.name in state.services:
            service = state.services[operation.name]
            yield state.put(operation.name, evolve(service, asked=frozenset(), made=frozenset(), next_port=None))

    def _without_forgotten(self, state: State, seen: Observation) -> State:
        """Without the services that the manager does not know any more: it does not list them, and refuses to tell of them."""
        listed = {entry.service for entry in seen.listed or ()}
        if seen.listed is None or Status.kind not in self.judge.contract.offers:
            return state
        for name in state.services.keys() - listed:
            if isinstance(self.system.apply(Status(name)), Rejected):
                state = state.drop(name)
                self.system.forget(name)
        return state

    def _nearest(self, judged: Judgement) -> State:
        """The state that fits best. A create or a remove that was refused has changed nothing, whatever it must do."""
        refused = isinstance(self.pending.outcome, Rejected) and not self.pending.fits
        makes_known = isinstance(self.pending.record.step.operation, Create | Remove)
        return self.before if refused and makes_known else judged.nearest


def _knowing(state: State, other: State) -> State:
    """Without the services that the other one does not know."""
    for name in state.services.keys() - other.services.keys():
        state = state.drop(name)
    return state


def _words_of_moved(objections: Iterable[Objection], known: Iterable[Objection]) -> list[Objection]:
    """Those about what a list says of a service that a known bug has just moved, or kept from being moved.

    If another service was acted on, the manager does not know of the move; whether its list looks at all shows where servers end
    by themselves. If the operation was refused that had to succeed, the service is not as it would be then.
    """
    moved = {one.service for one in known if has(one.invariant, Trait.MOVING) and _misplaces(one)}
    return [one for one in objections if has(one.invariant, Trait.WORDING) and one.service in moved]


def _misplaces(found: Objection) -> bool:
    return has(found.invariant, Trait.OTHERS) or has(found.invariant, Trait.SPOKEN)


def _elsewhere(known: dict[Objection, Fingerprint], alone: list[Objection]) -> list[Fingerprint]:
    """The known bugs that concern other services than those which the objections `alone` concern."""
    concerned = {found.service for found in alone}
    return [one for found, one in known.items() if concerned.isdisjoint((found.service, *found.others))]
