"""Criterion 1: a stop gives the server the time to end by itself."""

from collections.abc import Iterator

from churn.lifecycle.invariants.base import Advice, Case, Exhibit, Invariant, Objection, Severity, Show, Trait
from churn.lifecycle.observation import Killed
from churn.lifecycle.outcome import Ok


def graceful_stop(case: Case) -> Iterator[Objection]:
    """A stop asks the server to end (SIGTERM), and gives it time for that before it kills it (SIGKILL). So does a restart.

    The contract's `stop_grace` says how many seconds; 0: the server may be killed at once. This is not demanded while the server
    is under a fault, and only where the engine tells of signals.
    """
    killed = case.observation.killed
    if not killed or case.operation.kind not in _GRACEFUL or not isinstance(case.outcome, Ok):
        return
    grace = case.contract.stop_grace
    for found in killed:
        service = case.state.services.get(found.service)
        if found.service != case.operation.service or service is None or service.behaviour.deadly:
            continue
        if (found.grace or 0.0) < grace:
            yield _ungraceful(found, grace)


def _ungraceful(found: Killed, grace: float) -> Objection:
    expected = f"{found.alias} is asked to end (SIGTERM), and has {grace:g} s before it is killed (SIGKILL)"
    shown = Exhibit(Show.SIGNALS, found.name)
    if found.grace is None:
        return Objection(expected, "it is killed without having been asked", found.service, shown)
    return Objection(expected, f"it is killed after {found.grace:.1f} s", found.service, shown, advice=_TOO_SOON)


_GRACEFUL = frozenset({"stop", "restart"})
"""The kinds of operations that have to end a server so."""
_TOO_SOON = Advice(
    "the time that the stop gives the server is shorter than the contract promises",
    "give the server more time before SIGKILL (`docker stop --time`), or promise less (`stop_grace`)",
)
GRACEFUL_STOP = Invariant(
    name="graceful-stop",
    says="the server of {service} is killed before it could end by itself",
    keys=("stop_grace",),
    criterion=1,
    check=graceful_stop,
    severity=Severity.HIGH,
    advice=Advice(
        "the container is removed with force, or killed, and never stopped: its server can finish and save nothing",
        "stop the container first (SIGTERM, a grace, SIGKILL), and remove it when it has ended",
    ),
    traits=frozenset({Trait.FACT}),
)
