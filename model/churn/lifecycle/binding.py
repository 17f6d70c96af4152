"""Binding: ports and container ids that a look has shown are filled into an expected state.

`bind` does it before the look is judged; `remember` notes, after that, what later looks are compared with.
"""

from attrs import evolve

from churn.lifecycle.condition import NONE
from churn.lifecycle.observation import Container, Observation, Resource, ResourceKind, Status
from churn.lifecycle.state import Baseline, Fresh, Service, State


def bind(state: State, observation: Observation) -> State:
    """`state`, with the id of each container that has just been made, and each port that is not known yet, filled in.

    Nothing is judged here. A container that was seen before is bound as well, so that an invariant can object to it.
    """
    waiting = [
        (name, service)
        for name, service in state.services.items()
        if service.port is None or isinstance(service.container, Fresh)
    ]
    if not waiting:
        return state
    services = dict(state.services)
    claimed = {service.container for service in state.services.values() if isinstance(service.container, str)}
    for name, service in waiting:
        bound = _with_container(name, service, state.seen, claimed, observation)
        claimed.add(bound.container)  # type: ignore[arg-type]  # None and Fresh name no container: harmless
        services[name] = _with_port(name, bound, observation)
    return evolve(state, services=services)


def _with_container(
    name: str, service: Service, seen: frozenset[str], claimed: set[str], observation: Observation
) -> Service:
    if not isinstance(service.container, Fresh):
        return service
    free = [
        found for found in observation.containers.values() if found.id not in claimed and found.service in (name, None)
    ]
    if not free:
        return service

    def likely(found: Container) -> tuple[bool, bool, bool, int]:
        return (found.service == name, found.id not in seen, found.running, found.born)

    return evolve(service, container=max(free, key=likely).id)


def _with_port(name: str, service: Service, observation: Observation) -> Service:
    if service.port is not None:
        return service
    entries = (*(observation.listed or ()), *(observation.told or ()))
    told = [entry.port for entry in entries if entry.service == name and entry.port is not None]
    found = observation.container(service.container) if isinstance(service.container, str) else None
    published = list(found.ports) if found is not None else []
    return evolve(service, port=next(iter(told + published), None))


def remember(state: State, observation: Observation) -> State:
    """`state`, to which nothing was objected, with what later looks need: the containers seen, and the baseline for leaks."""
    new = {
        service.container
        for service in state.services.values()
        if isinstance(service.container, str) and service.container not in state.seen
    }
    if new:
        state = evolve(state, seen=state.seen | new)
    return _with_baseline(state, observation)


def _with_baseline(state: State, observation: Observation) -> State:
    if observation.resources is None:
        return state
    if state.volumes is None and _untouched(state):
        return evolve(state, volumes=volumes(observation.resources))
    if not comparable(state):
        return state
    if state.baseline is not None and state.baseline.undergone == state.undergone:
        return state
    return evolve(state, baseline=Baseline(state.undergone, observation.resources))


def _untouched(state: State) -> bool:
    """Whether no service was ever started, as far as is known."""
    return not state.seen and all(
        service.status is Status.CREATED and service.unsettled is None for service in state.services.values()
    )


def needs_resources(state: State) -> bool:
    """Whether a look at it is in vain without networks, volumes and images: leaks can be told, or volumes be known."""
    return comparable(state) or (not state.services if state.volumes is not None else _untouched(state))


def volumes(resources: frozenset[Resource]) -> frozenset[Resource]:
    """Those of the resources that are volumes."""
    return frozenset(one for one in resources if one.kind is ResourceKind.VOLUME)


def helpers(resources: frozenset[Resource]) -> frozenset[Resource]:
    """Those of the resources that are containers beside those of services."""
    return frozenset(one for one in resources if one.kind is ResourceKind.HELPER)


def comparable(state: State) -> bool:
    """Whether leaks can be told: some service was started and stopped, and now none runs, and none is unsettled."""
    return bool(state.undergone) and all(
        service.server is NONE and service.unsettled is None for service in state.services.values()
    )
