"""What may follow a fault: of a server, of a service behind the manager's back, of the engine."""

from attrs import evolve

from churn.lifecycle.condition import Behaviour, Server
from churn.lifecycle.contract import Contract
from churn.lifecycle.operations import (
    Crash,
    Disturb,
    HoldPort,
    Interrupt,
    InterruptAt,
    Kill,
    Outage,
    ReleasePort,
    RemoveContainer,
    RestartEngine,
    SetBehaviour,
)
from churn.lifecycle.outcome import Outcome
from churn.lifecycle.rules.branches import Branch, Must
from churn.lifecycle.state import Service, State


def behave(state: State, operation: SetBehaviour, _: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """What may follow where a service's servers are told how to behave."""
    if not contract.obedient:
        return (Branch(Must.REJECTED, state),)
    service = evolve(state.services[operation.name], behaviour=operation.how)
    return tuple(Branch(Must.OK, state.put(operation.name, after)) for after in _affected(service, contract))


def _affected(service: Service, contract: Contract) -> tuple[Service, ...]:
    """What may become of a service whose servers have just been told how to behave."""
    if service.server in (Server.NONE, Server.DEAD):
        return (service,)
    ill, dead = evolve(service, server=Server.ILL), as_dead(service)
    if service.behaviour.deadly:
        return (dead, ill) if service.behaviour is Behaviour.CRASH else (ill, dead)
    sound = evolve(service, server=Server.SOUND)
    if service.server is Server.SOUND:
        return (sound,)
    return (
        (sound, dead, ill) if contract.restart_policies else (sound, dead)
    )  # the engine may just be starting it again


def as_dead(service: Service, *, leftover: bool = True) -> Service:
    """The service once its server has died; `leftover`: its container may still be there."""
    return evolve(service, server=Server.DEAD, leftover=leftover)


def as_revived(service: Service) -> Service:
    """The service once the engine has started its container again by a restart policy: it need not answer yet."""
    return evolve(service, server=Server.ILL, leftover=False)


def strike(
    state: State, operation: Crash | Kill | RemoveContainer, _: Outcome, contract: Contract
) -> tuple[Branch, ...]:
    """What may follow a strike at a running container."""
    service = state.services.get(operation.name)
    if service is None or service.server not in (Server.SOUND, Server.ILL):
        return (Branch(Must.ANY, state),)
    after = [as_dead(service, leftover=not isinstance(operation, RemoveContainer))]
    if contract.restart_policies and not isinstance(operation, RemoveContainer):
        after.append(as_revived(service))  # the engine may bring it back
    return (*(Branch(Must.OK, state.put(operation.name, one)) for one in after), Branch(Must.REJECTED, state))


def hold(state: State, operation: HoldPort, _: Outcome, __: Contract) -> tuple[Branch, ...]:
    """What may follow where somebody takes a service's port."""
    if operation.name not in state.services:
        return (Branch(Must.ANY, state),)
    return (Branch(Must.OK, state.change(operation.name, held=True)), Branch(Must.REJECTED, state))


def release(state: State, operation: ReleasePort, _: Outcome, __: Contract) -> tuple[Branch, ...]:
    """What follows where a port is let go."""
    if operation.name not in state.services:
        return (Branch(Must.ANY, state),)
    return (Branch(Must.OK, state.change(operation.name, held=False)),)


def disturb(state: State, _: Disturb | Interrupt | InterruptAt, __: Outcome, ___: Contract) -> tuple[Branch, ...]:
    """What follows a disturbance, or an interrupt: it shows in the manager's next operation only."""
    return (Branch(Must.ANY, state),)


def restart_engine(state: State, operation: RestartEngine, _: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """What may follow a restart of the engine."""
    unchanged = Branch(Must.REJECTED, state)
    if operation.how is Outage.LIVE:
        return (Branch(Must.OK, state), unchanged)
    struck = {name: one for name, one in state.services.items() if one.server in (Server.SOUND, Server.ILL)}
    after = evolve(state, services={**state.services, **{name: as_dead(one) for name, one in struck.items()}})
    branches = [Branch(Must.OK, after)]
    if contract.restart_policies and struck:
        ill = {name: as_revived(one) for name, one in struck.items()}
        branches.append(Branch(Must.OK, evolve(state, services={**state.services, **ill})))
    return (*branches, unchanged)
