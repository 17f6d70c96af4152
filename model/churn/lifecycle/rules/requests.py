"""What may follow a create, a stop, a question, and waiting."""

from attrs import evolve

from churn.lifecycle.condition import Behaviour, Server
from churn.lifecycle.contract import Contract, Outliving, Reply, Willing
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import Create, List, Remove, RestartManager, Start, Status as StatusOf, Stop, Wait
from churn.lifecycle.outcome import Outcome
from churn.lifecycle.rules.branches import Branch, Must, by_contract
from churn.lifecycle.rules.faults import as_dead
from churn.lifecycle.rules.keeping import as_created, is_lost, left_by_stop
from churn.lifecycle.rules.starting import as_running
from churn.lifecycle.rules.unsettled import not_well, until
from churn.lifecycle.state import State, Unsettled


def create(state: State, operation: Create, _: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """What may follow a create."""
    service = state.services.get(operation.name)
    if service is None:
        return (Branch(Must.OK, state.put(operation.name, as_created(contract))),)
    if service.unsettled is not None and service.unsettled.kind == Create.kind:
        rest = Unsettled(Start.kind, service.unsettled.until) if service.unsettled.others else None
        made = evolve(as_created(contract, service), unsettled=rest)
        return (Branch(Must.OK, state.put(operation.name, made)), Branch(Must.REJECTED, state))
    anew = Branch(Must.OK, state.put(operation.name, as_created(contract, service)))
    return (*([anew] if is_lost(service, contract) else ()), *by_contract(contract.second_create, state))


def stop(state: State, operation: Stop, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """What may follow a stop."""
    service = state.services.get(operation.name)
    if service is None:
        return (Branch(Must.REJECTED, state),)
    stopped = as_stopped(state, operation.name, contract)
    if service.unsettled is not None:
        if outcome.ended < until(service):
            return (Branch(Must.ANY, state),)
        return (Branch(Must.OK, stopped), *not_well(state, operation.name, operation.kind, contract))
    if service.server in (Server.SOUND, Server.ILL):
        return (Branch(Must.OK, stopped),)
    if service.server is Server.DEAD:
        surely = contract.idle_stop is Reply.IGNORED and not is_lost(service, contract)
        return (Branch(Must.OK, stopped), *(() if surely else (Branch(Must.REJECTED, state),)))
    accepted = (stopped,) if service.status is Status.STOPPED else (stopped, state)
    if contract.idle_stop is Reply.IGNORED:
        return tuple(Branch(Must.OK, after) for after in accepted)
    refused = (Branch(Must.REJECTED, state),)
    return (
        refused if contract.idle_stop is Reply.REFUSED else (*(Branch(Must.OK, after) for after in accepted), *refused)
    )


def as_stopped(state: State, name: str, contract: Contract) -> State:
    """The state once the service of that name has been stopped."""
    service = state.services[name]
    ran = service.container is not None
    kept, again = left_by_stop(service, contract)
    after = evolve(
        service, status=Status.STOPPED, server=Server.NONE, container=None, leftover=kept, again=again, unsettled=None
    )
    put = state.put(name, after)
    return evolve(put, undergone=put.undergone.with_cycle(name)) if ran else put


def remove(state: State, operation: Remove, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """What may follow a remove. Faults of the service end with it: Churn lets go of its port, and of how it behaves."""
    service, unchanged = state.services.get(operation.name), Branch(Must.REJECTED, state)
    if service is None:
        return (unchanged,)
    gone = Branch(Must.OK, state.drop(operation.name))
    if service.unsettled is not None:
        return (_perhaps_gone(state, operation.name) if outcome.ended < until(service) else gone, unchanged)
    if is_lost(service, contract):
        return (gone, unchanged)
    if service.server is Server.NONE or contract.running_remove is Willing.DONE:
        return (gone,)
    if service.server is Server.SOUND and contract.running_remove is Willing.REFUSED:
        return (unchanged,)
    return (gone, unchanged)  # of an ill or dead one, a manager may think that it runs


def _perhaps_gone(state: State, name: str) -> Branch:
    """Removed, but something may still be under way for it."""
    rest = Unsettled(Create.kind, until(state.services[name]), others=True)
    return Branch(Must.OK, state.change(name, unsettled=rest, behaviour=Behaviour.HEALTHY, held=False))


def restart_manager(state: State, _: RestartManager, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """What may follow a restart of the manager's daemon: all is known as before, and what ran shares one fate."""
    alive = {name: one for name, one in state.services.items() if one.server in (Server.SOUND, Server.ILL)}
    anew = {name: evolve(as_running(one, outcome, contract), server=one.server) for name, one in alive.items()}
    ended = {name: as_dead(one) for name, one in alive.items()}
    fates = {Outliving.RUN_ON: alive, Outliving.ANEW: anew, Outliving.END: ended}
    chosen = fates.values() if contract.daemon_restart is Outliving.ANY else (fates[contract.daemon_restart],)
    return tuple(Branch(Must.OK, evolve(state, services={**state.services, **fate})) for fate in chosen)


def look(state: State, operation: List | StatusOf, _: Outcome, __: Contract) -> tuple[Branch, ...]:
    """What may follow a question."""
    unknown = operation.service is not None and operation.service not in state.services
    if unknown:
        return (Branch(Must.REJECTED, state),)
    uncertain = operation.service is not None and state.services[operation.service].unsettled is not None
    return (Branch(Must.ANY if uncertain else Must.OK, state),)


def wait(state: State, _: Wait, __: Outcome, ___: Contract) -> tuple[Branch, ...]:
    """What follows a wait: nothing changes by itself."""
    return (Branch(Must.OK, state),)
