"""Checks for what others left on the engine: runs that are over, and AIMA."""

from pathlib import Path

from churn.doctor.engine import Shown
from churn.doctor.findings import CheckFinding, listing, note, ok, problem
from churn.system.managers.aima import LABELS as AIMA_LABELS
from churn.system.ownership import OWNER, abandoned, dead_runs, is_dead


def things(engine: Shown, runs: Path) -> CheckFinding:
    """Whether containers, networks and volumes of dead runs are left; `runs` is where runs keep their locks."""
    owned = engine.list({OWNER: ""})
    dead = [row for row in owned if is_dead(row.labels, runs)]
    left = [f"container {row.name} ({row.state})" for row in dead]
    left += [str(resource) for resource, _ in abandoned(engine.resources, runs)]
    if left:
        return problem(f"left by runs that are over: {listing(left)}", "churn clean")
    others = len(owned) - len(dead)
    alive = f"; {others} container(s) of runs that may be alive" if others else ""
    return ok(f"nothing of runs that are over{alive}")


def locks(runs: Path) -> CheckFinding:
    """Whether runs were killed: their locks lie there and nobody holds them."""
    dead = dead_runs(runs)
    if dead:
        return note(f"{runs} has locks of runs that were killed: {listing(dead)}", "churn clean")
    return ok(f"{runs} has none of a dead run")


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
