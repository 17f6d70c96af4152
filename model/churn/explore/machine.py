"""Random exploration: a Hypothesis machine whose rules draw operations that the model enables.

Draws are from finite lists that depend on the sequence's services alone, so the same seed gives the same draws whatever the
system is and however it answers. Hypothesis never makes the system run anything twice: once a sequence has failed, that
one is answered from memory and no other is run.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import lru_cache
from itertools import product
from typing import Any, ClassVar

from attrs import define, evolve, frozen
from hypothesis import seed as seeded, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from churn.errors import BudgetSpent, ChurnError, EnvironmentFault, UsageError
from churn.explore.isolation import isolated
from churn.explore.profiles import Profile, quiet
from churn.explore.suite import Wishes, fit_into_suite, line_of
from churn.lifecycle.operations import (
    CLIENTS,
    Create,
    Length,
    Operation,
    Pace,
    Step,
    Turn,
    Wait,
    clashing,
)
from churn.lifecycle.sequence import SINGLE, Naming, fitting, service_names
from churn.lifecycle.state import every, healing, repaired
from churn.session.known import NothingNew
from churn.session.session import Session
from churn.session.violation import Violation


@frozen
class Opening:
    """How a sequence begins: with which services, called what, and whether they are created first."""

    names: tuple[str, ...]
    naming: Naming
    created: bool = True


@lru_cache(maxsize=16)
def openings(services: int, namings: tuple[Naming, ...] = SINGLE) -> tuple[Opening, ...]:
    """What a sequence's opening is drawn from: most sequences have all their services created first.

    What services are called is one of `namings`: each oddness by itself, so that what fails is told by it.
    """
    wholes = (True, True, True, False)
    combinations = product(range(1, services + 1), namings, wholes)
    return tuple(Opening(service_names(count), naming, created) for count, naming, created in combinations)


MOST_DRAWN = 100
"""In wider draws Hypothesis takes some numbers of 100 and more too often: those that programs are known to stumble over."""
BURST = 5
"""Steps that an exploration draws at once; a sequence may end at each of them."""
MOST_CALLS = 12
"""Up to this call of a client another one may go on: a start of the reference manager's makes no more."""
PACES = (Pace.CALM,) * 3 + (Pace.HURRIED,) * 2 + (Pace.ENGINE_ONLY,)
"""What each step's pace is drawn from."""


@lru_cache(maxsize=64)
def choices(
    names: tuple[str, ...], possible: frozenset[str], *, faults: bool, brief: bool = False
) -> tuple[Operation | None, ...]:
    """What each step's operation is drawn from. None, the simplest, ends a sequence: Hypothesis's filling costs nothing.

    `brief`: without long waits. Raises `UsageError` where the services are so many that this would be more than `MOST_DRAWN`.
    """
    candidates = [
        found
        for found in every(names, possible)
        if (faults or not found.fault) and not (brief and found == Wait(Length.LONG))
    ]
    weighted = _weighted(candidates)
    if len(weighted) >= MOST_DRAWN:
        raise UsageError(
            f"expected at most {MOST_DRAWN - 1} choices in a random sequence, got {len(weighted)} with {len(names)} services;"
            " explore with fewer services"
        )
    return (None, *weighted)


def _weighted(candidates: list[Operation]) -> list[Operation]:
    """Each as often as its weight says; where that makes too many, the weights above one are lowered by one, and again."""
    weighted: list[Operation] = []
    for less in range(max((found.weight for found in candidates), default=1)):
        weighted = [found for found in candidates for _ in range(max(1, found.weight - less))]
        if len(weighted) < MOST_DRAWN:
            break
    return weighted


@lru_cache(maxsize=64)
def operations(
    names: tuple[str, ...], possible: frozenset[str], *, faults: bool, brief: bool = False
) -> st.SearchStrategy[Operation | None]:
    """Any of `choices`. One strategy for good: Hypothesis reads through all that a new one may draw."""
    return st.sampled_from(choices(names, possible, faults=faults, brief=brief))


