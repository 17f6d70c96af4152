"""The contract: the choices on which honest managers differ, as data. Each field says what its values mean."""

from collections.abc import Mapping
from enum import Enum

from attrs import Factory, field, frozen

from churn.lifecycle.observation import Status
from churn.lifecycle.operations import OFFERED


class Reply(Enum):
    """How a manager may answer an operation that has nothing to do."""

    REFUSED = "refused"
    IGNORED = "ignored"
    EITHER = "either"


class Noticing(Enum):
    """When a manager must have noticed that a server died."""

    SETTLING = "within the settling time"
    OPERATION = "at the next operation"
    NEVER = "never"


class Remains(Enum):
    """What becomes of a container that is no longer wanted."""

    GONE = "gone"
    KEPT = "kept"


class Ports(Enum):
    """Whether a service keeps its port over restarts."""

    FIXED = "fixed"
    ANEW = "anew"


class Means(Enum):
    """What a successful start promises."""

    HEALTHY = "healthy"
    LAUNCHED = "launched"


def _words() -> dict[str, Status]:
    return {status.value: status for status in Status}


@frozen(kw_only=True)
class Bounds:
    """Seconds that an operation may take, and that the system may then need to settle."""

    create: float = 30.0
    start: float = 600.0
    stop: float = 120.0
    list: float = 30.0
    status: float = 30.0
    settling: float = 2.0
    grace: float = 10.0
    """Added to a manager's own stated timeout before Churn cuts it off."""

    def of(self, kind: str) -> float | None:
        """The bound of an operation kind in seconds, None where there is none (it is not the manager's)."""
        return float(getattr(self, kind)) if kind in OFFERED else None


@frozen(kw_only=True)
class Contract:
    """What this manager promises where honest managers differ. The defaults are what most users expect."""

    second_start: Reply = Reply.EITHER
    """A start of a running service: an error, success without effect, or either."""
    idle_stop: Reply = Reply.IGNORED
    """A stop of a service that does not run: success without effect (default), an error, or either."""
    second_create: Reply = Reply.REFUSED
    """A create of a service that is there: an error (default), or success without effect."""
    failed_container: Remains = Remains.GONE
    """The container of a failed start: gone (default), or kept, stopped, for inspection until the next start or stop."""
    stopped_container: Remains = Remains.GONE
    """The container of a stopped service: removed (default), or only exited until the next start."""
    ports: Ports = Ports.FIXED
    """A service keeps its port (default), or gets one anew at each start."""
    restart_policies: frozenset[str] = frozenset()
    """Restart policies of the engine that its containers may carry; none by default."""
    running_means: Means = Means.HEALTHY
    """A start that succeeded means that the service answers (default), or merely that its container was started."""
    death_noticed: Noticing = Noticing.SETTLING
    """When the list must tell that a service's server died."""
    words: Mapping[str, Status] = Factory(_words)
    """How the manager spells each status."""
    labels: Mapping[str, str] = Factory(dict)
    """Labels that mark the manager's containers; an empty value stands for any."""
    name_pattern: str = ""
    """A regular expression that the names of its containers match whole; empty: names tell nothing."""
    belongings: tuple[str, ...] = ()
    """Regular expressions for named volumes, networks and images that may stay with a service."""
    processes: frozenset[str] = frozenset()
    """Names of programs that the manager may leave running (a daemon of its own)."""
    health_path: str = "/health"
    bounds: Bounds = field(factory=Bounds)
    offers: frozenset[str] = OFFERED
    """The operations that the manager has at all; what is missing is named in the report.

    With ``disturb`` and ``restart-engine`` among them its engine can be made to fail it.
    """
    obedient: bool = True
    """Whether its servers read how to behave in the folder that they are created with.

    `SetBehaviour` and `Crash` strike no others.
    """

    def spelled(self, word: str) -> Status | None:
        """What the manager's word for a status means, None where the contract does not know it."""
        return self.words.get(word)
