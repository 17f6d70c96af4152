"""Expected states in a form that leaves out ids, ports and times: the exhaustive search visits those that are alike once."""

from collections.abc import Hashable, Iterable

from churn.lifecycle.state import Baseline, Fresh, State
from churn.session.judging import Pending
from churn.system.protocols import Engine
from churn.system.rewinding import Numbers


def expected(
    possible: Iterable[State], pending: Pending | None, numbers: Numbers, engine: Engine
) -> tuple[Hashable, ...]:
    """The possible states, and those after a step that nobody has looked at yet, without ids, ports and times."""
    branches = pending.branches if pending is not None else ()
    states = [*((None, state) for state in possible), *((one.must, one.state) for one in branches)]
    unseen = (pending.acted, pending.waited) if pending is not None else None
    return tuple([(must, _alike(state, numbers, engine)) for must, state in states]), unseen


def _alike(state: State, numbers: Numbers, engine: Engine) -> Hashable:
    alive = [row.id for row in engine.list()]
    services = tuple([
        (name, one.condition, one.status, one.server, _container(one.container), numbers(one.port), one.leftover,
         one.behaviour, one.held, numbers(one.container) if isinstance(one.container, str) else None,
         numbers(one.again), one.asked, one.made, numbers(one.next_port))
        for name, one in state.services.items()
    ])  # fmt: skip
    base = _baseline(state.baseline)
    return services, tuple([identity in state.seen for identity in alive]), state.undergone, base, state.volumes or None


def _baseline(baseline: Baseline | None) -> Hashable:
    """Volumes without a name are told by their number: each has another id."""
    if baseline is None:
        return None
    named = frozenset([one for one in baseline.resources if not one.nameless])
    return baseline.undergone, named, len(baseline.resources) - len(named)


def _container(container: str | Fresh | None) -> Hashable:
    return container.strict if isinstance(container, Fresh) else container is not None
