"""The model as shrinking plans on it: what follows, what is enabled, which way leads where, and what a run would cost."""

from attrs import define, field

from churn.lifecycle.condition import Abstract, Behaviour
from churn.lifecycle.contract import Contract
from churn.lifecycle.costs import Costs
from churn.lifecycle.operations import Create, Length, Operation, SetBehaviour, Step, Together, Wait
from churn.lifecycle.outcome import Ok
from churn.lifecycle.paths import Atlas
from churn.lifecycle.sequence import Naming, Sequence
from churn.lifecycle.state import CLEAN, State, abstract, is_enabled
from churn.lifecycle.transitions import follow
from churn.session.failing import Failing, Steps

Candidate = tuple[tuple[str, ...], Sequence]
"""The services of a sequence, and the sequence."""
_IMAGINED = Ok()


@define(eq=False)
class Foresight:
    """Plans with one contract, and by one system's costs where they are known."""

    contract: Contract
    costs: Costs | None = None
    plain_passes: bool = False
    """What is shrunk was seen to pass with plain names and calmly done: so it is tried as it is first."""
    _atlases: dict[tuple[str, ...], Atlas] = field(init=False, factory=dict)

    def atlas(self, names: tuple[str, ...]) -> Atlas:
        """The map of the abstract states with these services."""
        if names not in self._atlases:
            self._atlases[names] = Atlas(names, self.contract)
        return self._atlases[names]

    def after(self, state: State, operation: Operation) -> State:
        """The state that the model imagines after an operation."""
        return follow(state, operation, _IMAGINED, self.contract)[0].state

    def states(self, steps: Steps) -> list[State]:
        """The states before each step and after the last, as the model imagines them; what is not enabled does nothing."""
        found = [CLEAN]
        for step in steps:
            here = found[-1]
            found.append(self.after(here, step.operation) if is_enabled(here, step.operation) else here)
        return found

    def views(self, names: tuple[str, ...], steps: Steps) -> list[Abstract]:
        """The abstract views of these."""
        return [abstract(state, names) for state in self.states(steps)]

    def repaired(self, steps: Steps, strays: frozenset[Operation] = frozenset()) -> Steps:
        """`steps` without those that the model does not enable where they stand.

        Nor those on a service that is not there, which would only be refused, but for `strays`.
        """
        kept: list[Step] = []
        state = CLEAN
        for step in steps:
            operation = step.operation
            known = operation.service is None or operation.service in state.services
            known |= isinstance(operation, Create | Together)
            if is_enabled(state, operation) and (known or operation in strays):
                kept.append(step)
                state = self.after(state, operation)
        return tuple(kept)

    def seconds(self, sequence: Sequence) -> float:
        """What a run is expected to take; 0 where costs are not known."""
        return self.costs.total(sequence, self.contract) if self.costs is not None else 0.0


def strays_of(steps: Steps) -> frozenset[Operation]:
    """What is done, somewhere, to a service that is not there: it may be what fails, so it is kept where it stands so."""
    there: set[str] = set()
    found: set[Operation] = set()
    for step in steps:
        operation = step.operation
        if isinstance(operation, Create):
            there.add(operation.name)
        elif operation.service is not None and operation.service not in there:
            found.add(operation)
    return frozenset(found)


def calmly_done(steps: Steps) -> Steps:
    """The same steps, each looked at in full."""
    return tuple(Step(step.operation) for step in steps)


def with_short_waits(steps: Steps) -> Steps:
    """The same steps, with short waits for long ones."""
    short = Wait(Length.SHORT)
    return tuple(Step(short, step.pace) if isinstance(step.operation, Wait) else step for step in steps)


def plainly_done(steps: Steps) -> Sequence:
    """The same, plainly named, calm, and with short waits."""
    return Sequence(calmly_done(with_short_waits(steps)))


def is_plain(sequence: Sequence) -> bool:
    """Whether a sequence is so already."""
    return sequence.naming is Naming.PLAIN and plainly_done(sequence.steps) == sequence


def behaviours(state: State) -> dict[str, Behaviour]:
    """How each service's server behaves."""
    return {name: service.behaviour for name, service in state.services.items()}


def behaving(steps: Steps, wanted: dict[str, Behaviour]) -> Steps:
    """The same steps, with each server that cannot live made to behave as is wanted of it."""
    found = []
    for step in steps:
        one = step.operation
        if isinstance(one, SetBehaviour) and one.how.deadly and wanted.get(one.name, one.how).deadly:
            found.append(Step(SetBehaviour(one.name, wanted.get(one.name, one.how)), step.pace))
        else:
            found.append(step)
    return tuple(found)


def used_names(failing: Failing, sequence: Sequence) -> tuple[str, ...]:
    """The names up to the last that is used: real names depend on a service's place, so none before it is left out."""
    names = failing.names
    used = (name for step in sequence.steps for name in step.operation.services)
    places = [names.index(name) for name in used if name in names]
    return names[: max(places, default=0) + 1]
