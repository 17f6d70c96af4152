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
Start(a)         running                     by contract  the same container, still serving (or, by
                                                          contract, a fresh one)
Start(a)         running, its server ill     any          unchanged, or (Rejected) failed without a container
Stop(a)          running                     Ok           stopped, no container (or kept, by contract), port free
Stop(a)          created, stopped, failed    by contract  stopped or unchanged, no container
Remove(a)        created, stopped, failed    Ok           not there, nothing of it left
Remove(a)        running, or its server      by contract  not there, nothing of it left; or nothing changed
                 died
Restart(a)       running                     as Start     running, fresh container, its one port, serving; or
                                                          failed, as Start
Restart(a)       created, stopped, failed,   by contract  as Start; or nothing changed
                 or its server died
Update(a)        created, stopped, failed    Ok           the next start has the setting
Update(a)        running, or its server      by contract  as it was, and the next start has the setting; or running
                 died                                     with it, fresh container; or nothing changed
Start, Stop,     unknown to the manager      Rejected     nothing changed, nothing created
Remove, Restart,
Update, Status
List, Status     any                         Ok           nothing changed
RestartManager   any                         Ok           nothing changed; or by contract, what ran has ended, or runs
                                                          in fresh containers
Wait             any                         Ok           nothing changed by itself
SetBehaviour(a)  there                       Ok           its present server, and later ones, behave like that
SetBehaviour(a)  there, its servers do not   Rejected     nothing changed
                 read how to behave
Crash, Kill,     running                     Ok           its server has died: Start and Stop clear it away
RemoveContainer
HoldPort(a)      not running                 Ok           its port is held
Start(a)         not running, its port held  Rejected     failed, no container (or kept, by contract); where it
                                                          gets its port anew, or that is not known, it may also
                                                          run
ReleasePort(a)   its port held               Ok           its port is free
Disturb          any                         Ok           nothing changed; the manager's next start, stop or
                                                          create may end Unknown, unless replies only come late
Interrupt,       any                         Ok           nothing changed; the manager's next start, stop, create,
InterruptAt                                               remove or restart may end Unknown
RestartEngine    any                         Ok           every server has died; if the containers run on
                                                          meanwhile, nothing changed
Together         any                         in some      as after its operations one after the other, in an order that
                                             order        explains how each ended (or, by contract, refused meanwhile)
Crash, Kill,     any                         Rejected     nothing changed: there was nothing to strike
HoldPort, …
any of the       any                         Unknown      nothing, part or all of it, now or until its effects
manager's                                                 can no longer come: the service is unsettled
===============  ==========================  ===========  ========================================================

A running service whose server was told to crash, to hang or to be unhealthy is *ill*: until that ends, only safety is demanded
of it.
"""

from collections.abc import Callable
from typing import Any

from churn.lifecycle.condition import DEAD, ILL
from churn.lifecycle.contract import Contract
from churn.lifecycle.operations import (
    Crash,
    Create,
    Disturb,
    HoldPort,
    Interrupt,
    InterruptAt,
    Kill,
    List,
    Operation,
    ReleasePort,
    Remove,
    RemoveContainer,
    Restart,
    RestartEngine,
    RestartManager,
    SetBehaviour,
    Start,
    Status,
    Stop,
    Together,
    Update,
    Wait,
)
from churn.lifecycle.outcome import Outcome, Unknown
from churn.lifecycle.rules import faults, requests, starting, together, updating
from churn.lifecycle.rules.branches import Branch, Must
from churn.lifecycle.rules.faults import as_dead, as_revived
from churn.lifecycle.rules.unsettled import unsettle
from churn.lifecycle.state import State

__all__ = ["RULES", "Branch", "Must", "follow"]


def follow(state: State, operation: Operation, outcome: Outcome, contract: Contract) -> tuple[Branch, ...]:
    """Every branch that the model allows after `operation` in `state`; never empty.

    Whether the operation was allowed to end as it did is not decided here: each branch says in `must` how it has to have ended,
    and the invariant `accepted` objects where no branch admits `outcome`. Here, only the times and the mark of `outcome` matter,
    and whether it is known.
    """
    if isinstance(outcome, Unknown) and operation.manager:
        drifted = _drifted(state, contract)
        return tuple(Branch(Must.ANY, one) for now in drifted for one in unsettle(now, operation, outcome))
    rule = RULES[type(operation)]
    return tuple(branch for now in _drifted(state, contract) for branch in rule(now, operation, outcome, contract))


def _drifted(state: State, contract: Contract) -> tuple[State, ...]:
    """`state`, and what it may have become by itself: a server under a deadly fault may end at any moment.

    Where the contract has restart policies, the engine may have started a dead one's container again.
    """
    found = [state]
    for name, service in state.services.items():
        if service.server is ILL:
            found += [one.put(name, as_dead(service)) for one in found]
        elif service.server is DEAD and service.leftover and contract.restart_policies:
            found += [one.put(name, as_revived(service)) for one in found]
    return tuple(found)


RULES: dict[type[Operation], Callable[[State, Any, Outcome, Contract], tuple[Branch, ...]]] = {
    Create: requests.create,
    Start: starting.start,
    Stop: requests.stop,
    Remove: requests.remove,
    Restart: starting.restart,
    Update: updating.update,
    Status: requests.look,
    List: requests.look,
    RestartManager: requests.restart_manager,
    Wait: requests.wait,
    SetBehaviour: faults.behave,
    Crash: faults.strike,
    Kill: faults.strike,
    RemoveContainer: faults.strike,
    HoldPort: faults.hold,
    ReleasePort: faults.release,
    Disturb: faults.disturb,
    Interrupt: faults.disturb,
    InterruptAt: faults.disturb,
    RestartEngine: faults.restart_engine,
    Together: lambda state, block, outcome, contract: together.together(state, block, outcome, contract, follow),
}
