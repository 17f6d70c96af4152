"""Expected states that are the same: to the letter, or but for ids, ports and moments."""

from collections.abc import Hashable, Iterable

from churn.lifecycle.state import Fresh, State
from churn.system.protocols import Engine
from churn.system.rewinding import Numbers


def distinct(states: Iterable[State]) -> tuple[State, ...]:
    """The states, each once."""
    found: list[State] = []
    for state in states:
        if state not in found:
            found.append(state)
    return tuple(found)


def alike(state: State, numbers: Numbers, engine: Engine) -> Hashable:
    """An expected state without ids, ports and moments: states that are alike have the same."""
    alive = [row.id for row in engine.list()]
    services = tuple([
        (name, one.condition, one.status, one.server, _container(one.container), numbers(one.port), one.leftover,
         one.behaviour, one.held, numbers(one.container) if isinstance(one.container, str) else None)
        for name, one in state.services.items()
    ])  # fmt: skip
    return services, tuple([identity in state.seen for identity in alive]), state.cycled, state.baseline


def _container(container: str | Fresh | None) -> Hashable:
    return container.strict if isinstance(container, Fresh) else container is not None
