"""Random exploration: a Hypothesis machine whose rules draw operations that the model enables.

Draws are from finite lists that depend on the sequence's services alone, so the same seed gives the same draws whatever the
system is and however it answers. Hypothesis never makes the system run anything twice: once a sequence has failed, that
one is answered from memory and no other is run.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import ClassVar

from attrs import define
from hypothesis import seed as seeded, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from churn.errors import BudgetSpent, ChurnError, EnvironmentFault
from churn.explore.drawing import BURST, Opening, bursts, crowded, crowds, openings, several, together
from churn.explore.isolation import isolated
from churn.explore.profiles import Profile, quiet
from churn.explore.suite import Wishes, fit_into_suite, line_of
from churn.lifecycle.operations import (
    CLIENTS,
    Create,
    Step,
)
from churn.lifecycle.sequence import SINGLE, fitting, service_names
from churn.lifecycle.state import healing, repaired
from churn.session.known import NothingNew
from churn.session.session import Session
from churn.session.violation import Violation


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
                asking = crowds if data.draw(crowded) else together
                self.perform(Step(data.draw(asking(names, possible)), pace))

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
