"""Checks for what others left: runs that are over, on the engine and on this machine, and AIMA."""

from collections.abc import Iterable
from pathlib import Path

from churn.doctor.engine import Shown
from churn.doctor.findings import CheckFinding, listing, ok, problem
from churn.system.leftovers import Owned, folders, on_engine, processes
from churn.system.managers.aima import LABELS as AIMA_LABELS
from churn.system.ownership import OWNER
from churn.system.runs import Life


def engines(engine: Shown) -> CheckFinding:
    """Whether containers, networks and volumes of runs that are over are left."""
    return _told(on_engine(engine))


def here(temporary: Path) -> CheckFinding:
    """Whether temporary folders of runs that are over are left in that folder, or processes of theirs."""
    left = tuple(folders(temporary))
    return _told((*left, *processes({one.run for one in left})))


def _told(found: Iterable[Owned]) -> CheckFinding:
    owned = tuple(found)
    left = [one.what for one in owned if one.life is Life.OVER]
    if left:
        return problem(f"left by runs that are over: {listing(left)}", "churn clean")
    others = f"; {len(owned)} thing(s) of runs that may be alive" if owned else ""
    return ok(f"nothing of runs that are over{others}")


def aima(engine: Shown) -> CheckFinding:
    """Whether AIMA has containers that no run of Churn made: it would take them for its own."""
    foreign = [row for row in engine.list(AIMA_LABELS) if OWNER not in row.labels]
    if not foreign:
        return ok("none but those of runs")
    found = listing([f"{row.name} ({row.state})" for row in foreign])
    names = " ".join(row.name or row.id for row in foreign)
    return problem(
        f"no run made these, and AIMA takes all that carry aima.managed=true for its own: {found}",
        f"stop their services in the AIMA that made them; where nobody needs them: docker rm -f {names}",
    )
