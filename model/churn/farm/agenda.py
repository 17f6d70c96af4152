"""What is looked for next, once there is nothing to settle: as one process would, but in parts that can be done side by side."""

from collections.abc import Iterator
from itertools import count, groupby
from typing import Protocol

from attrs import define, field

from churn.explore.interrupts import CASES, sweepable
from churn.explore.preview import Previewed, preview
from churn.farm.job import Kind, Limits, Part, Ways
from churn.farm.parts import TOUR
from churn.lifecycle.contract import Contract
from churn.lifecycle.operations import Pace
from churn.lifecycle.paths import Atlas, Pair, PairAtlas
from churn.lifecycle.planning import Planner
from churn.lifecycle.sequence import Sequence, service_names
from churn.session.run import Run
from churn.session.verdict import Verdict

_SLICE, _MOST_STEPS, _FIRST_STEPS = 400, 6, 50
"""Transitions in one slice of a tour; operations that one may cost, ways and resets included; and so many as what comes first."""
_SWEPT, _SWEEPING_EVERY = 3_500, 4
"""Operations that the complete sweep of one operation may cost; of the jobs after the tour one in so many is that."""
_EXPLORED, _BRIEFLY = 600, 40
"""Operations of random sequences in one job; and where operations are dear."""
_AT_LEAST = 60.0
"""Seconds that one slice of a plan is expected to take, or more where one sequence does."""
_EXPLORING_EVERY = 7
"""Of the jobs of a plan, one in so many does random sequences."""
_STRIDE = 7_919
"""A prime, between the seeds of jobs with random sequences."""

Task = tuple[Part, Limits]


class Agenda(Protocol):
    """What is looked for. It depends on what it was told, and on nothing else."""

    def next(self, found: int, *, settled: bool) -> Task:
        """What is done next, when so many bugs are known; `settled`: and nothing that failed is left to be settled."""

    def took(self, part: Part, runs: list[Run]) -> None:
        """What came of a part."""


@define
class Seeds:
    """The seeds of random sequences, one after the other."""

    seed: int
    _places: Iterator[int] = field(init=False, factory=count)

    def part(self, operations: int) -> Task:
        """The next ones."""
        return Part(kind=Kind.EXPLORE, seed=self.seed + next(self._places) * _STRIDE), Limits(operations=operations)


@define
class Thorough:
    """Where operations cost next to nothing: the whole tour, then random sequences; the tour again when more bugs are known.

    Again means: what did not pass before. Where the manager is ended midway, a short sweep of that comes before the tour, and the
    complete one amid the random sequences.
    """

    ways: Ways
    contract: Contract
    seeds: Seeds
    pairs: bool = False
    """Whether the tour covers pairs of transitions."""
    touring: bool = True
    _order: list[Pair] = field(init=False)
    _passed: dict[Pace, set[Pair]] = field(init=False, factory=lambda: {Pace.CALM: set(), Pace.HURRIED: set()})
    _ahead: list[Part] = field(init=False, factory=list)
    _sweeps: list[str] = field(init=False, factory=list)
    """The operations that are to be swept completely."""
    _drawn: int = field(init=False, default=0)
    """Jobs after the tour."""
    _found: int = field(init=False, default=-1)
    """How many bugs were known when the last tour began."""

    def __attrs_post_init__(self) -> None:
        names = service_names(self.ways.services)
        self._sweeps = [case.title for case in CASES] if self.ways.faults and sweepable(self.contract, names) else []
        self._order = (PairAtlas if self.pairs else Atlas)(names, self.contract, faults=self.ways.faults).pairs

    def next(self, found: int, *, settled: bool) -> Task:
        """As `Agenda.next`."""
        if self.touring and not self._ahead and found > self._found and (settled or self._found < 0):
            self._ahead = [] if self._found >= 0 else self._first
            self._ahead += [part for pace in self._passed for part in self._slices(pace)]
            self._found = found
        if self._ahead:
            part = self._ahead.pop(0)
            steps = max(_FIRST_STEPS, sum(last - first for first, last in part.places))
            return part, Limits(operations=_MOST_STEPS * steps)
        self._drawn += 1
        if self._sweeps and self._drawn % _SWEEPING_EVERY == 0:
            return Part(kind=Kind.SWEEP, case=self._sweeps.pop(0)), Limits(operations=_SWEPT)
        return self.seeds.part(_EXPLORED)

    @property
    def _first(self) -> list[Part]:
        """What comes before the first tour."""
        return [Part(kind=Kind.SIDE_BY_SIDE), *[Part(kind=Kind.SWEEP)] * bool(self._sweeps)]

    def took(self, part: Part, runs: list[Run]) -> None:
        """As `Agenda.took`. Where pairs are toured, a slice that was done counts as a whole."""
        if part.kind is not Kind.TOUR:
            return
        passed = self._passed[part.pace]
        if part.pairs:
            passed.update(pair for first, last in part.places for pair in self._order[first:last])
        passed.update(
            (record.before, record.step.operation)
            for run in runs
            if run.part == TOUR
            for record in run.records
            if record.verdict is not Verdict.FAIL
        )

    def _slices(self, pace: Pace) -> Iterator[Part]:
        """What is left at that pace, so much at a time."""
        passed = self._passed[pace]
        left = [place for place, pair in enumerate(self._order) if pair not in passed]
        for first in range(0, len(left), _SLICE):
            places = tuple(_ranges(left[first : first + _SLICE]))
            yield Part(kind=Kind.TOUR, pace=pace, places=places, pairs=self.pairs)


def _ranges(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Numbers that follow one another, as the first of them and the one after the last."""
    for _, group in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        yield run[0], run[-1] + 1


@define
class Thrifty:
    """Where operations are dear: what promises most for its seconds, planned here, so that no two jobs look for the same."""

    planner: Planner
    seeds: Seeds
    exploring: bool = True
    _ahead: Iterator[Previewed] = field(init=False)
    _jobs: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._ahead = preview(self.planner, float("inf"))

    def next(self, found: int, *, settled: bool) -> Task:  # noqa: ARG002 -- as `Agenda.next`
        """As `Agenda.next`."""
        self._jobs += 1
        if self.exploring and self._jobs % _EXPLORING_EVERY == 0:
            return self.seeds.part(_BRIEFLY)
        sequences, seconds = list[Sequence](), 0.0
        while seconds < _AT_LEAST:
            planned = next(self._ahead)
            sequences.append(Sequence(planned.steps, planned.naming))
            seconds += self.planner.costs.total(sequences[-1], self.planner.contract)
        return Part(kind=Kind.PLAN, sequences=tuple((self.planner.names, one) for one in sequences)), Limits()

    def took(self, part: Part, runs: list[Run]) -> None:
        """As `Agenda.took`: what was planned is taken for done."""
