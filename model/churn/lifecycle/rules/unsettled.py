"""What may follow an operation of the manager that ended unknown: nothing, part or all of it, now or later."""

from attrs import evolve

from churn.lifecycle.operations import Create, Operation, Remove, Status as StatusOf
from churn.lifecycle.outcome import Unknown
from churn.lifecycle.state import Service, State, Unsettled


def unsettle(state: State, operation: Operation, outcome: Unknown) -> State:
    """The state after an operation of the manager that ended unknown."""
    if operation.service is None or isinstance(operation, StatusOf):
        return state
    service = state.services.get(operation.service)
    if service is None and not isinstance(operation, Create):
        return state
    return state.put(operation.service, evolve(service or Service(), unsettled=_both(service, operation, outcome)))


def _both(service: Service | None, operation: Operation, outcome: Unknown) -> Unsettled:
    """Unsettled by this operation as well: until the later of both ends. A service that may not be there still may not.

    After a remove it may not be there either, as if a create had ended unknown and then something else.
    """
    earlier = service.unsettled if service is not None else None
    if isinstance(operation, Remove):
        return Unsettled(Create.kind, max(outcome.until, until(service or Service())), others=True)
    if earlier is None:
        return Unsettled(operation.kind, outcome.until)
    later = max(earlier.until, outcome.until)
    if earlier.kind == Create.kind:
        return Unsettled(Create.kind, later, earlier.others or operation.kind != Create.kind)
    return Unsettled(operation.kind, later)


def until(service: Service) -> float:
    """When the effects of what ended unknown can no longer come, in seconds of the run's clock; 0 where nothing did."""
    return service.unsettled.until if service.unsettled is not None else 0.0
