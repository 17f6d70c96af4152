"""Containers that are there before a start, or stay after a stop, by contract: which one a service then has."""

from churn.lifecycle.condition import DEAD
from churn.lifecycle.contract import Contract, Remains
from churn.lifecycle.observation import Status
from churn.lifecycle.state import Fresh, Service


def as_created(contract: Contract, before: Service | None = None) -> Service:
    """The service once it has been created, under the faults that it was under `before`."""
    kept = contract.created_container is not Remains.GONE
    return (
        Service(leftover=kept)
        if before is None
        else Service(leftover=kept, behaviour=before.behaviour, held=before.held)
    )


def is_lost(service: Service, contract: Contract) -> bool:
    """Whether somebody else has removed the container that create made: the manager may know nothing of the service then."""
    return contract.created_container is Remains.REUSED and service.server is DEAD and not service.leftover


def next_container(service: Service, mark: int, contract: Contract, *, strict: bool = True) -> str | Fresh:
    """What a start that begins at `mark` has to run: the container that the service has, or else a fresh one.

    Where the service may have one that nobody could tell yet, the start may run either.
    """
    if service.status is Status.CREATED and service.leftover and contract.created_container is Remains.REUSED:
        return Fresh(0, strict)  # create made it, before the start began
    if not _reused(service, contract) or service.pending:
        return Fresh(mark, strict)
    if _has_container(service) or service.again is not None:
        own = service.again or service.container
        return own if isinstance(own, str) and strict else Fresh(0, strict=False)
    return Fresh(0, strict=False) if service.leftover else Fresh(mark, strict)


def left_by_stop(service: Service, contract: Contract) -> tuple[bool, str | None]:
    """Whether a stop may leave a container, and the id of the one that the next start has to run, if anybody has seen it."""
    kept = contract.stopped_container is not Remains.GONE and (service.container is not None or service.leftover)
    own = service.container if _has_container(service) else service.again
    again = kept and contract.stopped_container is Remains.REUSED and isinstance(own, str)
    return kept, str(own) if again else None


def _reused(service: Service, contract: Contract) -> bool:
    """Whether a start runs the container that the service has."""
    failed = service.server is DEAD or service.status is Status.FAILED
    return Remains.REUSED in (contract.stopped_container, contract.failed_container if failed else None)


def _has_container(service: Service) -> bool:
    """Whether the container that it was started in is still there, running or not."""
    return service.container is not None and (service.server is not DEAD or service.leftover)
