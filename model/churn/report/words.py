"""What happened, in sentences for people who know neither Churn nor its words."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from churn.lifecycle.condition import ABSENT, ANY, UNSETTLED, Behaviour, Condition
from churn.lifecycle.invariants import Objection, Severity, named
from churn.lifecycle.operations import (
    KINDS,
    Calls,
    Crash,
    Create,
    Disturb,
    Disturbance,
    Ending,
    HoldPort,
    Interrupt,
    InterruptAt,
    Kill,
    List,
    Operation,
    Outage,
    ReleasePort,
    Remove,
    RemoveContainer,
    Restart,
    RestartEngine,
    RestartManager,
    SetBehaviour,
    Start,
    Status,
    Stop,
    Together,
    Update,
    Wait,
)
from churn.session.run import Record
from churn.shrink.bug import Bug

_MOST = 160
"""Characters of what was seen that a sentence quotes."""


def sentence(record: Record) -> str:
    """What is wrong, for a stranger: "When b (created, never started) is stopped: service a is harmed, …"."""
    first = record.objections[0]
    seen = by_name(first.seen)
    return f"{_when(record)}, {_wrong(first)}: {seen if len(seen) <= _MOST else f'{seen[:_MOST]}…'}"


def by_name(seen: str) -> str:
    """What was seen, with the containers that do not tell their service called by their own names alone."""
    return _UNTOLD.sub(r"\1", seen)


_UNTOLD = re.compile(r"\?#\d+ \(([^()]+)\)")


def _wrong(found: Objection) -> str:
    invariant = named(found.invariant)
    says = invariant.says if invariant is not None else ""
    says = says or f"a rule is broken ({found.invariant})"
    return says.replace("service {service}", "{service}").replace("{service}", _service(found.service))


def _service(name: str | None) -> str:
    return f"service {name}" if name is not None else "a service"


def _when(record: Record) -> str:
    name = record.step.operation.service
    whom = "" if name is None else f"{called(name)} ({plainly(record.condition)})"
    return f"When {deed(record.step.operation, whom)}"


def called(name: str | None) -> str:
    """A service in a sentence; nothing where there is none."""
    return f"service {name}" if name else ""


def deed(operation: Operation, whom: str) -> str:
    """What is done, as a clause; `whom` is how the service is called in it."""
    does = _DOES.get(type(operation))
    return does(operation, whom) if does is not None else f"`{operation}` is done"


_DOES: Mapping[type[Operation], Callable[[Any, str], str]] = {
    Create: lambda _, whom: f"{whom} is created",
    Start: lambda _, whom: f"{whom} is started",
    Stop: lambda _, whom: f"{whom} is stopped",
    Restart: lambda _, whom: f"{whom} is restarted",
    Remove: lambda _, whom: f"{whom} is removed",
    Update: lambda operation, whom: f"the {operation.what.value} of {whom} is changed",
    Status: lambda _, whom: f"the manager is asked about {whom}",
    List: lambda _, __: "the manager is asked for its list",
    Wait: lambda operation, _: f"nothing is asked for a {operation.length.value} while",
    RestartManager: lambda _, __: "the manager's own daemon is restarted",
    RestartEngine: lambda operation, _: f"the container engine is restarted{_OUTAGES[operation.how]}",
    SetBehaviour: lambda operation, whom: f"the server of {whom} {_BEHAVIOURS[operation.how]}",
    Crash: lambda _, whom: f"the server of {whom} crashes",
    Kill: lambda _, whom: f"somebody else kills the container of {whom}",
    RemoveContainer: lambda _, whom: f"somebody else removes the container of {whom}",
    HoldPort: lambda _, whom: f"somebody else takes the port of {whom}",
    Disturb: lambda operation, _: _DISTURBANCES[operation.how],
    Interrupt: lambda operation, _: _interrupted(operation),
    InterruptAt: lambda operation, _: _interrupted_at(operation),
    ReleasePort: lambda _, whom: f"somebody else gives back the port of {whom}",
    Together: lambda operation, whom: _together(operation, whom),
}
"""What is done, of the operation and the service that it acts on. An operation that is not here is told by its own word."""


def _together(operation: Together, whom: str) -> str:
    words = [", then ".join(deed(one, called(one.service)) for one in lane) for lane in operation.lanes]
    asked = " and ".join(words)
    first = asked.replace(called(operation.service), whom, 1) if operation.service else asked
    return f"{len(words)} clients ask at the same time, so that {first}"


_ENDED = {Ending.KILL: "killed", Ending.TERM: "asked to end (SIGTERM)", Ending.INT: "interrupted (Ctrl-C)"}


def _interrupted_at(operation: InterruptAt) -> str:
    return (
        f"the manager is {_ENDED[operation.how]} in the middle of its next operation, "
        f"after {operation.percent} % of the time that this usually takes"
    )


def _interrupted(operation: Interrupt) -> str:
    counted = (
        "change that it makes" if operation.among is Calls.CHANGES else "request that it sends to the container engine"
    )
    which = _ORDINALS.get(operation.call, f"{operation.call}th")
    where = f"right {operation.side.value} the {which} {counted}"
    return f"the manager is {_ENDED[operation.how]} in the middle of its next operation, {where}"


_OUTAGES: Mapping[Outage, str] = {
    Outage.PLAIN: ", which ends all containers",
    Outage.LIVE: " while the containers run on",
}
_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth"}
_BEHAVIOURS: Mapping[Behaviour, str] = {
    Behaviour.HEALTHY: "works as it should from now on",
    Behaviour.SLOW: "takes long from now on until it answers",
    Behaviour.LATE: "is ready only just in time from now on",
    Behaviour.CRASH: "ends with an error from now on",
    Behaviour.UNHEALTHY: "answers from now on that it is not well",
    Behaviour.HANG: "answers nothing from now on",
    Behaviour.IGNORE_SIGTERM: "takes no notice from now on when it is asked to end",
}
_DISTURBANCES: Mapping[Disturbance, str] = {
    Disturbance.ERROR: "the container engine answers the manager's next request with an error",
    Disturbance.LOST_BEFORE: "the manager's next request does not reach the container engine: the connection breaks",
    Disturbance.LOST_AFTER: "the container engine does what the manager asks for next, but its answer gets lost",
    Disturbance.RESET: "the container engine breaks the connection at the manager's next request",
    Disturbance.TRUNCATED: "the container engine's next answer to the manager ends in the middle",
    Disturbance.HANG: "the container engine does not answer the manager's next request",
    Disturbance.NAME: "the container engine refuses the manager's next container: its name is taken",
    Disturbance.PORT: "the container engine refuses the manager's next container: its port is taken",
    Disturbance.REMOVAL: "the container engine refuses to remove a container: that is being done already",
    Disturbance.IMAGE: "the container engine refuses the manager's next container: its image is gone",
    Disturbance.GPU: "the container engine refuses the manager's next container: there is no driver for GPUs",
    Disturbance.LATENCY: "the container engine's answers to the manager come late",
}


def label(words: str) -> str:
    """An operation's own words, its service left out, as a few plain ones: ``hold-port`` as "port taken by others"."""
    return _LABELS.get(words) or words.replace("-", " ")


