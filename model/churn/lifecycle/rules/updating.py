"""What may follow an update: the setting is there from the next start on, or at once."""

from churn.lifecycle.condition import Server
from churn.lifecycle.contract import Contract, Renewal
from churn.lifecycle.operations import Update
from churn.lifecycle.outcome import Outcome
from churn.lifecycle.rules.branches import Branch, Must
from churn.lifecycle.rules.keeping import is_lost
from churn.lifecycle.rules.starting import launch
from churn.lifecycle.rules.unsettled import as_asked
from churn.lifecycle.state import State


def update(state: State, operation: Update, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """What may follow an update."""
    service, unchanged = state.services.get(operation.name), Branch(Must.REJECTED, state)
    if service is None:
        return (unchanged,)
    asked = state.put(operation.name, as_asked(service, operation, outcome))
    noted = Branch(Must.OK, asked)
    if service.unsettled is not None or is_lost(service, contract):
        return (noted, unchanged)
    if service.server is Server.NONE or contract.running_update is Renewal.NEXT_START:
        return (noted,)
    if contract.running_update is Renewal.REFUSED:
        return (unchanged,) if service.server is Server.SOUND else (noted, unchanged)  # it may be known not to run
    renewed = launch(asked.change(operation.name, container=None), operation.name, outcome, contract)
    if contract.running_update is Renewal.ANY:
        return (noted, *renewed, unchanged)
    needless = service.server is not Server.SOUND or not asked.services[operation.name].pending
    return (noted, *renewed) if needless else renewed