paces = st.sampled_from(PACES)
"""Any of `PACES`."""
several = st.sampled_from((False,) * 4 + (True,))
"""Whether two clients ask at once after a step; mostly not."""


@lru_cache(maxsize=64)
def bursts(
    names: tuple[str, ...], possible: frozenset[str], size: int, *, faults: bool, brief: bool = False
) -> st.SearchStrategy[tuple[Any, ...]]:
    """So many operations, each followed by its pace."""
    operation = operations(names, possible, faults=faults, brief=brief)
    return st.tuples(*(operation, paces) * size)


def _to_the_other(client: int, point: int) -> Turn:
    """Of two clients, one waits before that call."""
    return Turn(client, point, 1 - client)


@lru_cache(maxsize=64)
def together(names: tuple[str, ...], possible: frozenset[str]) -> st.SearchStrategy[Operation]:
    """What two clients ask for at once, by a schedule of up to two turns."""
    turn = st.builds(_to_the_other, st.sampled_from((0, 1)), st.integers(0, MOST_CALLS))
    turns = st.lists(turn, max_size=2).map(tuple)
    return st.builds(evolve, st.sampled_from(clashing(names, possible)), turns=turns)


@define(eq=False, kw_only=True)
class Explorer:
    """What the sequences of one machine class share: the session they run in, and what ended it."""

    session: Session
    services: int = 2
    faults: bool = True
    brief: bool = False
    """Whether long waits are left out: where seconds are dear they cost more than they show."""
    part: str = "exploration"
    ended: ChurnError | None = None
    """What ended the exploration: a violation, a fault of the environment, or the budget."""


