"""What the reference manager promises: the strictest contract there is."""

import re

from attrs import evolve

from churn.lifecycle.contract import Bounds, Contract, Noticing, Reply, Willing
from churn.system.managers.reference.manager import SESSION, Settings

_USUAL = Settings(session="")
CONTRACT = Contract(
    second_start=Reply.REFUSED,
    idle_stop=Reply.IGNORED,
    second_create=Reply.REFUSED,
    running_remove=Willing.DONE,
    idle_restart=Willing.DONE,
    death_noticed=Noticing.SETTLING,
    bounds=Bounds(settling=0.0, loading=_USUAL.start_timeout),
)

_SLACK = 1.0
"""Seconds by which it promises less grace than it gives: events of a real engine tell their times roughly."""


def kept_volume(settings: Settings, service: str) -> str:
    """The name of a volume that outlives the service's containers, where it has one."""
    return f"{settings.session}-kept-{service}"


def contract_for(settings: Settings) -> Contract:
    """The contract of a reference manager with these settings: its containers are those of its session."""
    return evolve(
        CONTRACT,
        labels={SESSION: settings.session},
        health_path=settings.health_path,
        bounds=evolve(CONTRACT.bounds, loading=settings.start_timeout),
        belongings=(f"{re.escape(settings.session)}-kept-.*",),
        stop_grace=max(settings.stop_grace - _SLACK, 0.0),
    )
