"""What may follow a start."""

from attrs import evolve

from churn.lifecycle.condition import Behaviour, Server
from churn.lifecycle.contract import Contract, Means, Noticing, Ports, Remains, SecondStart, Willing
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import Restart, Start
from churn.lifecycle.outcome import Outcome
from churn.lifecycle.rules.branches import Branch, Must, by_contract
from churn.lifecycle.rules.keeping import is_lost, next_container
from churn.lifecycle.rules.unsettled import not_well, until
from churn.lifecycle.state import Service, State


def start(state: State, operation: Start, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """What may follow a start."""
    service = state.services.get(operation.name)
    if service is None:
        return (Branch(Must.REJECTED, state),)
    if service.unsettled is not None:
        return _start_unsettled(state, operation.name, outcome, contract)
    if service.server is Server.SOUND:
        return _second_start(state, operation.name, outcome, contract)
    launched = launch(state, operation.name, outcome, contract)
    if service.server is Server.ILL:
        return (Branch(Must.ANY, state), *launched)
    if service.server is Server.DEAD and contract.death_noticed is Noticing.NEVER:
        return (*launched, *_second_start(state, operation.name, outcome, contract))
    return (*launched, Branch(Must.REJECTED, state)) if is_lost(service, contract) else launched


def _second_start(state: State, name: str, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    if contract.second_start is SecondStart.REPLACES:
        return launch(state.change(name, container=None), name, outcome, contract)
    return by_contract(contract.second_start, state)


def restart(state: State, operation: Restart, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """What may follow a restart: a stop and a start in one."""
    service = state.services.get(operation.name)
    if service is None:
        return (Branch(Must.REJECTED, state),)
    if service.unsettled is not None:
        branches = _start_unsettled(state, operation.name, outcome, contract)
        if outcome.ended < until(service) or contract.idle_restart is Willing.DONE:
            return branches
        succeeded = (one for one in branches if one.must is Must.OK)
        return (
            *succeeded,
            Branch(Must.REJECTED, _either_port(state, operation.name)),
        )  # it may not run, and that be why it is refused
    if contract.restarted_container is Remains.REUSED:
        contract = evolve(contract, stopped_container=Remains.REUSED)  # as if what it was stopped for were this start
        launched = _launch_as_it_is(state, operation.name, outcome, contract)
    else:
        launched = launch(state, operation.name, outcome, contract)
    refused = Branch(Must.REJECTED, state)
    if service.server in (Server.SOUND, Server.ILL):
        return launched
    if contract.idle_restart is Willing.DONE and not is_lost(service, contract):
        return launched
    if service.server is Server.NONE and contract.idle_restart is Willing.REFUSED:
        return (refused,)
    return (*launched, refused)  # of a dead one, a manager may think that it runs


def _launch_as_it_is(state: State, name: str, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """What may follow where the container that is there runs again: updates wait for a start that makes another one."""
    service = state.services[name]
    if service.container is None:
        return launch(state, name, outcome, contract)
    now = state.change(name, asked=service.made, next_port=None)
    waiting = {"asked": service.asked, "next_port": service.next_port}
    return tuple(
        Branch(branch.must, branch.state.change(name, **waiting)) for branch in launch(now, name, outcome, contract)
    )


def launch(state: State, name: str, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """What may follow a start that has to make a container."""
    service = state.services[name]
    up = as_running(service, outcome, contract)
    was_tried = evolve(state, undergone=state.undergone.with_try(name))
    failed = Branch(Must.REJECTED, was_tried.put(name, as_failed(service, contract)))
    moves = (
        service.next_port is not None
    )  # a stranger then holds either the port that it leaves or the one that it gets
    if service.held and contract.ports is Ports.FIXED and not moves:
        return (failed,)
    if (service.held and moves) or (service.port is None and any(other.held for other in state.services.values())):
        return (
            Branch(Must.OK, state.put(name, up)),
            failed,
        )  # which port it wants is not known: it may be the held one
    if not service.behaviour.deadly:
        sound = Branch(Must.OK, state.put(name, up))
        return (sound, failed) if service.held else (sound,)
    if contract.running_means is Means.HEALTHY:
        return (failed,)
    ill = Branch(Must.OK, state.put(name, evolve(up, server=Server.ILL)))
    if service.behaviour is not Behaviour.CRASH:
        return (ill,)
    return (ill, Branch(Must.OK, state.put(name, evolve(up, server=Server.DEAD, leftover=True))), failed)


def as_running(service: Service, outcome: Outcome, contract: Contract, *, strict: bool = True) -> Service:
    """The service once it has been started, in a container that the operation of this outcome made."""
    return evolve(
        service,
        port=_port(service, contract),
        status=Status.RUNNING,
        server=Server.SOUND,
        container=next_container(service, outcome.mark, contract, strict=strict),
        leftover=False,
        again=None,
        unsettled=None,
        made=service.asked,
        next_port=None,
        held=service.held and service.next_port is None,
    )


def _port(service: Service, contract: Contract) -> int | None:
    """The port that the service has once it runs; None where nobody can tell before it is seen."""
    if service.next_port is not None:
        return service.next_port or None
    return None if contract.ports is Ports.ANEW else service.port


def as_failed(service: Service, contract: Contract) -> Service:
    """The service after a start that failed."""
    kept = contract.failed_container is not Remains.GONE
    port = service.port if service.next_port is None else None  # the new one, or still the old one: the next look tells
    failed = evolve(service, status=Status.FAILED, server=Server.NONE, container=None, port=port)
    return evolve(failed, leftover=kept, again=None, unsettled=None)


def _start_unsettled(state: State, name: str, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    service, state = state.services[name], _either_port(state, name)
    if outcome.ended < until(service):
        return (Branch(Must.ANY, state),)
    up = as_running(service, outcome, contract, strict=False)
    if service.behaviour.deadly:
        up = evolve(up, server=Server.ILL)
    succeeded = [Branch(Must.OK, state.put(name, up))]
    if service.pending:  # it may run already, as it was made before the update
        before = evolve(up, made=service.made, port=service.port, next_port=service.next_port)
        succeeded.append(Branch(Must.OK, state.put(name, before)))
    return (*succeeded, *not_well(state, name, Start.kind, contract))


def _either_port(state: State, name: str) -> State:
    """Whatever became of the start, a service that was to get another port by it may have that, or its old one still."""
    return state if state.services[name].next_port is None else state.change(name, port=None, next_port=0)
