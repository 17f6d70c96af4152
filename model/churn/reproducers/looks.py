"""What a script has to look at to tell whether a bug is there: what should be by then, and what was seen instead."""

import re
from collections.abc import Iterator
from typing import Any

from churn.errors import UsageError
from churn.lifecycle.binding import comparable
from churn.lifecycle.condition import ILL, SOUND
from churn.lifecycle.contract import Contract, Ports
from churn.lifecycle.durations import least_slow
from churn.lifecycle.form import Setting, part_of
from churn.lifecycle.invariants import named
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import Pace
from churn.lifecycle.outcome import Ok
from churn.lifecycle.state import CLEAN, Service, State, is_enabled
from churn.lifecycle.transitions import Must, follow
from churn.reproducers.file import Reproducer

_IMAGINED = Ok()


def look_of(reproducer: Reproducer, contract: Contract) -> dict[str, Any]:
    """What the template of its invariant's look needs. Raises `UsageError` for an invariant that is not known."""
    name = reproducer.signature.invariant
    if named(name) is None:
        raise UsageError(
            f"expected the name of an invariant that Churn has, got {name!r}; replay it without --as-shell"
        )
    states = list(_states(reproducer, contract))
    real = reproducer.sequence.naming.real
    last, before = states[-1].services, states[-2].services if len(states) > 1 else {}
    final = reproducer.sequence.steps[-1]
    service = _concerned(reproducer)
    return {
        "invariant": name,
        "expected": reproducer.expected,
        "seen": reproducer.seen,
        "last": final.operation.kind,
        "asked": final.pace is not Pace.ENGINE_ONLY,
        "all": [real(one) for one in reproducer.names],
        "service": real(service),
        "running": [real(one) for one, found in last.items() if found.server is SOUND],
        "staying": [real(one) for one, found in last.items() if _stays(before.get(one), found)],
        "alive": sum(found.server in (SOUND, ILL) for found in last.values()),
        "most": sum(map(_most, last.values())),
        "baseline": _baseline(reproducer, states),
        "seconds": _number(r"([\d.]+) s\b", reproducer.expected),
        "usual": reproducer.usual,
        "least_slow": int(least_slow(reproducer.usual or 0.0)),
        "policies": sorted(contract.restart_policies),
        "belongings": contract.belongings,
        "processes": sorted(contract.processes),
        "fixed": contract.ports is Ports.FIXED,
        "range": contract.port_range if "has a port from" in reproducer.expected else None,
        "words": list(_words(reproducer.expected, contract)),
        **_part(reproducer, contract),
        "target": _found(r"the volume at (\S+) of", reproducer.expected),
    }


def succeeding(reproducer: Reproducer, contract: Contract) -> Iterator[bool]:
    """Of each step whether it is the manager's to do, and has to succeed; not so of those that are not possible."""
    state = CLEAN
    for step in reproducer.sequence.steps:
        if not is_enabled(state, step.operation):
            yield False
            continue
        branches = follow(state, step.operation, _IMAGINED, contract)
        yield step.operation.manager and all(branch.must is Must.OK for branch in branches)
        state = branches[0].state


def _states(reproducer: Reproducer, contract: Contract) -> Iterator[State]:
    """What the model expects after each step. A replay passes over those that are not possible."""
    state = CLEAN
    for step in reproducer.sequence.steps:
        if is_enabled(state, step.operation):
            state = follow(state, step.operation, _IMAGINED, contract)[0].state
        yield state


def _stays(before: Service | None, now: Service) -> bool:
    """Whether the service has to run on in the container that it had before the last step."""
    return before is not None and before.server is now.server is SOUND and before.container is now.container


def _most(service: Service) -> int:
    """How many containers the service may have."""
    return int(service.server in (SOUND, ILL) or service.leftover or (service.container is not None))


def _baseline(reproducer: Reproducer, states: list[State]) -> int:
    """The number of the step after which leaks are counted from; 0: from before the first one."""
    last = states[-1]
    if reproducer.signature.invariant != "no-leaks" or "no volume is left" in reproducer.expected:
        return 0
    alike = (number for number, one in enumerate(states[:-1], 1) if comparable(one) and one.undergone == last.undergone)
    return next(alike, 0)


def _concerned(reproducer: Reproducer) -> str:
    """The service that the objection is about; that of the last step where it names none."""
    for text in (reproducer.expected, reproducer.seen):
        for pattern in (r"\bservice (\w+)\b", r"\b(\w+)#\d+", r"\bof (\w+)\b", r"^(\w+) runs"):
            if (name := _found(pattern, text)) in reproducer.names:
                return name
    return reproducer.sequence.steps[-1].operation.service or reproducer.names[0]


def _words(expected: str, contract: Contract) -> Iterator[str]:
    """The manager's words for the statuses that were expected; all that it knows where none is told."""
    told = [status for status in Status if re.search(rf"\b{status.value}\b", expected.partition(" is ")[2])]
    unwanted = "is not running" in expected
    for word in contract.words:
        meant = contract.meanings(word)
        wanted = Status.RUNNING not in meant if unwanted else bool(set(meant) & set(told)) or not told
        if wanted:
            yield word


def _part(reproducer: Reproducer, contract: Contract) -> dict[str, str | None]:
    """The part of how a container was made that is not as it was, and what an update says of it."""
    part = _found(r"^(.+) of \S+#\d+ is as ", reproducer.expected)
    told = dict(part_of(one, value) for one, value in contract.updates.items() if one is not Setting.PORT)
    updated = "as its updates say" in reproducer.expected
    return {"part": part, "updated": told.get(part, "") if updated else None}


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found is not None else ""


def _number(pattern: str, text: str) -> int:
    """A number of seconds in a text, cut to a whole one; 0 where there is none."""
    found = _found(pattern, text)
    return int(float(found)) if found else 0
