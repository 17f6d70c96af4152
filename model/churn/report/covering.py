"""What was tried and what was not: a map of conditions and operations, a graph of the ways, and a few words."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from attrs import define, field

from churn.explore.coverage import Coverage
from churn.lifecycle.condition import ABSENT, Abstract, Condition
from churn.lifecycle.operations import Operation
from churn.lifecycle.paths import state_of
from churn.report.pictures import Cell, Graph, Heat, Way
from churn.report.values import Steps
from churn.report.words import label, plainly

ALONE, BESIDE, IDLE = "no other service exists", "another service runs", "others exist, none of them runs"
FACETS = (ALONE, BESIDE, IDLE)
_NOWHERE = Condition("any")


@define
class Covering:
    """Counts what the pairs of an atlas, and the failures of a run, come to."""

    coverage: Coverage
    steps: Steps
    cells: dict[tuple[str, Condition, str], Cell] = field(init=False, factory=dict)
    rows: dict[Condition, None] = field(init=False, factory=dict)
    columns: dict[str, None] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        done = self.coverage.done
        for here, operation in self.coverage.atlas.pairs:
            cell = self._cell(state_of(here), operation)
            cell.enabled += 1
            cell.done += (here, operation) in done
            cell.times += done.get((here, operation), 0)
        for run, record in self.steps:
            if record.fingerprint is not None:
                self._cell(record.before, record.step.operation, run.names).failed += 1

    def _cell(self, before: Abstract, operation: Operation, names: tuple[str, ...] = ()) -> Cell:
        """The cell of an operation in that state, of these services; by default those of the atlas."""
        place = _place(operation, names or self.coverage.atlas.names)
        row, column = before[place] if place is not None else _NOWHERE, _column(operation)
        self.rows.setdefault(row)
        self.columns.setdefault(column)
        return self.cells.setdefault((_facet(before, place), row, column), Cell())

    def maps(self) -> tuple[Heat, ...]:
        """One map for each thing that the other services may be doing."""
        found = {facet for facet, _, _ in self.cells}
        rows = sorted(
            self.rows, key=lambda row: (row == _NOWHERE, row.held, row.doomed, _ORDER.get(row.word, len(_ORDER)))
        )
        return tuple(
            Heat(
                facet=facet,
                rows=tuple(map(str, rows)),
                told=tuple(map(plainly, rows)),
                columns=tuple(self.columns),
                cells=tuple(
                    tuple(self.cells.get((facet, row, column), Cell()) for column in self.columns) for row in rows
                ),
            )
            for facet in FACETS
            if facet in found
        )

    # -- the graph ----------------------------------------------------------------------------------------------------

    def graph(self) -> Graph:
        """The ways of one service, whichever: that to which an operation is done."""
        walked: dict[tuple[Condition, Condition], dict[str, bool]] = {}
        for here, edges in self.coverage.atlas.edges.items():
            for operation, there in edges.items():
                place = _place(operation, self.coverage.atlas.names)
                if place is None:
                    continue
                way = state_of(here)[place], state_of(there)[place]
                known = walked.setdefault(way, {})
                column = _column(operation)
                known[column] = known.get(column, False) or (here, operation) in self.coverage.done
        times = Counter(record.condition for _, record in self.steps)
        failed = {(record.condition, _column(record.step.operation)) for _, record in self.steps if record.fingerprint}
        nodes = dict.fromkeys(one for way in walked for one in way)
        return Graph(
            nodes=tuple((str(one), plainly(one), times[one]) for one in nodes),
            ways=tuple(
                Way(
                    start=str(start),
                    end=str(end),
                    walked=tuple(name for name, done in by.items() if done),
                    untried=tuple(name for name, done in by.items() if not done),
                    failed=any((start, name) in failed for name in by),
                )
                for (start, end), by in walked.items()
                if start != end
            ),
        )

    # -- in words -----------------------------------------------------------------------------------------------------

    def words(self) -> Iterator[str]:
        """What was never tried, from the most to the least."""
        for facet, text in (
            (BESIDE, "no operation while another service ran"),
            (IDLE, "no operation beside a service at rest"),
        ):
            if self._enabled(facet) and not any(c.done for (where, _, _), c in self.cells.items() if where == facet):
                yield text
        never = [column for column in self.columns if self._idle(key for key in self.cells if key[2] == column)]
        if never:
            yield f"never done: {_some(list(map(label, never)))}"
        unmet = [row for row in self.rows if row != _NOWHERE and self._idle(key for key in self.cells if key[1] == row)]
        if unmet:
            yield f"nothing was done with a service in these states: {_some([plainly(row) for row in unmet], '; or ')}"

    def _enabled(self, facet: str) -> bool:
        return any(cell.enabled for (where, _, _), cell in self.cells.items() if where == facet)

    def _idle(self, keys: Iterable[tuple[str, Condition, str]]) -> bool:
        cells = [self.cells[key] for key in keys]
        return any(cell.enabled for cell in cells) and not any(cell.done for cell in cells)


_ORDER = {word: place for place, word in enumerate(("absent", "created", "running", "stopped", "failed", "dead"))}


_MOST_NAMED = 4


def _some(names: Sequence[str], between: str = ", ") -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{between.join(names[:_MOST_NAMED])}{more}"


def _place(operation: Operation, names: tuple[str, ...]) -> int | None:
    """Where the service acted on stands among these; None where it is none of them."""
    return names.index(operation.service) if operation.service in names else None


def _facet(before: Abstract, place: int | None) -> str:
    others = [one for index, one in enumerate(before) if index != place and one != ABSENT]
    if place is None and others:  # it acts on no service: one of them is as good as acted on
        others.remove(next((one for one in others if one.word == "running"), others[0]))
    if not others:
        return ALONE
    return BESIDE if any(one.word == "running" for one in others) else IDLE


def _column(operation: Operation) -> str:
    """The operation without its service."""
    words = str(operation).split(" ")
    return " ".join(word for word in words if word != operation.service)
