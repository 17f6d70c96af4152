"""Churn: a model-based tester for the lifecycle of containerised services.

What a suite of your own needs is exported here, every operation included, and loaded only when asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from churn.assembly import Target, assembled
    from churn.explore.machine import LifecycleMachine
    from churn.lifecycle.condition import Behaviour
    from churn.lifecycle.contract import Contract
    from churn.lifecycle.form import Setting
    from churn.lifecycle.operations import (
        Address,
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
        Length,
        List,
        Outage,
        Pace,
        ReleasePort,
        Remove,
        RemoveContainer,
        Restart,
        RestartEngine,
        RestartManager,
        SetBehaviour,
        Side,
        Start,
        Status,
        Step,
        Stop,
        Together,
        Turn,
        Update,
        Wait,
    )
    from churn.lifecycle.sequence import Naming, Sequence
    from churn.session.budget import Budget
    from churn.session.session import Session
    from churn.session.system import System
    from churn.session.trace import Trace
    from churn.session.violation import Violation
    from churn.system.engines.emulated.api.fake import fake_docker
    from churn.system.protocols import Engine, Host, Manager

__version__ = "0.1.0"

_HOMES = {
    "churn.assembly": ("Target", "assembled"),
    "churn.explore.machine": ("LifecycleMachine",),
    "churn.lifecycle.condition": ("Behaviour",),
    "churn.lifecycle.contract": ("Contract",),
    "churn.lifecycle.form": ("Setting",),
    "churn.lifecycle.operations": (
        "Address",
        "Calls",
        "Crash",
        "Create",
        "Disturb",
        "Disturbance",
        "Ending",
        "HoldPort",
        "Interrupt",
        "InterruptAt",
        "Kill",
        "Length",
        "List",
        "Outage",
        "Pace",
        "ReleasePort",
        "Remove",
        "RemoveContainer",
        "Restart",
        "RestartEngine",
        "RestartManager",
        "SetBehaviour",
        "Side",
        "Start",
        "Status",
        "Step",
        "Stop",
        "Together",
        "Turn",
        "Update",
        "Wait",
    ),
    "churn.lifecycle.sequence": ("Naming", "Sequence"),
    "churn.session.budget": ("Budget",),
    "churn.session.session": ("Session",),
    "churn.session.system": ("System",),
    "churn.session.trace": ("Trace",),
    "churn.system.engines.emulated.api.fake": ("fake_docker",),
    "churn.session.violation": ("Violation",),
    "churn.system.protocols": ("Engine", "Host", "Manager"),
}

__all__ = [
    "Address",
    "Behaviour",
    "Budget",
    "Calls",
    "Contract",
    "Crash",
    "Create",
    "Disturb",
    "Disturbance",
    "Ending",
    "Engine",
    "HoldPort",
    "Host",
    "Interrupt",
    "InterruptAt",
    "Kill",
    "Length",
    "LifecycleMachine",
    "List",
    "Manager",
    "Naming",
    "Outage",
    "Pace",
    "ReleasePort",
    "Remove",
    "RemoveContainer",
    "Restart",
    "RestartEngine",
    "RestartManager",
    "Sequence",
    "Session",
    "SetBehaviour",
    "Setting",
    "Side",
    "Start",
    "Status",
    "Step",
    "Stop",
    "System",
    "Target",
    "Together",
    "Trace",
    "Turn",
    "Update",
    "Violation",
    "Wait",
    "assembled",
    "fake_docker",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'churn' has no attribute {name!r}")
