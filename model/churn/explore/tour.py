"""The tour: a walk through every reachable pair of abstract state and operation, planned on the model.

It goes by where the system really is: after each step the plan is made anew from the state that the session then holds.
"""

from collections.abc import Callable

from attrs import define, field

from churn.lifecycle.operations import Operation, Pace, Step
from churn.lifecycle.paths import Atlas, Pair, Place
from churn.lifecycle.sequence import Naming
from churn.lifecycle.state import abstract
from churn.session.known import NothingNew
from churn.session.session import Session
from churn.session.violation import Violation

_ENGINE_ONLY_EVERY = 3
"""Of the calm tour's steps every third asks the engine only."""
_LOOK_EVERY = 4
"""Of the hurried tour's steps every fourth is calm: what was hurried past is then held against what is there."""

Pacing = Callable[[int], Pace]


def calmly(number: int) -> Pace:
    """The pace of the calm tour's step of that number."""
    return Pace.ENGINE_ONLY if number % _ENGINE_ONLY_EVERY == 0 else Pace.CALM


def hurriedly(number: int) -> Pace:
    """The pace of the hurried tour's step of that number."""
    return Pace.CALM if number % _LOOK_EVERY == 0 else Pace.HURRIED


@define
class Tour:
    """What is still to be covered, and which operation to do next. Pure but for what it remembers."""

    atlas: Atlas
    todo: dict[Place, dict[Operation, None]] = field(init=False)
    covered: int = field(init=False, default=0)
    _room: frozenset[Place] = field(init=False, factory=frozenset)

    def __attrs_post_init__(self) -> None:
        self.todo = {here: dict.fromkeys(edges) for here, edges in self.atlas.edges.items() if edges}

    @property
    def left(self) -> list[Pair]:
        """The pairs not covered yet."""
        return [(here, operation) for here, operations in self.todo.items() for operation in operations]

    def next(self, here: Place) -> Operation | None:
        """The next operation in `here`, None where nothing that is left can be reached without a reset.

        What can be walked back from comes first: states that one passes but once, such as a service never started, are
        left only when nothing is to be done there any more.
        """
        self._room = self.atlas.room(here)
        for wanted, within in ((self._inner, self._room), (self._outer, self._room), (self._any, None)):
            way = self.atlas.nearest(here, lambda there, wanted=wanted: wanted(there) is not None, within)  # type: ignore[misc]  # a default binds the loop's variable
            if way is not None:
                return way[0] if way else wanted(here)
        return None

    def done(self, here: Place, operation: Operation, there: Place | None) -> None:
        """`operation` was done in `here` and led to `there` (None: the sequence ended with it)."""
        operations = self.todo.get(here, {})
        if operation in operations:
            del operations[operation]
            self.covered += 1
        if not operations:
            self.todo.pop(here, None)
        if there is not None:
            self.atlas.learn(here, operation, there)

    def _any(self, there: Place) -> Operation | None:
        return next(iter(self.todo.get(there, ())), None)

    def _inner(self, there: Place) -> Operation | None:
        """Something to do in `there` that does not leave the room; what changes nothing first."""
        todo = self.todo.get(there)
        if not todo:
            return None
        edges = self.atlas.edges.get(there, {})
        inside = [operation for operation in todo if edges.get(operation) in self._room]
        return min(inside, key=lambda operation: edges.get(operation) != there, default=None)

    def _outer(self, there: Place) -> Operation | None:
        """Something to do in `there` that leaves the room."""
        todo = self.todo.get(there)
        if not todo:
            return None
        edges = self.atlas.edges.get(there, {})
        return next((operation for operation in todo if edges.get(operation) not in self._room), None)


def walk(
    session: Session,
    tour: Tour,
    part: str,
    pacing: Pacing = calmly,
    naming: Naming = Naming.PLAIN,
    on_violation: Callable[[Violation], object] | None = None,
) -> None:
    """Walk the tour until nothing that is left can be reached.

    A violation ends a sequence; without `on_violation` it ends the walk. Raises what `Session.step` raises.
    """
    while tour.next(tour.atlas.start) is not None:
        before = tour.covered
        session.begin(part, tour.atlas.names, naming, detailed=False)
        try:
            _stroll(session, tour, pacing)
            session.finish()
        except NothingNew:
            pass
        except Violation as violation:
            if on_violation is None:
                raise
            on_violation(violation)
        if tour.covered == before:
            return  # a whole sequence that covered nothing: the system does not go where the model would have it go


def _stroll(session: Session, tour: Tour, pacing: Pacing) -> None:
    number = 0
    barren, limit = 0, 2 * len(tour.atlas.edges)
    here: Place = tour.atlas.start
    while barren <= limit:
        operation = tour.next(here)
        if operation is None:
            return
        number += 1
        before = tour.covered
        try:
            session.step(Step(operation, pacing(number)))
        except (Violation, NothingNew):
            tour.done(here, operation, None)
            raise
        there = tour.atlas.place(here, operation, abstract(session.state, session.names))
        tour.done(here, operation, there)
        here = there
        barren = 0 if tour.covered > before else barren + 1
