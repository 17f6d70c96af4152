"""Criterion 3, what moved though nothing asked it to: by an operation on another service, or by itself."""

from collections.abc import Iterator

from churn.lifecycle.invariants.base import Objection, Sight, ps


def _moved(sight: Sight, *, acted: bool) -> Iterator[tuple[str, str, str]]:
    """Services whose container is not as it was: name, expected, seen. Those acted on are told apart by the caller."""
    for name, service, found in sight.sound:
        if found is not None and found.state == "running":
            continue
        if (name in sight.acted) is not acted or service.container != sight.expected.services[name].container:
            continue
        if found is not None:
            yield name, f"{found.alias} stays running", f"{found.alias} is {found.state}"
        elif isinstance(service.container, str):
            yield name, f"service {name} keeps its running container", "its container is gone"


def undisturbed(sight: Sight) -> Iterator[Objection]:
    """An operation on one service leaves the container and port of every other alone."""
    if sight.waited:
        return
    for name, expected, seen in _moved(sight, acted=False):
        yield Objection(f"{sight.operation}: {expected}", seen, name, ps(sight.contract))


def quiet(sight: Sight) -> Iterator[Objection]:
    """Between two operations nothing moved by itself, services under a fault or an unknown outcome aside."""
    if not sight.waited:
        return
    for name, expected, seen in _moved(sight, acted=False):
        yield Objection(f"while nothing was asked: {expected}", seen, name, ps(sight.contract))
    exempt = {name for name, service in sight.state.services.items() if service.exempt}
    told: set[str] = set()
    for event in sight.observation.events:
        found = sight.observation.containers.get(event.container)
        if found is None or found.service in exempt or event.action not in _MOVES or found.id in told:
            continue
        told.add(found.id)
        yield Objection(
            "while nothing was asked: no container moves",
            f"{found.alias}: {event.action}",
            found.service,
            ps(sight.contract),
        )


_MOVES = frozenset({"create", "start", "die", "kill", "stop", "restart", "pause", "unpause", "rename", "oom"})
