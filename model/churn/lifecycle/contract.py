"""The contract: what a manager promises where honest managers differ, as data. Each field says what it is about."""

from collections.abc import Mapping
from enum import Enum
from functools import cached_property

from attrs import Factory, field, frozen
from attrs.validators import instance_of

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.form import Setting
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import OFFERED, SIGNALLED, Interrupt, InterruptAt, Update
from churn.lifecycle.patterns import fits


class Reply(Enum):
    """How a manager may answer an operation that has nothing to do."""

    REFUSED = "refused"
    """The manager has to report an error, and changes nothing."""
    IGNORED = "ignored"
    """The manager has to report success, and changes nothing."""
    EITHER = "either"
    """The manager may report success or an error, and changes nothing."""


class Willing(Enum):
    """Whether a manager does what it is asked for, where something else would have to be done first."""

    DONE = "done"
    """It does both."""
    REFUSED = "refused"
    """The manager has to report an error, and changes nothing."""
    EITHER = "either"
    """The manager may do both, or report an error and change nothing."""


class Outliving(Enum):
    """What becomes of running services when the manager's own daemon is restarted."""

    RUN_ON = "run on"
    """Nothing: their containers run on."""
    ANEW = "run anew"
    """They run, in new containers."""
    END = "end"
    """They end, and the manager says so."""
    ANY = "any"
    """Any of these, for all of them alike."""


class Renewal(Enum):
    """What an update does to a service that runs."""

    NEXT_START = "at the next start"
    """The service runs on as it is, and has the setting from its next start on."""
    AT_ONCE = "at once"
    """The service then runs with the setting, in a new container."""
    REFUSED = "refused"
    """The manager has to report an error, and changes nothing."""
    ANY = "any"
    """Any of these."""


class SecondStart(Enum):
    """How a manager may answer a start of a service that runs."""

    REFUSED = "refused"
    """The manager has to report an error, and changes nothing."""
    IGNORED = "ignored"
    """The manager has to report success, and changes nothing."""
    EITHER = "either"
    """The manager may report success or an error, and changes nothing."""
    REPLACES = "replaces"
    """The manager has to report success, and the service then runs in a new container in place of the one before."""


class Noticing(Enum):
    """When a manager must have noticed that a server died. The values are words for reports."""

    SETTLING = "within the settling time"
    OPERATION = "at the next operation"
    NEVER = "never"


class Remains(Enum):
    """What becomes of a container that is no longer wanted."""

    GONE = "gone"
    """It is removed."""
    KEPT = "kept"
    """It may be there, stopped, until the next start, which makes a new one."""
    REUSED = "reused"
    """It stays, and the next start has to start it again. What was written in it before is still there, which is then fine."""


class Ports(Enum):
    """Whether a service keeps its port over restarts."""

    FIXED = "fixed"
    """It keeps the port that it got first."""
    ANEW = "anew"
    """It may get another port at each start."""


class Leave(Enum):
    """Whether a manager may do something where several clients ask at once."""

    ALLOWED = "allowed"
    NEVER = "never"


class Sight(Enum):
    """Whether Churn sees what a manager asks of its engine."""

    SEEN = "seen"
    """It asks by Docker's API at the address in DOCKER_HOST, to make, start, stop or remove containers."""
    UNSEEN = "unseen"
    """It asks otherwise, or by other calls, as Swarm and Podman's own client do."""


class Means(Enum):
    """What a successful start promises."""

    HEALTHY = "healthy"
    """The service answers at its health path."""
    LAUNCHED = "launched"
    """The service's container was started; whether the service answers is not said."""


_MOST, _LONG_ENOUGH = 0.8, 10.0
"""The part of a manager's timeout that a late server needs; the seconds of a timeout whose rest is no matter of chance."""


Words = Mapping[str, Status | tuple[Status, ...]]
"""What each word of a manager's means; one that it has for several statuses means any of them."""
EVERY_PORT = (1, 65535)


def _words() -> dict[str, Status | tuple[Status, ...]]:
    return {status.value: status for status in Status}