class LifecycleMachine(RuleBasedStateMachine):
    """The machine. Subclass it in a suite of your own: say what it explores, add rules that call `perform`.

        class Mine(LifecycleMachine):
            @classmethod
            def open_session(cls) -> AbstractContextManager[Session]:
                return Session.over(Target(manager="mine.toml", environ=dict(os.environ)))

        TestMine = Mine.TestCase

    What is drawn depends on the sequence's services alone, never on what the system did: after a violation the rest of a
    sequence is drawn in vain, and its end tells. Rules of your own draw likewise, and call `perform`.
    """

    explorer: ClassVar[Explorer | None] = None
    burst: ClassVar[int] = 1
    """How many steps `operate` draws at once: what Hypothesis does for each draw costs more than most steps."""
    wishes: ClassVar[Wishes] = Wishes()
    """What the front end wishes; with pytest, what its options say."""

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        fit_into_suite(cls)

    @classmethod
    def open_session(cls) -> Session | AbstractContextManager[Session]:
        """The session to explore in, or a context that gives it; asked for once a class. By default that is wished for."""
        return Session.over(cls.wishes.target)

    @classmethod
    def close(cls) -> None:
        """Leave the context that `open_session` gave, if it was one."""
        opened, cls._opened = cls._opened, None
        if opened is not None:
            cls.explorer = None
            opened.close()

    _opened: ClassVar[ExitStack | None] = None

    @classmethod
    def _explorer(cls) -> Explorer:
        if cls.explorer is None:
            session = cls.open_session()
            if not isinstance(session, Session):
                cls._opened = ExitStack()
                session = cls._opened.enter_context(session)
            wishes = cls.wishes
            wishes.guide(session)
            cls.explorer = Explorer(session=session, services=wishes.services, faults=wishes.faults)
        return cls.explorer

    def __init__(self) -> None:
        super().__init__()
        self.shared = self._explorer()
        self._opening: Opening | None = None
        self._begun = self._over = self._drawn = False
        self._error: ChurnError | None = None
        self._asleep = self.shared.ended is not None

    @initialize(data=st.data())
    def open(self, data: st.DataObject) -> None:
        """Draw which services a sequence has, and what they are called. It begins with its first step."""
        services = self.shared.services
        namings = fitting(SINGLE, service_names(services), self.shared.session.contract)
        self._opening = data.draw(st.sampled_from(openings(services, namings)))

    @rule(data=st.data())
    def operate(self, data: st.DataObject) -> None:
        """Draw steps and do them."""
        if self._drawn:
            return  # whatever would still be drawn is the same sequence
        shared = self.shared
        assert self._opening is not None, "Hypothesis runs initialize rules first"  # noqa: S101 -- its promise
        names, possible = self._opening.names, shared.session.contract.possible
        drawn = data.draw(bursts(names, possible, self.burst, faults=shared.faults, brief=shared.brief))
        for operation, pace in zip(drawn[::2], drawn[1::2], strict=True):
            if operation is None:
                self._drawn = self._asleep = True
                return
            self.perform(Step(operation, pace))
            if possible >= CLIENTS and data.draw(several):
                self.perform(Step(data.draw(together(names, possible)), pace))

    def perform(self, step: Step | None) -> None:
        """Do a step, or what comes nearest to it where the model does not enable it; nothing in a sequence that is over."""
        if step is None or self._asleep or self._error is not None:
            return
        self._guarded(lambda: self._perform(step))

    def _perform(self, step: Step) -> None:
        session = self.shared.session
        if not self._begun:
            self._begin(session)
        operation = repaired(session.state, step.operation)
        if operation is not None:
            session.step(Step(operation, step.pace))

    def _begin(self, session: Session) -> None:
        assert self._opening is not None, "Hypothesis runs initialize rules first"  # noqa: S101 -- its promise
        self._begun = True
        session.begin(self.shared.part, self._opening.names, self._opening.naming, detailed=False)
        if self._opening.created and Create.kind in session.contract.offers:
            for name in self._opening.names:
                session.step(Step(Create(name)))

    def _end(self) -> None:
        """Most sequences end with a try to put right what ended unknown, since a manager has to get well again."""
        session = self.shared.session
        if self._opening is not None and self._opening.created:
            for operation in healing(session.state):
                session.step(Step(operation))
        session.finish()

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except NothingNew:
            self._asleep = self._over = True
        except (Violation, BudgetSpent, EnvironmentFault) as error:
            self._error = error
            if isinstance(error, Violation):
                error.where = line_of(type(self))

    @invariant()
    def possible(self) -> None:
        """As long as nothing was objected to, the model has a state that the system may be in."""
        if self._error is not None:
            self._asleep = True
        assert self._asleep or self.shared.session.possible, "it must have raised"  # noqa: S101 -- an invariant asserts

    def teardown(self) -> None:
        """Look at what was hurried past, and tell what ended the sequence, if anything did."""
        shared = self.shared
        if shared.ended is not None:
            # From memory: nothing is run any more. What is raised at the end of a case that Hypothesis itself gave up, it drops,
            # and goes on: then the next case tells it.
            raise shared.ended
        if self._begun and not self._over and self._error is None:
            self._guarded(self._end)
        if self._error is not None:
            shared.ended = self._error
            raise self._error


def explore(explorer: Explorer, profile: Profile, seed: int) -> Violation | None:
    """Run random sequences until one fails, the profile is through, or the session's budget is spent.

    Gives the violation that ended it, or None. Raises `EnvironmentFault`, `BudgetSpent`.
    """
    explorer.ended = None
    burst = min(BURST, profile.steps)
    own = {"explorer": explorer, "burst": burst}
    machine: type[LifecycleMachine] = seeded(seed)(type("Exploration", (LifecycleMachine,), own))
    rules = Profile(profile.sequences, 1 + profile.steps // burst)  # one of them draws the opening
    try:
        with isolated():
            run_state_machine_as_test(machine, settings=quiet(rules))
    except Violation as violation:
        return violation
    return None


def rounds(seed: int) -> Iterator[int]:
    """The seeds of one run's explorations, one after each failure: they depend on the run's seed alone."""
    return (seed + place * _STRIDE for place, _ in enumerate(iter(int, 1)))


_STRIDE = 1_000_003
"""A prime, so that runs with neighbouring seeds do not share their later rounds."""
