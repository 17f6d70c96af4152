"""What an invariant sees, and what it says."""

from collections.abc import Callable, Iterable
from typing import Self

from attrs import evolve, field, frozen

from churn.lifecycle.contract import Contract
from churn.lifecycle.observation import Container, Observation
from churn.lifecycle.operations import Operation
from churn.lifecycle.outcome import Outcome
from churn.lifecycle.state import SOUND, Service, State
from churn.lifecycle.transitions import Must


@frozen(eq=False)
class Sight:
    """One possible state held against one observation.

    `expected` is the state before what was seen is bound into it, `state` after. `acted` are the services that an operation
    acted on since the last look, `waited` whether nothing but time did.
    """

    operation: Operation
    outcome: Outcome
    must: Must
    expected: State
    state: State
    observation: Observation
    contract: Contract
    acted: frozenset[str] = frozenset()
    waited: bool = False
    listing: Outcome | None = None
    """How the list command of this look ended, None where it was not asked."""
    sound: tuple[tuple[str, Service, Container | None], ...] = field(init=False, repr=False)
    """The services that have to serve, each with its container as it was seen: found once for all invariants."""

    @sound.default
    def _sound(self) -> tuple[tuple[str, Service, Container | None], ...]:
        return tuple(
            [
                (name, service, self.own(service))
                for name, service in self.state.services.items()
                if service.server is SOUND and service.unsettled is None
            ]
        )

    def own(self, service: Service) -> Container | None:
        """The container that is expected of `service`, as it was seen; None where none is bound or it is gone."""
        return self.observation.containers.get(service.container) if isinstance(service.container, str) else None

    def shown(self, identity: object) -> str:
        """A container's name in reports."""
        found = self.observation.containers.get(identity) if isinstance(identity, str) else None
        return found.alias if found is not None else str(identity)[:12]


@frozen
class Finding:
    """What an invariant says of a sight.

    `service` is the service concerned, `others` are further ones; `look` is a command that shows the same.
    """

    expected: str
    seen: str
    service: str | None = None
    look: str = ""
    invariant: str = ""
    criterion: int = 0
    others: tuple[str, ...] = ()

    def of(self, invariant: "Invariant") -> Self:
        """The same finding with its invariant's name and criterion."""
        return evolve(self, invariant=invariant.name, criterion=invariant.criterion)


class Objection(Finding):
    """What was seen is not what the model allows."""


class Doubt(Finding):
    """It could not be told: never a pass, never a bug. `seen` says why."""


Check = Callable[[Sight], Iterable[Objection | Doubt]]


@frozen
class Invariant:
    """A named check, and the success criterion (1-5) that it belongs to."""

    name: str
    criterion: int
    check: Check


def ps(contract: Contract) -> str:
    """The command that lists the manager's containers."""
    filters = " ".join(
        f"--filter label={label}{'=' + value if value else ''}" for label, value in contract.labels.items()
    )
    return f"docker ps -a {filters}".rstrip()