@frozen(kw_only=True)
class Bounds:
    """How long things may take, in seconds."""

    create: float = 30.0
    """Seconds that a `create` may take; one that takes longer is a bug (`in-time`)."""
    start: float = 600.0
    """Seconds that a `start` may take; one that takes longer is a bug (`in-time`)."""
    stop: float = 120.0
    """Seconds that a `stop` may take; one that takes longer is a bug (`in-time`)."""
    remove: float = 120.0
    """Seconds that a `remove` may take; one that takes longer is a bug (`in-time`)."""
    restart: float = 720.0
    """Seconds that a `restart` may take; one that takes longer is a bug (`in-time`)."""
    update: float = 720.0
    """Seconds that an `update` may take; one that takes longer is a bug (`in-time`)."""
    list: float = 30.0
    """Seconds that a `list` may take; one that takes longer is a bug (`in-time`)."""
    status: float = 30.0
    """Seconds that a `status` may take; one that takes longer is a bug (`in-time`)."""
    settling: float = 2.0
    """Seconds that the system may need after an operation until everything is as it should be.

    Until then Churn looks again and again; only then is what is still wrong a bug.
    """
    loading: float = 0.0
    """Seconds that the manager itself gives a server until it must be healthy; 0 where that is not known.

    If they are known and at least ten, Churn also tries servers that need most of them. Such a start has to succeed.
    """
    grace: float = 10.0
    """Seconds that Churn still waits when the manager's own stated timeout has passed, before it cuts the operation off."""

    @property
    def late(self) -> float:
        """Seconds that a late server needs: most of `loading`. 0: there are none, because it is not known or too short."""
        return _MOST * self.loading if self.loading >= _LONG_ENOUGH else 0.0

    def of(self, kind: str) -> float | None:
        """The seconds that an operation of this kind may take; None for one that is not the manager's."""
        return float(getattr(self, kind)) if kind in OFFERED else None