_LABELS: Mapping[str, str] = {
    "status": "ask about it",
    "list": "list services",
    "wait": "wait",
    "wait short": "wait shortly",
    "wait long": "wait long",
    "update": "change a setting",
    "update image": "change the image",
    "update environment": "change a variable",
    "update port": "change the port",
    "restart-manager": "manager restarted",
    "set-behaviour": "server's behaviour set",
    "set-behaviour healthy": "server works again",
    "set-behaviour slow": "server gets slow",
    "set-behaviour late": "server nearly too slow",
    "set-behaviour crash": "server fails",
    "set-behaviour unhealthy": "server unwell",
    "set-behaviour hang": "server hangs",
    "set-behaviour ignore-sigterm": "server ignores SIGTERM",
    "crash": "server crashes",
    "kill": "container killed by others",
    "remove-container": "container removed by others",
    "hold-port": "port taken by others",
    "hold-port 127.0.0.1": "port taken at 127.0.0.1",
    "release-port": "port given back",
    "interrupt": "manager ended midway",
    "interrupt-at": "manager ended midway",
    "disturb": "engine fails the manager",
    "restart-engine": "engine restarted",
    "restart-engine plain": "engine restarted",
    "restart-engine live": "engine restarted alone",
}


def plainly(condition: Condition) -> str:
    """A condition for people who don't know the word for it."""
    marks = [
        *(["its server cannot work"] if condition.doomed else []),
        *(["its port is taken by somebody else"] if condition.held else []),
    ]
    return ", ".join((_CONDITIONS.get(condition.word, condition.word), *marks))


_CONDITIONS: Mapping[str, str] = {
    ABSENT.word: "not created",
    ANY.word: "(on no service)",
    "created": "created, never started",
    "running": "running",
    "stopped": "stopped",
    "failed": "its last start failed",
    "dead": "its server has ended by itself",
    UNSETTLED.word: "nobody knows what the last operation on it did",
}
BECAUSE: Mapping[Severity, str] = {
    Severity.CRITICAL: "it harms something that nobody asked to be touched",
    Severity.HIGH: "an operation does not do what it is for",
    Severity.MEDIUM: "something is told wrongly, comes late, or piles up",
    Severity.LOW: "it costs time, and nothing else",
}
"""Why a bug has its severity."""


def surely(bug: Bug) -> str:
    """How sure a bug is, and how small its scenario."""
    rate = bug.rate
    if rate is None or not rate.runs:
        again = "It was not run again: the budget did not allow it"
    elif rate.failures == rate.runs and not bug.flaky:
        again = f"It was run again {_times(rate.runs)}, and failed each time"
    else:
        again = f"It comes and goes: of {rate.runs} runs {rate.failures} failed"
    size = (
        "nothing shorter was found that fails"
        if bug.minimal
        else "it may get shorter: the budget ended before all was tried"
    )
    return f"{again}; {size} ({bug.runs} runs were made)"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _meaning(kind: type[Operation]) -> str:
    """The first sentence of an operation's docstring."""
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split()).replace("`", "")


OPERATIONS_TOLD: Mapping[str, str] = {kind.kind: _meaning(kind) for kind in KINDS.values()}
"""What each operation is, by its word."""
