"""What the reference manager promises: the strictest contract there is."""

import re
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from churn.lifecycle.contract import Bounds, Contract, Noticing, Outliving, Renewal, Reply, SecondStart, Willing
from churn.lifecycle.form import Setting
from churn.lifecycle.operations import RestartManager
from churn.system.managers.reference.manager import SESSION, Settings

_USUAL = Settings(session="")
UPDATES = {Setting.IMAGE: "churn/stand-in:other", Setting.ENVIRONMENT: "CHURN_UPDATED=yes", Setting.PORT: ""}
"""What updates change, and to what: an image that is the stand-in by another name, and a variable that it does not read."""
CONTRACT = Contract(
    second_start=SecondStart.REFUSED,
    idle_stop=Reply.IGNORED,
    second_create=Reply.REFUSED,
    running_remove=Willing.DONE,
    daemon_restart=Outliving.RUN_ON,
    idle_restart=Willing.DONE,
    running_update=Renewal.NEXT_START,
    updates=UPDATES,
    death_noticed=Noticing.SETTLING,
    bounds=Bounds(settling=0.0, loading=_USUAL.start_timeout),
)

_SLACK = 1.0
"""Seconds by which it promises less grace than it gives: events of a real engine tell their times roughly."""


def kept_volume(settings: Settings, service: str) -> str:
    """The name of a volume that outlives the service's containers, where it has one."""
    return f"{settings.session}-kept-{service}"


def contract_for(settings: Settings, promises: Mapping[str, Any]) -> Contract:
    """The contract of a reference manager with these settings: its containers are those of its session.

    `promises` are fields of which it promises something else (`ReferenceManager.promises`).
    """
    bounds = evolve(CONTRACT.bounds, loading=settings.start_timeout)
    own = evolve(
        CONTRACT,
        labels={SESSION: settings.session},
        health_path=settings.health_path,
        bounds=bounds,
        belongings=(f"{re.escape(settings.session)}-kept-.*",),
        stop_grace=max(settings.stop_grace - _SLACK, 0.0),
    )
    return evolve(own, **promises)


def with_daemon(contract: Contract) -> Contract:
    """That of a manager that lives on between two operations, and can be restarted. As a program it does not."""
    return evolve(contract, offers=contract.offers | {RestartManager.kind})