@frozen(kw_only=True)
class Contract:
    """What this manager promises where honest managers differ. The defaults are what most users expect.

    A description file of a manager sets most fields; `churn guide managers` says where.
    """

    second_start: SecondStart = field(default=SecondStart.EITHER, validator=instance_of(SecondStart))
    """A start of a running service: an error, success without effect, either (default), or success with a new container."""
    idle_stop: Reply = Reply.IGNORED
    """A stop of a service that does not run: success without effect (default), an error, or either."""
    second_create: Reply = Reply.REFUSED
    """A create of a service that is there: an error (default), or success without effect."""
    running_remove: Willing = Willing.EITHER
    """A remove of a running service: it is stopped and removed, an error, or either (default)."""
    idle_restart: Willing = Willing.EITHER
    """A restart of a service that does not run: it is started, an error, or either (default)."""
    running_update: Renewal = Renewal.ANY
    """An update of a running service: it is there at the next start and not before, at once, refused, or any (default)."""
    daemon_restart: Outliving = Outliving.ANY
    """What becomes of running services when the manager's daemon is restarted: they run on, run anew, end, or any (default)."""
    created_container: Remains = Remains.GONE
    """Whether there is a container before the first start: gone means none (default), else it may be there, not running.

    If it is reused, create has made it, and the first start runs it. If somebody else removes such a container, its service
    may be lost with it: start and stop may then be refused, and a create succeed again.
    """
    failed_container: Remains = Remains.GONE
    """What becomes of the container of a failed start, or of a server that died and is then started again.

    That of a failed start is gone (default), or it may be there, stopped, until the next start or stop. If it is reused, the
    next start runs it, and so does a start after its server has died.
    """
    stopped_container: Remains = Remains.GONE
    """What becomes of the container of a stopped service: gone (default), kept until the next start, or started again by it."""
    restarted_container: Remains = Remains.GONE
    """What becomes of the container of a service that is restarted: it goes, as with a stop and a start (default), or, if it is
    reused, the service runs in the same one afterwards.
    """
    ports: Ports = Ports.FIXED
    """Whether a service keeps its port (default), or gets one anew at each start."""
    port_range: tuple[int, int] = EVERY_PORT
    """The first and the last port that a service may have; by default it may have any.

    If the manager is told which port to use (`{port}` in a description file), Churn chooses one of these.
    """
    restart_policies: frozenset[str] = frozenset()
    """Restart policies of the engine that the manager's containers may have; none by default.

    A container with such a policy may be started again by the engine when its server has died.
    """
    running_means: Means = Means.HEALTHY
    """What a start that succeeded means: the service answers (default), or merely that its container was started."""
    recovers: int = 2
    """After an operation that ended unknown: how many starts and stops of the service it may take until it is well again.

    They count once nothing of the operation can come any more, and at least one has to be a stop. If none of them succeeds, the
    manager has lost the service. 0: that is not promised.
    """
    stop_grace: float = 1.0
    """Seconds that a stop gives a server to end by itself, between SIGTERM and SIGKILL; 0: it may be killed at once.

    Docker gives 10 s. What most users expect is that the server is asked at all, and has a moment.
    """
    engine_calls: Sight = Sight.SEEN
    """Whether Churn sees the manager's calls of its engine (default), and can end it at one of them (`--interrupts`).

    If it does not, it ends the manager after a part of the time that the operation usually takes.
    """
    death_noticed: Noticing = Noticing.SETTLING
    """When the manager's list must no longer call a service running whose server died."""
    busy: Leave = Leave.ALLOWED
    """Whether an operation may be refused, and change nothing, while another client's is under way on its service."""
    midway: Leave = Leave.ALLOWED
    """Whether a list may have any of the manager's words for a service on which another client's operation is under way."""
    overtaken: Leave = Leave.ALLOWED
    """Whether a start may be refused, and its service not run then, where another client's stop came while it was under way."""
    words: Words = Factory(_words)
    """Which status each of the manager's own words means; it may have one word for several."""
    labels: Mapping[str, str] = Factory(dict)
    """Labels that all of the manager's containers have, and no other container has; an empty value stands for any."""
    names: str = r"[a-zA-Z0-9][a-zA-Z0-9_.-]+"
    """A regular expression for the whole name of a service; what Docker allows for containers by default.

    Churn gives services no other names, plain ones aside. Some are odd on purpose; `churn explain` lists the ways of naming.
    """
    name_pattern: str = ""
    """A regular expression for the whole name of each of the manager's containers; empty: their names follow no rule."""
    belongings: tuple[str, ...] = ()
    """Regular expressions for the names of volumes, networks and images that may stay when a service is stopped, or removed."""
    helpers: tuple[str, ...] = ()
    """Regular expressions for the names of containers that stand beside that of a service, such as a database that it needs.

    Nothing is asked of them, but that none is left when no service runs, unless `stopped_container` says that containers stay.
    """
    varying: tuple[str, ...] = ()
    """Regular expressions for what need not be the same in each container of a service, as objections call it.

    `image`, `command`, `env NAME`, `label NAME`, `mount PATH`, `limit NAME`: with ``env RUN_.*`` such variables may differ.
    """
    written: tuple[str, ...] = ()
    """Regular expressions for paths in a container that its server writes as it starts, such as `/var/log/.*` or a pid file.

    A start still has to bring a new container. Without this key, one whose own layer was written to counts as used before.
    """
    processes: frozenset[str] = frozenset()
    """Names of programs that the manager may leave running, such as a daemon of its own."""
    health_path: str = "/health"
    """The path of the HTTP request that a running service has to answer with a 2xx status."""
    bounds: Bounds = field(factory=Bounds)
    offers: frozenset[str] = OFFERED
    """The operations that the manager has; a report names those that are missing.

    A description file cannot set this key: Churn takes it from the tables of commands that the file has. With
    `--engine-faults`, Churn adds `disturb` and `restart-engine`.
    """
    updates: Mapping[Setting, str] = Factory(dict)
    """The settings that an update can change, each with the value to which it does: an image, or a variable as `NAME=value`.

    A new port is chosen when it is asked for. A description file cannot set this key: Churn takes it from its table `[update]`.
    """
    obedient: bool = True
    """Whether servers read how to behave in the folder that Churn gives to each service.

    If they do not, `set-behaviour` and `crash` are refused, and change nothing. A description file cannot set this key: it
    is true if a command of the file, or its `env`, uses `{folder}`.
    """

    @cached_property
    def possible(self) -> frozenset[str]:
        """What of `Operation.needs` there is: `offers`, and what follows from the rest of the contract.

        A manager that runs the same container again is asked for no update: when that would show is not its to say. It is ended
        at its calls where they are seen, else after a time.
        """
        ended = {Interrupt.kind, SIGNALLED} if self.engine_calls is Sight.UNSEEN else {InterruptAt.kind}
        late = {Behaviour.LATE.value} if self.bounds.late else set()
        remains = (self.created_container, self.failed_container, self.stopped_container, self.restarted_container)
        changed = self.updates if Update.kind in self.offers and Remains.REUSED not in remains else ()
        fixed = (one for one in changed if one is not Setting.PORT or self.ports is Ports.FIXED)
        return self.offers - ended | late | {f"{Update.kind} {one.value}" for one in fixed}

    def helped_by(self, container: str) -> bool:
        """Whether a container of that name is one of `helpers`."""
        return any(fits(pattern, container) for pattern in self.helpers)

    def takes(self, name: str) -> bool:
        """Whether a service can have this name."""
        return fits(self.names, name)

    def spelled(self, word: str) -> Status | None:
        """What the manager's word for a status means, None where the contract does not know it; of several the first."""
        return next(iter(self.meanings(word)), None)

    def meanings(self, word: str) -> tuple[Status, ...]:
        """All that the manager's word for a status may mean; nothing where the contract does not know it."""
        meant = self.words.get(word, ())
        return meant if isinstance(meant, tuple) else (meant,)
