"""The table: what each operation allows, as pure functions from a state to the branches that may follow.

===============  ==========================  ===========  ========================================================
operation        on a service that is        must end     then
===============  ==========================  ===========  ========================================================
Create(a)        not there                   Ok           created, no container, port unknown until first seen
Create(a)        there                       by contract  nothing changed
Start(a)         created, stopped, failed,   Ok           running, fresh container, its one port, serving
                 or its server died
Start(a)         the same, and its server    Rejected     failed, no container (or kept, by contract)
                 can not get healthy
Start(a)         running                     by contract  the same container, still serving
Start(a)         running, its server ill     any          unchanged, or (Rejected) failed without a container
Stop(a)          running                     Ok           stopped, no container (or kept, by contract), port free
Stop(a)          created, stopped, failed    by contract  stopped or unchanged, no container
Start, Stop,     unknown to the manager      Rejected     nothing changed, nothing created
Status
List, Status     any                         Ok           nothing changed
Wait             any                         Ok           nothing changed by itself
SetBehaviour(a)  there                       Ok           its present server, and later ones, behave like that
SetBehaviour(a)  there, its servers do not   Rejected     nothing changed
                 read how to behave
Crash, Kill,     running                     Ok           its server has died: Start and Stop clear it away
Remove
HoldPort(a)      not running                 Ok           its port is held
Start(a)         not running, its port held  Rejected     failed, no container (or kept, by contract); where it
                                                          gets its port anew, or that is not known, it may also
                                                          run
ReleasePort(a)   its port held               Ok           its port is free
Disturb          any                         Ok           nothing changed; the manager's next start, stop or
                                                          create may end Unknown, unless replies only come late
RestartEngine    any                         Ok           every server has died; if the containers run on
                                                          meanwhile, nothing changed
Crash, Kill,     any                         Rejected     nothing changed: there was nothing to strike
HoldPort, …
any of the       any                         Unknown      nothing, part or all of it, now or until its effects
manager's                                                 can no longer come: the service is unsettled
===============  ==========================  ===========  ========================================================

A running service whose server was told to crash, to hang or to be unhealthy is *ill*: until that ends, only safety is demanded
of it.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

from attrs import evolve, frozen

from churn.lifecycle.condition import ILL, Behaviour, Server
from churn.lifecycle.contract import Contract, Means, Noticing, Ports, Remains, Reply
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import (
    Crash,
    Create,
    Disturb,
    HoldPort,
    Kill,
    List,
    Operation,
    Outage,
    ReleasePort,
    Remove,
    RestartEngine,
    SetBehaviour,
    Start,
    Status as StatusOf,
    Stop,
    Wait,
)
from churn.lifecycle.outcome import Ok, Outcome, Rejected, Unknown
from churn.lifecycle.state import Fresh, Service, State, Unsettled


class Must(Enum):
    """How an operation has to end for a branch to be taken."""

    OK = "succeed"
    REJECTED = "be refused"
    ANY = "end in any way"

    def admits(self, outcome: Outcome) -> bool:
        """Whether that outcome is what this demands. An unknown one is never objected to."""
        if self is Must.ANY or isinstance(outcome, Unknown):
            return True
        return isinstance(outcome, Ok if self is Must.OK else Rejected)


@frozen
class Branch:
    """One thing that may follow an operation: how it must have ended, and the state then."""

    must: Must
    state: State


def follow(state: State, operation: Operation, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """Every branch that the model allows after `operation` in `state`; never empty.

    Whether the operation was allowed to end as it did is not decided here: each branch says in `must` how it has to have ended,
    and the invariant `accepted` objects where no branch admits `outcome`. Here, only the times and the mark of `outcome` matter,
    and whether it is known.
    """
    if isinstance(outcome, Unknown) and operation.manager:
        return tuple(Branch(Must.ANY, _unsettle(now, operation, outcome)) for now in _drifted(state))
    rule = RULES[type(operation)]
    return tuple(branch for now in _drifted(state) for branch in rule(now, operation, outcome, contract))


def _drifted(state: State) -> tuple[State, ...]:
    """`state`, and what it may have become by itself: a server under a deadly fault may end at any moment."""
    for name, service in state.services.items():
        if service.server is ILL:
            return (state, state.put(name, _dead(service)))
    return (state,)


def _unsettle(state: State, operation: Operation, outcome: Unknown) -> State:
    if operation.service is None or isinstance(operation, StatusOf):
        return state
    service = state.services.get(operation.service)
    if service is None and not isinstance(operation, Create):
        return state
    return state.put(operation.service, evolve(service or Service(), unsettled=_both(service, operation, outcome)))


def _both(service: Service | None, operation: Operation, outcome: Unknown) -> Unsettled:
    """Unsettled by this operation as well: until the later of both ends. A service that may not be there still may not."""
    earlier = service.unsettled if service is not None else None
    if earlier is None:
        return Unsettled(operation.kind, outcome.until)
    until = max(earlier.until, outcome.until)
    if earlier.kind == Create.kind:
        return Unsettled(Create.kind, until, earlier.others or operation.kind != Create.kind)
    return Unsettled(operation.kind, until)


def _by_contract(reply: Reply, *states: State) -> tuple[Branch, ...]:
    ends = {Reply.REFUSED: [Must.REJECTED], Reply.IGNORED: [Must.OK], Reply.EITHER: [Must.OK, Must.REJECTED]}[reply]
    return tuple(Branch(must, state) for must in ends for state in states)


def _create(state: State, operation: Create, _: Outcome, contract: Contract) -> tuple[Branch, ...]:
    service = state.services.get(operation.name)
    if service is None:
        return (Branch(Must.OK, state.put(operation.name, Service())),)
    if service.unsettled is not None and service.unsettled.kind == Create.kind:
        rest = Unsettled(Start.kind, service.unsettled.until) if service.unsettled.others else None
        made = Service(behaviour=service.behaviour, unsettled=rest, held=service.held)
        return (Branch(Must.OK, state.put(operation.name, made)), Branch(Must.REJECTED, state))
    return _by_contract(contract.second_create, state)


def _start(state: State, operation: Start, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    service = state.services.get(operation.name)
    if service is None:
        return (Branch(Must.REJECTED, state),)
    if service.unsettled is not None:
        return _start_unsettled(state, operation.name, outcome, contract)
    if service.server is Server.SOUND:
        return _by_contract(contract.second_start, state)
    launched = _launch(state, operation.name, outcome, contract)
    if service.server is Server.ILL:
        return (Branch(Must.ANY, state), *launched)
    if service.server is Server.DEAD and contract.death_noticed is Noticing.NEVER:
        return (*launched, *_by_contract(contract.second_start, state))
    return launched


def _launch(state: State, name: str, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """What may follow a start that has to make a container."""
    service = state.services[name]
    up = _up(service, outcome, contract)
    failed = Branch(Must.REJECTED, state.put(name, _failed(service, contract)))
    if service.held and contract.ports is Ports.FIXED:
        return (failed,)
    if service.port is None and any(other.held for other in state.services.values()):
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


def _up(service: Service, outcome: Outcome, contract: Contract, *, strict: bool = True) -> Service:
    return evolve(
        service,
        port=None if contract.ports is Ports.ANEW else service.port,
        status=Status.RUNNING,
        server=Server.SOUND,
        container=Fresh(outcome.mark, strict),
        leftover=False,
        unsettled=None,
    )


def _failed(service: Service, contract: Contract) -> Service:
    kept = contract.failed_container is Remains.KEPT
    return evolve(service, status=Status.FAILED, server=Server.NONE, container=None, leftover=kept, unsettled=None)


def _start_unsettled(state: State, name: str, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    service = state.services[name]
    if outcome.ended < _until(service):
        return (Branch(Must.ANY, state),)
    up = _up(service, outcome, contract, strict=False)
    if service.behaviour.deadly:
        up = evolve(up, server=Server.ILL)
    return (Branch(Must.OK, state.put(name, up)), Branch(Must.REJECTED, state))


def _until(service: Service) -> float:
    return service.unsettled.until if service.unsettled is not None else 0.0


def _stop(state: State, operation: Stop, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    service = state.services.get(operation.name)
    if service is None:
        return (Branch(Must.REJECTED, state),)
    stopped = _stopped(state, operation.name, contract)
    if service.unsettled is not None:
        unchanged = Branch(Must.REJECTED, state)
        return (Branch(Must.ANY, state),) if outcome.ended < _until(service) else (Branch(Must.OK, stopped), unchanged)
    if service.server in (Server.SOUND, Server.ILL):
        return (Branch(Must.OK, stopped),)
    if service.server is Server.DEAD:
        refused = () if contract.idle_stop is Reply.IGNORED else (Branch(Must.REJECTED, state),)
        return (Branch(Must.OK, stopped), *refused)
    accepted = (stopped,) if service.status is Status.STOPPED else (stopped, state)
    if contract.idle_stop is Reply.IGNORED:
        return tuple(Branch(Must.OK, after) for after in accepted)
    refused = (Branch(Must.REJECTED, state),)
    return (
        refused if contract.idle_stop is Reply.REFUSED else (*(Branch(Must.OK, after) for after in accepted), *refused)
    )


def _stopped(state: State, name: str, contract: Contract) -> State:
    service = state.services[name]
    ran = service.container is not None
    kept = contract.stopped_container is Remains.KEPT and (ran or service.leftover)
    after = evolve(service, status=Status.STOPPED, server=Server.NONE, container=None, leftover=kept, unsettled=None)
    put = state.put(name, after)
    return evolve(put, cycled=put.cycled | {name}) if ran and name not in put.cycled else put


def _look(state: State, operation: List | StatusOf, _: Outcome, __: Contract) -> tuple[Branch, ...]:
    unknown = operation.service is not None and operation.service not in state.services
    if unknown:
        return (Branch(Must.REJECTED, state),)
    uncertain = operation.service is not None and state.services[operation.service].unsettled is not None
    return (Branch(Must.ANY if uncertain else Must.OK, state),)


def _wait(state: State, _: Wait, __: Outcome, ___: Contract) -> tuple[Branch, ...]:
    return (Branch(Must.OK, state),)


def _behave(state: State, operation: SetBehaviour, _: Outcome, contract: Contract) -> tuple[Branch, ...]:
    if not contract.obedient:
        return (Branch(Must.REJECTED, state),)
    service = evolve(state.services[operation.name], behaviour=operation.how)
    return tuple(Branch(Must.OK, state.put(operation.name, after)) for after in _affected(service))


def _affected(service: Service) -> tuple[Service, ...]:
    """What may become of a service whose servers have just been told how to behave."""
    if service.server in (Server.NONE, Server.DEAD):
        return (service,)
    ill, dead = evolve(service, server=Server.ILL), _dead(service)
    if service.behaviour.deadly:
        return (dead, ill) if service.behaviour is Behaviour.CRASH else (ill, dead)
    sound = evolve(service, server=Server.SOUND)
    return (sound,) if service.server is Server.SOUND else (sound, dead)


def _dead(service: Service, *, leftover: bool = True) -> Service:
    return evolve(service, server=Server.DEAD, leftover=leftover)


def _strike(state: State, operation: Crash | Kill | Remove, _: Outcome, contract: Contract) -> tuple[Branch, ...]:
    service = state.services.get(operation.name)
    if service is None or service.server not in (Server.SOUND, Server.ILL):
        return (Branch(Must.ANY, state),)
    after = [_dead(service, leftover=not isinstance(operation, Remove))]
    if contract.restart_policies and not isinstance(operation, Remove):
        after.append(evolve(service, server=Server.ILL))  # the engine may bring it back
    return (*(Branch(Must.OK, state.put(operation.name, one)) for one in after), Branch(Must.REJECTED, state))


def _hold(state: State, operation: HoldPort, _: Outcome, __: Contract) -> tuple[Branch, ...]:
    if operation.name not in state.services:
        return (Branch(Must.ANY, state),)
    return (Branch(Must.OK, state.change(operation.name, held=True)), Branch(Must.REJECTED, state))


def _release(state: State, operation: ReleasePort, _: Outcome, __: Contract) -> tuple[Branch, ...]:
    if operation.name not in state.services:
        return (Branch(Must.ANY, state),)
    return (Branch(Must.OK, state.change(operation.name, held=False)),)


def _disturb(state: State, _: Disturb, __: Outcome, ___: Contract) -> tuple[Branch, ...]:
    return (Branch(Must.ANY, state),)


def _restart_engine(state: State, operation: RestartEngine, _: Outcome, contract: Contract) -> tuple[Branch, ...]:
    unchanged = Branch(Must.REJECTED, state)
    if operation.how is Outage.LIVE:
        return (Branch(Must.OK, state), unchanged)
    struck = {name: one for name, one in state.services.items() if one.server in (Server.SOUND, Server.ILL)}
    after = evolve(state, services={**state.services, **{name: _dead(one) for name, one in struck.items()}})
    branches = [Branch(Must.OK, after)]
    if contract.restart_policies and struck:
        ill = {name: evolve(one, server=Server.ILL) for name, one in struck.items()}
        branches.append(Branch(Must.OK, evolve(state, services={**state.services, **ill})))
    return (*branches, unchanged)


RULES: dict[type[Operation], Callable[[State, Any, Outcome, Contract], tuple[Branch, ...]]] = {
    Create: _create,
    Start: _start,
    Stop: _stop,
    StatusOf: _look,
    List: _look,
    Wait: _wait,
    SetBehaviour: _behave,
    Crash: _strike,
    Kill: _strike,
    Remove: _strike,
    HoldPort: _hold,
    ReleasePort: _release,
    Disturb: _disturb,
    RestartEngine: _restart_engine,
}
