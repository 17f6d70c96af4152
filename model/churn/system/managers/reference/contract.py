"""What the reference manager promises: the strictest contract there is."""

from attrs import evolve

from churn.lifecycle.contract import Bounds, Contract, Noticing, Reply
from churn.system.managers.reference.manager import SESSION, Settings

CONTRACT = Contract(
    second_start=Reply.REFUSED,
    idle_stop=Reply.IGNORED,
    second_create=Reply.REFUSED,
    death_noticed=Noticing.SETTLING,
    bounds=Bounds(settling=0.0),
)


def contract_for(settings: Settings) -> Contract:
    """The contract of a reference manager with these settings: its containers are those of its session."""
    return evolve(CONTRACT, labels={SESSION: settings.session}, health_path=settings.health_path)
