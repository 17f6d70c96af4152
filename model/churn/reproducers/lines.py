"""What each operation is in a shell script: a line that calls the functions which the script has for its manager."""

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.form import Setting
from churn.lifecycle.operations import (
    Crash,
    Create,
    Disturb,
    HoldPort,
    Interrupt,
    InterruptAt,
    Kill,
    Length,
    List,
    Operation,
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
from churn.system.managers.reference.contract import UPDATES

SECONDS = {Length.SHORT: 5, Length.LONG: 120}
"""How long a script waits."""
_SLOW = 1
"""Seconds that a slow server takes."""


def _asked(operation: Operation, real: str) -> str:
    return f"{operation.kind} {real}".rstrip()


def _created(operation: Create, real: str) -> str:
    return f"create {real} {shlex.quote(operation.name)}"


def _updated(operation: Update, real: str) -> str:
    port = "$(look_at free 1 65535)"
    value = port if operation.what is Setting.PORT else shlex.quote(UPDATES[operation.what])
    return f"update {real} {operation.what.value} {value}"


def _waited(operation: Wait, _: str) -> str:
    return f"sleep {SECONDS[operation.length]}"


def _behaving(operation: SetBehaviour, _: str) -> str:
    loads = {Behaviour.SLOW: f"slow={_SLOW}", Behaviour.LATE: 'slow="$late"'}
    return f"behave {shlex.quote(operation.name)} {loads.get(operation.how, operation.how.value)}"


def _crashed(operation: Crash, _: str) -> str:
    name = shlex.quote(operation.name)
    return f"behave {name} crash; behave {name} healthy"


LINES: Mapping[type[Operation], Callable[[Any, str], str]] = {
    Start: _asked,
    Stop: _asked,
    Remove: _asked,
    Restart: _asked,
    Update: _updated,
    Create: _created,
    Status: _asked,
    List: _asked,
    RestartManager: lambda _, __: "daemon_again",
    Wait: _waited,
    SetBehaviour: _behaving,
    Crash: _crashed,
    Kill: lambda _, real: f"strike kill -s=KILL {real}",
    RemoveContainer: lambda _, real: f"strike rm -f {real}",
    HoldPort: lambda operation, real: f"hold {real} {operation.where.value}",
    ReleasePort: lambda _, __: "release",
}
"""What each operation is in the script: a function of the operation and the quoted real name of its service."""
BEYOND = frozenset({Disturb, Interrupt, InterruptAt, RestartEngine, Together})
"""Operations that a shell script cannot do: they fail the engine, end the manager, or let another client on, at one moment."""
