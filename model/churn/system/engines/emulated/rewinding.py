"""Puts an emulated engine back to where it was, and tells which of its states are alike: what exhaustive search asks of it."""

from copy import copy
from typing import Any, Protocol

from churn.lifecycle.observation import is_nameless
from churn.system.engines.emulated.agenda import Agenda
from churn.system.engines.emulated.container import EmulatedContainer, Timing
from churn.system.engines.emulated.publishing import Neighbours
from churn.system.engines.emulated.register import Register
from churn.system.engines.emulated.removing import FREE_NAME
from churn.system.engines.emulated.resources import Resources
from churn.system.engines.emulated.running import Runner
from churn.system.rewinding import Numbers


class Parts(Protocol):
    """The parts of an engine that matter here."""

    timing: Timing
    agenda: Agenda
    register: Register
    resources: Resources
    neighbours: Neighbours
    runner: Runner
    down: bool


_CHANGING = (
    ("resources", ("volumes", "networks", "contents")),
    ("journal", ("events",)),
    ("runner", ("behaviours",)),
    ("neighbours", ("processes", "strangers")),
    ("remover", ("unremovable",)),
    ("ports", ("owners",)),
    ("register", ("names",)),
    ("agenda", ("planned",)),
    ("identities", ("count",)),
)
"""What changes in which part of an engine, its containers apart."""
_CHANGING_ITSELF = ("down", "boots", "up_at", "images")
"""What changes in the engine itself."""


def snapshot(engine: Parts) -> tuple[Any, ...]:
    """As `Rewindable.snapshot`."""
    containers = {identity: copy(found) for identity, found in engine.register.containers.items()}
    return containers, [copy(getattr(part, name)) for part, name in _changing(engine)]


def restore(engine: Parts, snapshot: tuple[Any, ...]) -> None:
    """As `Rewindable.restore`."""
    containers, rest = snapshot
    engine.register.containers = {identity: copy(found) for identity, found in containers.items()}
    for (part, name), value in zip(_changing(engine), rest, strict=True):
        setattr(part, name, copy(value))


def _changing(engine: Parts) -> list[tuple[object, str]]:
    inside = [(getattr(engine, part), name) for part, names in _CHANGING for name in names]
    return [*((engine, name) for name in _CHANGING_ITSELF), *inside]


def key(engine: Parts, numbers: Numbers) -> object:
    """As `Keyed.key`."""
    register, resources, neighbours = engine.register, engine.resources, engine.neighbours
    due = _due(engine, numbers)  # first: numbers are given in the order of asking
    return (
        tuple([_alike(engine.timing, found, numbers) for found in register.containers.values()]),
        tuple([(name, numbers(owner)) for name, owner in register.names.items()]),
        due,
        tuple([(numbers(port), who) for port, who in neighbours.strangers.items()]),
        tuple([item for item in engine.runner.behaviours.items() if item[1] != "healthy"]),
        sum(map(is_nameless, resources.volumes)),
        tuple([name for name in resources.volumes if not is_nameless(name)]),
        tuple(resources.networks),
        tuple(neighbours.processes),
        engine.down,
    )


def _due(engine: Parts, numbers: Numbers) -> tuple[object, ...]:
    lives = {found.id: found.life for found in engine.register.containers.values()}
    due = sorted(
        (numbers.since(when), action, numbers(identity))
        for when, _, action, identity, life in engine.agenda.planned
        if action == FREE_NAME or lives.get(identity) == life
    )
    return tuple(due)


def _alike(timing: Timing, found: EmulatedContainer, numbers: Numbers) -> object:
    ready = found.state == "running" and found.ready_at > numbers.now
    return (
        numbers(found.id), found.name, found.state, found.removing, found.stopped_by_hand, found.restart_count,
        found.restarts_in_row, found.spec.restart_policy, tuple([numbers(port) for port in found.spec.ports]),
        numbers.since(found.ready_at) if ready else None,
        numbers.since(found.started_at, timing.backoff_reset) if found.spec.restart_policy != "no" else None,
    )  # fmt: skip
