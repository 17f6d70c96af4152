"""Criterion 3: containers that changed though nobody asked for it, by an operation on another service or by themselves."""

from collections.abc import Iterator

from churn.lifecycle.invariants.base import CONTAINERS, Advice, Case, Invariant, Objection, Severity, Trait
from churn.lifecycle.outcome import Overlapped


def _moved(case: Case) -> Iterator[tuple[str, str, str]]:
    """The services that no operation acted on, and whose container does not run any more: name, expected, seen."""
    for name, service, found in case.sound:
        if found is not None and found.state == "running":
            continue
        if name in case.acted or service.container != case.expected.services[name].container:
            continue
        if found is not None:
            yield name, f"{found.alias} stays running", f"{found.alias} is {found.state}"
        elif isinstance(service.container, str):
            yield name, f"service {name} keeps its running container", "its container is gone"


def undisturbed(case: Case) -> Iterator[Objection]:
    """An operation on one service leaves the container and port of every other alone."""
    if case.waited:
        return
    touched: set[str] = set()  # while several clients ask: also what was put right again by the end
    if isinstance(case.outcome, Overlapped):
        for name, action, alias in _touched(case):
            touched.add(name)
            yield Objection(f"{case.operation}: {alias} stays running", f"{alias}: {action}", name, CONTAINERS)
    for name, expected, seen in _moved(case):
        if name not in touched:
            yield Objection(f"{case.operation}: {expected}", seen, name, CONTAINERS)


def _touched(case: Case) -> Iterator[tuple[str, str, str]]:
    """The services that nobody asked for, with the first that happened to their container, by the engine's events."""
    for name, service, found in case.sound:
        if found is None or name in case.acted or service.container != case.expected.services[name].container:
            continue
        moves = (one.action for one in case.observation.events if one.container == found.id and one.action in _MOVES)
        if (first := next(moves, None)) is not None:
            yield name, first, found.alias


UNDISTURBED = Invariant(
    name="undisturbed",
    says="service {service} is harmed, though nothing was asked of it",
    criterion=3,
    check=undisturbed,
    severity=Severity.CRITICAL,
    advice=Advice(
        "containers are chosen by something that services share (a label, a port, part of a name)",
        "choose a container by an id or label that only its own service has",
    ),
    traits=frozenset({Trait.FACT, Trait.OTHERS, Trait.MOVING}),
)


def quiet(case: Case) -> Iterator[Objection]:
    """While nothing is asked of the manager, no container starts, ends, comes or goes.

    This is not demanded of a service that is under a fault, or on which an operation ended unknown.
    """
    if not case.waited:
        return
    for name, expected, seen in _moved(case):
        yield Objection(f"while nothing was asked: {expected}", seen, name, CONTAINERS, advice=_ENDED)
    exempt = {name for name, service in case.state.services.items() if service.exempt}
    told: set[str] = set()
    for event in case.observation.events:
        found = case.observation.containers.get(event.container)
        if found is None or found.service in exempt or event.action not in _MOVES or found.id in told:
            continue
        told.add(found.id)
        yield Objection(
            "while nothing was asked: no container moves", f"{found.alias}: {event.action}", found.service, CONTAINERS
        )


_MOVES = frozenset({"create", "start", "die", "kill", "stop", "restart", "pause", "unpause", "rename", "oom"})
_ENDED = Advice(
    "something of the manager's ends containers some time after the operation: a late clean-up, a watcher, a timer",
    "let a clean-up that comes late look again whether the service has been started meanwhile",
)
QUIET = Invariant(
    name="quiet",
    says="a container moves by itself",
    criterion=3,
    check=quiet,
    severity=Severity.HIGH,
    advice=Advice(
        "something acts on containers after the operation has returned: a restart policy, a retry, a late clean-up",
        "return from an operation only when all that it does is done; let nothing but operations start containers",
    ),
    traits=frozenset({Trait.BELATED, Trait.BY_ITSELF, Trait.MOVING}),
)
