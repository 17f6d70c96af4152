"""Where the states of a service stand in the picture of its ways, and how the ways run between them."""

from math import hypot

from attrs import frozen

from churn.lifecycle.condition import Condition
from churn.report.pictures import Graph, Way

WIDTH = 1208
_COLUMNS = ("absent", "created", "running", "stopped", "failed", "dead")
_LEFT, _TOP, _ACROSS, _DOWN, _BEND, _RADIUS = 80, 96, 188, 200, 0.16, 30
_MARGIN = 60


@frozen
class Spot:
    """A state: its name, plain words for it, how often something was done in it, and where it stands."""

    name: str
    told: str
    times: int
    x: float
    y: float


@frozen
class Line:
    """A way, as the path of a curve with an arrow at its end."""

    way: Way
    path: str

    @property
    def look(self) -> str:
        """The word that its colour goes by."""
        if self.way.failed:
            return "failed"
        return "untried" if not self.way.walked else "partly" if self.way.untried else "tried"


@frozen
class Chart:
    """The whole picture."""

    spots: tuple[Spot, ...]
    lines: tuple[Line, ...]
    height: int


def chart(graph: Graph) -> Chart:
    """The graph, laid out: a column for each word, a row for each set of faults. The layout depends on nothing else."""
    spots = {name: Spot(name, told, times, *_place(name)) for name, told, times in graph.nodes}
    lines = tuple(Line(way, _curve(spots[way.start], spots[way.end])) for way in graph.ways)
    return Chart(tuple(spots.values()), lines, int(max((spot.y for spot in spots.values()), default=0) + _MARGIN))


def _place(name: str) -> tuple[float, float]:
    condition = Condition.of(name)
    column = _COLUMNS.index(condition.word) if condition.word in _COLUMNS else len(_COLUMNS) - 1
    row = condition.doomed + 2 * condition.held
    shift = _ACROSS / 4 * (row % 2)
    return _LEFT + column * _ACROSS + shift, _TOP + row * _DOWN + (column % 2) * _DOWN / 3


def _curve(start: Spot, end: Spot) -> str:
    across, down = end.x - start.x, end.y - start.y
    length = hypot(across, down) or 1.0
    middle_x = (start.x + end.x) / 2 - down * _BEND
    middle_y = (start.y + end.y) / 2 + across * _BEND
    x1, y1 = _towards(start, middle_x, middle_y, _RADIUS)
    x2, y2 = _towards(end, middle_x, middle_y, min(_RADIUS + 8, length / 2))
    return f"M{x1:.0f} {y1:.0f}Q{middle_x:.0f} {middle_y:.0f} {x2:.0f} {y2:.0f}"


def _towards(spot: Spot, x: float, y: float, far: float) -> tuple[float, float]:
    length = hypot(x - spot.x, y - spot.y) or 1.0
    return spot.x + (x - spot.x) * far / length, spot.y + (y - spot.y) * far / length
