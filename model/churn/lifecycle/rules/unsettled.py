"""What may follow an operation of the manager that ended unknown: nothing, part or all of it, now or later."""

from attrs import evolve

from churn.lifecycle.contract import Contract, Reply
from churn.lifecycle.form import Setting
from churn.lifecycle.operations import Create, Operation, Remove, Status as StatusOf, Stop, Update
from churn.lifecycle.outcome import Outcome, Unknown
from churn.lifecycle.rules.branches import Branch, Must
from churn.lifecycle.state import Service, State, Unsettled


def unsettle(state: State, operation: Operation, outcome: Unknown) -> tuple[State, ...]:
    """The states after an operation of the manager that ended unknown. The setting of an update was changed, or was not."""
    if operation.service is None or isinstance(operation, StatusOf):
        return (state,)
    service = state.services.get(operation.service)
    if service is None and not isinstance(operation, Create):
        return (state,)
    after = evolve(service or Service(), unsettled=_both(service, operation, outcome))
    if isinstance(operation, Create) and service is not None and _may_be_absent(service):
        after = evolve(after, port=None)  # where it is made anew only now, it has a port of its own
    moves = isinstance(operation, Update) and operation.what is Setting.PORT
    if moves or after.next_port is not None:
        after = evolve(after, port=None, next_port=0)  # the old one or the new one, and from the next start on either
    if moves or not isinstance(operation, Update):
        return (state.put(operation.service, evolve(after, held=after.held and not moves)),)
    asked = as_asked(after, operation, outcome)
    return tuple(state.put(operation.service, one) for one in (asked, evolve(after, held=asked.held)))


def _may_be_absent(service: Service) -> bool:
    return service.unsettled is not None and service.unsettled.kind == Create.kind


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


def not_well(state: State, name: str, kind: str, contract: Contract) -> tuple[Branch, ...]:
    """What follows where a start or a stop (`kind`) of an unsettled service is refused.

    What is refused for the fault that the service is under does not count, nor where the service may not be there at all.
    """
    service = state.services[name]
    unsettled = service.unsettled
    assert unsettled is not None, "only of unsettled services"  # noqa: S101 -- the rules ask before
    if service.behaviour.deadly or service.held or unsettled.kind == Create.kind:
        return (Branch(Must.REJECTED, state),)
    tried = evolve(unsettled, tries=unsettled.tries + 1, refused=unsettled.refused | {kind})
    if _is_lost(tried, contract):
        return (Branch(Must.OVERDUE, state.change(name, unsettled=evolve(unsettled, tries=0, refused=frozenset()))),)
    return (Branch(Must.REJECTED, state.change(name, unsettled=tried)),)


def _is_lost(tried: Unsettled, contract: Contract) -> bool:
    """Whether the service should be well by now. A stop of what does not run may be refused for that; then a start may not."""
    if not contract.recovers or tried.tries < contract.recovers or Stop.kind not in tried.refused:
        return False
    return contract.idle_stop is Reply.IGNORED or len(tried.refused) > 1


def until(service: Service) -> float:
    """When the effects of what ended unknown can no longer come, in seconds of the run's clock; 0 where nothing did."""
    return service.unsettled.until if service.unsettled is not None else 0.0


def as_asked(service: Service, operation: Update, outcome: Outcome) -> Service:
    """The service once a setting was asked for. Churn lets go of its port where it gets another one."""
    if operation.what is Setting.PORT:
        return evolve(service, next_port=outcome.port or 0, held=False)
    return evolve(service, asked=service.asked | {operation.what})
