"""Adopting what a known bug left: Churn takes it over, and expects it from then on.

So a run can go on behind a bug that is known already, and find the next one. Here is what Churn then expects, and which
containers have to be removed first.
"""

from attrs import evolve

from churn.lifecycle.condition import DEAD, NONE, Server
from churn.lifecycle.invariants.base import Case
from churn.lifecycle.invariants.containers import orphans
from churn.lifecycle.observation import Container, Listed, Observation, Status
from churn.lifecycle.state import Service, State


def adopted(state: State, observation: Observation, *, statuses: bool = True) -> State:
    """`state`, changed so that it says what was seen: other ports, missing containers and, if `statuses`, other statuses.

    A service that should not run is still expected not to run, even if a container of it runs: that container is in `debris`.
    """
    services = {
        name: _as_seen(name, service, observation, statuses=statuses) for name, service in state.services.items()
    }
    return evolve(state, services=services, baseline=None)


def debris(case: Case) -> frozenset[str]:
    """The ids of the containers that should not be there in the case's state: they have to be removed."""
    return frozenset(found.id for found in orphans(case))


def _as_seen(name: str, service: Service, observation: Observation, *, statuses: bool) -> Service:
    entry = next((one for one in observation.listed or () if one.service == name), None)
    if service.unsettled is not None:
        return evolve(service, port=_port(entry, service, observation))
    port = _port(entry, service, observation)
    service = evolve(service, held=service.held and port == service.port)
    if service.server is DEAD:
        return evolve(service, port=port)
    if service.server is NONE:
        status = _idle_status(entry, service.status) if statuses else service.status
        return evolve(service, port=port, status=status)
    alive = _alive(name, service, observation)
    if alive is not None:
        server = Server.ILL if service.behaviour.deadly else service.server
        return evolve(service, port=port, container=alive.id, server=server)
    status = _idle_status(entry, Status.FAILED)
    return evolve(service, port=port, container=None, server=NONE, status=status, leftover=False)


def _port(entry: Listed | None, service: Service, observation: Observation) -> int | None:
    """The port that the list tells; but the expected one if the list tells none, or if the service's container has it."""
    found = observation.container(service.container) if isinstance(service.container, str) else None
    if entry is None or entry.port is None or (found is not None and service.port in found.ports):
        return service.port
    return entry.port


def _idle_status(entry: Listed | None, otherwise: Status) -> Status:
    """The status that the list tells of a service that does not run; `otherwise` if it tells none, or says that it runs."""
    told = entry.meanings if entry is not None else ()
    if otherwise in told:
        return otherwise
    return next((one for one in told if one is not Status.RUNNING), otherwise)


def _alive(name: str, service: Service, observation: Observation) -> Container | None:
    """The service's running container: the one that was expected, or else its newest. None if none runs."""
    own = [
        found
        for found in observation.containers.values()
        if found.state == "running" and (found.id == service.container or found.service == name)
    ]
    return max(own, key=lambda found: (found.id == service.container, found.born), default=None)
