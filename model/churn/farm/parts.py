"""What is done in a job, by its kind; a failure's settling apart, which is the triage's."""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from churn.errors import UsageError
from churn.explore.interrupts import CASES, Sweep, sweep_briefly
from churn.explore.machine import Explorer, explore, rounds
from churn.explore.scenarios import cycles, side_by_side
from churn.explore.tour import Tour, calmly, hurriedly, walk
from churn.farm.job import Kind, Sought
from churn.farm.work import Work
from churn.lifecycle.operations import Pace, Step
from churn.lifecycle.paths import Atlas, Pair, PairAtlas
from churn.lifecycle.sequence import Naming, Sequence, fitting, service_names
from churn.lifecycle.state import healing, is_enabled
from churn.report.values import SCENARIO
from churn.session.known import NothingNew
from churn.session.session import Session
from churn.session.showing import containers
from churn.session.understood import acquainted
from churn.session.violation import Violation

TOUR, SIDE_BY_SIDE, PLANNED, EXPLORATION = "tour", "side by side", "search", "exploration"
_MOST_REPEATS = 10
"""Failures in a row that look like one that the job met before, after which it ends: these have to be settled first."""


def _cycles(work: Work) -> None:
    """The five cycles, whatever the limits are, and at their end the engine's own list."""
    job, session = work.job, work.session
    calm = job.part.pace is Pace.CALM
    sequence = cycles(job.ways.cycles, pace=job.part.pace, waiting=calm or not job.ways.thrifty)
    with acquainted(session), session.budget.uncounted():
        try:
            run = session.run(SCENARIO, service_names(1), sequence)
        except Violation as violation:
            work.violated(violation)
        except NothingNew:
            pass
        else:
            run.records[-1].shown = (session.system.show(containers(session.contract)),)


def _side_by_side(work: Work) -> None:
    names = service_names(work.job.ways.services)
    _all_of(work, SIDE_BY_SIDE, [(names, side_by_side(names))])


def _tour(work: Work) -> None:
    """The slice of the tour; hurried, with names that are each a part of the next."""
    part, session = work.job.part, work.session
    names, calm = service_names(work.job.ways.services), part.pace is Pace.CALM
    oddly = Naming.PLAIN if calm else Naming.PREFIX
    naming = next(iter(fitting((oddly,), names, session.contract)), Naming.PLAIN)
    atlas = (PairAtlas if part.pairs else Atlas)(names, session.contract, faults=work.job.ways.faults)
    tour = Tour(atlas)
    _keep(tour, sliced(atlas.pairs, part.places))
    walk(session, tour, TOUR, calmly if calm else hurriedly, naming, work.violated)


def sliced(pairs: list[Pair], places: Iterable[tuple[int, int]]) -> list[Pair]:
    """Those of the pairs that stand at these places."""
    return list(chain.from_iterable(pairs[first:last] for first, last in places))


def _keep(tour: Tour, wanted: Iterable[Pair]) -> None:
    """Leave nothing to be done in the tour but that."""
    tour.todo = {}
    for here, operation in wanted:
        tour.todo.setdefault(here, {})[operation] = None


def _plan(work: Work) -> None:
    _all_of(work, PLANNED, work.job.part.sequences)


def _all_of(work: Work, part: str, sequences: Iterable[Sought]) -> None:
    """One sequence after the other, each as far as the system lets it be done."""
    healed: set[str] = set()
    for names, sequence in sequences:
        try:
            _as_planned(work.session, part, names, sequence)
            _put_right(work.session, healed)
            work.session.finish()
        except Violation as violation:
            work.violated(violation)
        except NothingNew:
            pass


def _as_planned(session: Session, part: str, names: tuple[str, ...], sequence: Sequence) -> None:
    session.begin(part, names, sequence.naming, detailed=False)
    for step in sequence.steps:
        if not is_enabled(session.state, step.operation):
            break  # the system went another way than was planned
        session.step(step)


def _put_right(session: Session, healed: set[str]) -> None:
    """What ended unknown, unless this job did so after an operation of the same kind: a manager has to get well again."""
    lost = {one.unsettled.kind for one in session.state.services.values() if one.unsettled is not None}
    if not lost <= healed:
        healed |= lost
        for operation in healing(session.state):
            session.step(Step(operation))


def _explore(work: Work) -> None:
    """Random sequences, by seeds that follow the job's own, until the limits are reached."""
    ways = work.job.ways
    explorer = Explorer(session=work.session, services=min(3, ways.services + 1), faults=ways.faults,
                        brief=ways.thrifty, part=EXPLORATION)  # fmt: skip
    repeats = 0
    for seed in rounds(work.job.part.seed):
        violation = explore(explorer, ways.profile, seed)
        if violation is None or repeats >= _MOST_REPEATS:
            return
        repeats = 0 if work.violated(violation) else repeats + 1


def _sweep(work: Work) -> None:
    if not work.job.part.case:
        sweep_briefly(work.session, work.violated)
        return
    case = next((one for one in CASES if one.title == work.job.part.case), None)
    if case is None:
        titles = ", ".join(one.title for one in CASES)
        raise UsageError(f"job {work.job.id}: case: expected one of {titles}; got {work.job.part.case!r:.60}")
    Sweep(work.session, work.violated).of(case)


PARTS: Mapping[Kind, Callable[[Work], None]] = {
    Kind.CYCLES: _cycles,
    Kind.SIDE_BY_SIDE: _side_by_side,
    Kind.TOUR: _tour,
    Kind.PLAN: _plan,
    Kind.REPLAY: _plan,
    Kind.EXPLORE: _explore,
    Kind.SWEEP: _sweep,
}
