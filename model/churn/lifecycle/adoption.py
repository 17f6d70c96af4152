"""Adopting what a known bug left: the state that is expected from then on, and what has to go for it to be true.

Only so can a run go on behind a bug that is known already, and find the next one.
"""

from attrs import evolve

from churn.lifecycle.condition import DEAD, NONE, Server
from churn.lifecycle.invariants.base import Case
from churn.lifecycle.invariants.containers import orphans
from churn.lifecycle.observation import Container, Listed, Observation, Status
from churn.lifecycle.state import Service, State


def adopted(state: State, observation: Observation, *, statuses: bool = True) -> State:
    """`state` as it would be if what was seen were right: ports and missing containers are taken over, and `statuses`.

    A service that should not run is not made to run: a container of it is debris (`debris`).
    """
    services = {
        name: _as_seen(name, service, observation, statuses=statuses) for name, service in state.services.items()
    }
    return evolve(state, services=services, baseline=None)


def debris(case: Case) -> frozenset[str]:
    """The ids of the containers that the case's state does not expect."""
    return frozenset(found.id for found in orphans(case))


def _as_seen(name: str, service: Service, observation: Observation, *, statuses: bool) -> Service:
    if service.unsettled is not None:
        return service
    entry = next((one for one in observation.listed or () if one.service == name), None)
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
    """The port that the list tells, unless the service's container shows that the expected one is right."""
    found = observation.container(service.container) if isinstance(service.container, str) else None
    if entry is None or entry.port is None or (found is not None and service.port in found.ports):
        return service.port
    return entry.port


def _idle_status(entry: Listed | None, otherwise: Status) -> Status:
    """What the list says of a service that does not run; what else is expected where it says nothing of use."""
    told = entry.status if entry is not None else None
    return otherwise if told is None or told is Status.RUNNING else told


def _alive(name: str, service: Service, observation: Observation) -> Container | None:
    """The service's running container: the one that was expected, else its newest."""
    own = [
        found
        for found in observation.containers.values()
        if found.state == "running" and (found.id == service.container or found.service == name)
    ]
    return max(own, key=lambda found: (found.id == service.container, found.born), default=None)
