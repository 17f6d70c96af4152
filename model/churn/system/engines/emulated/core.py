"""The emulated engine's state and rules, in the words, status codes and texts of the Docker Engine API.

It is passive: nothing happens in the background. What will happen by itself lies on a heap of due events, and every call
first brings the state up to `clock.now()`. No call waits: those that a real engine would block in return at once, and a
face awaits the state it wants with `await_state`.
"""

import hashlib
import heapq
import re
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from churn.errors import EngineUnreachable
from churn.system.clock import Clock
from churn.system.engines.emulated.container import Container, Timing
from churn.system.engines.refusals import refusal
from churn.system.protocols import Numbers, Spec

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
KILL, TERM = ("KILL", "SIGKILL", "9"), ("TERM", "SIGTERM", "15")
"""How the signals may be named."""
_EXIT_KILLED, _EXIT_NOT_STARTED = 137, 128
_CHANGING = (
    "down", "images", "volumes", "networks", "events", "behaviours", "processes", "strangers", "unremovable", "_ports",
    "_names", "_heap", "_count",
)  # fmt: skip
"""What of an engine changes, its containers apart."""


class Core:
    """An engine in memory. `images` are the tags it has; `gpu` whether it accepts a GPU request."""

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        timing: Timing | None = None,
        images: frozenset[str] = frozenset(),
        gpu: bool = False,
    ) -> None:
        self.clock = clock
        self.timing = timing or Timing()
        self.gpu = gpu
        self.seed = seed
        self.down = False
        self.images = set(images)
        self.volumes: dict[str, Mapping[str, str]] = {}
        self.networks: dict[str, Mapping[str, str]] = {}
        self.containers: dict[str, Container] = {}
        self.events: list[tuple[str, str]] = []
        """Container events in order: id and action."""
        self.behaviours: dict[str, str] = {}
        """What is written in the behaviour file of each folder."""
        self.processes: dict[str, int] = {}
        """Processes on the host that the manager left running, and the port that each holds (0: none)."""
        self.strangers: dict[int, str] = {}
        """Ports held by processes that are nobody's here, and who they are."""
        self.unremovable: set[str] = set()
        """Ids whose removal fails half-way and leaves them `dead`."""
        self._ports: dict[int, str] = {}
        self._names: dict[str, str] = {}
        self._heap: list[tuple[float, int, str, str, int]] = []
        self._count = 0

    # -- time ---------------------------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Let everything happen that is due by now."""
        if self.down:
            raise EngineUnreachable("Cannot connect to the Docker daemon at the emulated engine. Is it running?")
        now = self.clock.now()
        while self._heap and self._heap[0][0] <= now:
            due, _, action, identity, life = heapq.heappop(self._heap)
            container = self.containers.get(identity)
            if action == "free name":
                self._names = {name: owner for name, owner in self._names.items() if owner != identity}
            elif container is not None and container.life == life:
                self._happen(action, container, due)

    def _happen(self, action: str, container: Container, due: float) -> None:
        match action:
            case "terminated":
                self._exit(container, 0, due)
            case "killed":
                self._exit(container, _EXIT_KILLED, due)
            case "crash":
                self._exit(container, 1, due)
            case "read":
                if self.behaviour(container) == "crash":
                    self._exit(container, 1, due)
            case "restart":
                self._restart(container, due)
            case "gone":
                self._gone(container, due)

    def await_state(self, reached: Callable[[], bool], limit: float | None = None) -> bool:
        """Let time pass until `reached`, at most `limit` seconds; whether it was."""
        end = None if limit is None else self.clock.now() + limit
        self.advance()
        while not reached():
            due = self._heap[0][0] if self._heap else None
            if due is None or (end is not None and due > end):
                if end is not None:
                    self.clock.sleep(end - self.clock.now())
                    self.advance()
                return reached()
            self.clock.sleep(due - self.clock.now())
            self.advance()
        return True

    def _plan(self, delay: float, action: str, container: Container, since: float | None = None) -> None:
        start = self.clock.now() if since is None else since
        self._count += 1
        heapq.heappush(self._heap, (start + delay, self._count, action, container.id, container.life))

    # -- going back ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> tuple[Any, ...]:
        """As `Rewindable.snapshot`."""
        containers = {identity: copy(found) for identity, found in self.containers.items()}
        return containers, {name: copy(getattr(self, name)) for name in _CHANGING}

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """As `Rewindable.restore`."""
        containers, rest = snapshot
        self.containers = {identity: copy(found) for identity, found in containers.items()}
        for name, value in rest.items():
            setattr(self, name, copy(value))

    def key(self, numbers: Numbers) -> object:
        """As `Keyed.key`."""
        lives = {found.id: found.life for found in self.containers.values()}
        due = sorted(
            (numbers.since(when), action, numbers(identity))
            for when, _, action, identity, life in self._heap
            if action == "free name" or lives.get(identity) == life
        )
        return (
            tuple([self._alike(found, numbers) for found in self.containers.values()]),
            tuple([(name, numbers(owner)) for name, owner in self._names.items()]),
            tuple(due),
            tuple([numbers(port) for port in self.strangers]),
            tuple([item for item in self.behaviours.items() if item[1] != "healthy"]),
            tuple(self.volumes),
            tuple(self.networks),
            tuple(self.processes),
            self.down,
        )

    def _alike(self, found: Container, numbers: Numbers) -> object:
        ready = found.state == "running" and found.ready_at > numbers.now
        return (
            numbers(found.id), found.name, found.state, found.removing, found.stopped_by_hand, found.restart_count,
            found.restarts_in_row, found.spec.restart_policy, tuple([numbers(port) for port in found.spec.ports]),
            numbers.since(found.ready_at) if ready else None,
            numbers.since(found.started_at, self.timing.backoff_reset) if found.spec.restart_policy != "no" else None,
        )  # fmt: skip

    # -- looking ------------------------------------------------------------------------------------------------------

    def find(self, reference: str) -> Container:
        """The container of that id, name, or unambiguous beginning of an id."""
        self.advance()
        name = reference.removeprefix("/")
        container = self.containers.get(reference) or self.containers.get(self._names.get(name, ""))
        if container is not None:
            return container
        starts = [found for identity, found in self.containers.items() if reference and identity.startswith(reference)]
        if len(starts) == 1:
            return starts[0]
        raise refusal(404, f"No such container: {reference}")

    def behaviour(self, container: Container) -> str:
        """The word that the container's server reads now."""
        for mount in container.spec.mounts:  # a loop: this runs for each running server at each look
            if word := self.behaviours.get(mount.source):
                return word
        return "healthy"

    def on_port(self, port: int) -> Container | None:
        """The container that has that host port allocated."""
        return self.containers.get(self._ports.get(port, ""))

    # -- changing -----------------------------------------------------------------------------------------------------

    def create(self, spec: Spec) -> Container:
        """A new container in state `created`."""
        self.advance()
        self._admit(spec)
        self._count += 1
        identity = hashlib.sha256(f"{self.seed}:{self._count}".encode()).hexdigest()
        container = Container(identity, spec, spec.name or f"unnamed_{self._count}")
        self.containers[identity] = container
        self._names[container.name] = identity
        self._tell(container, "create")
        return container

    def _admit(self, spec: Spec) -> None:
        for port in spec.ports:
            if not 0 < port < 2**16:
                raise refusal(400, f'invalid port specification: "{port}"')
        if spec.image not in self.images:
            raise refusal(404, f"No such image: {spec.image}")
        if spec.name:
            self._admit_name(spec.name)

    def _admit_name(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise refusal(400, f"Invalid container name ({name}), only {_NAME.pattern[:-1]} are allowed")
        if owner := self._names.get(name):
            raise refusal(
                409,
                f'Conflict. The container name "/{name}" is already in use by container "{owner}". '
                "You have to remove (or rename) that container to be able to reuse that name.",
            )

    def start(self, reference: str) -> bool:
        """Start it; False where it runs already (304)."""
        container = self.find(reference)
        if container.removing or container.state in ("removing", "dead"):
            raise refusal(409, "container is marked for removal and cannot be started")
        if container.state == "paused":
            raise refusal(409, "cannot start a paused container, try unpause instead")
        if container.alive:
            return False
        try:
            self._allocate(container)
        except Exception as error:
            container.exit_code, container.error, container.listed = _EXIT_NOT_STARTED, str(error), None
            raise
        container.stopped_by_hand = False
        container.restarts_in_row = 0
        self._launch(container, self.clock.now())
        return True

    def _allocate(self, container: Container) -> None:
        if container.spec.gpu and not self.gpu:
            raise refusal(500, 'could not select device driver "nvidia" with capabilities: [[gpu]]')
        where = f"driver failed programming external connectivity on endpoint {container.name} ({container.id}): "
        for port in container.spec.ports:
            if port in self._ports:
                raise refusal(500, f"{where}Bind for 0.0.0.0:{port} failed: port is already allocated")
            if port in self.strangers or port in self.processes.values():
                proxy = f"Error starting userland proxy: listen tcp4 0.0.0.0:{port}: bind: address already in use"
                raise refusal(500, where + proxy)
        for port in container.spec.ports:
            self._ports[port] = container.id

    def _launch(self, container: Container, now: float) -> None:
        container.life += 1
        container.error, container.exit_code = "", 0
        container.started_at = now
        word = self.behaviour(container)
        loading = float(word.partition("=")[2]) if word.startswith("slow=") else 0.0
        container.ready_at = now + self.timing.load + loading
        self._become(container, "running", "start")
        if word == "crash":
            self._plan(self.timing.crash, "crash", container, now)

    def signal(self, reference: str, name: str, *, by_hand: bool = True) -> None:
        """Send a signal to its main process: TERM and KILL end it after a moment, others do nothing to it."""
        container = self.find(reference)
        if container.state not in ("running", "paused"):
            raise refusal(409, f"Cannot kill container: {reference}: Container {container.id} is not running")
        container.stopped_by_hand = container.stopped_by_hand or by_hand
        self._tell(container, "kill")
        if name in KILL:
            self._plan(self.timing.kill, "killed", container)
        elif name in TERM and self.behaviour(container) != "ignore-sigterm":
            self._plan(self.timing.terminate, "terminated", container)

    def remove(self, reference: str, *, force: bool = False) -> None:
        """Begin its removal; it is gone some milliseconds later, its name last."""
        container = self.find(reference)
        if container.removing:
            raise refusal(409, f"removal of container {reference} is already in progress")
        if container.alive and not force:
            if container.state == "paused":
                text = "Unpause and then stop the container before attempting removal or force remove"
                raise refusal(409, f"You cannot remove a paused container {container.id}. {text}")
            text = "Stop the container before attempting removal or force remove"
            raise refusal(409, f"You cannot remove a running container {container.id}. {text}")
        container.removing = True
        container.stopped_by_hand = True
        if container.state in ("running", "paused"):
            self._plan(self.timing.kill, "killed", container)
        else:
            self._begin_removal(container, self.clock.now())

    def pause(self, reference: str) -> None:
        """Freeze its processes."""
        container = self.find(reference)
        if container.state != "running":
            state = "already paused" if container.state == "paused" else "not running"
            raise refusal(409, f"Container {container.id} is {state}")
        self._become(container, "paused", "pause")

    def unpause(self, reference: str) -> None:
        """Let its processes go on."""
        container = self.find(reference)
        if container.state != "paused":
            raise refusal(409, f"Container {container.id} is not paused")
        self._become(container, "running", "unpause")

    def rename(self, reference: str, name: str) -> None:
        """Give it another name."""
        container = self.find(reference)
        self._admit_name(name)
        self._names.pop(container.name, None)
        self._names[name] = container.id
        container.name = name
        self._become(container, container.state, "rename")

    def behave(self, folder: str, word: str) -> None:
        """Write the behaviour file of `folder`; a server that runs, and still reads ``crash`` a moment later, ends."""
        self.advance()
        self.behaviours[folder] = word
        if word == "crash":
            for container in self.containers.values():
                if container.state == "running" and folder in container.behaviour_folders:
                    self._plan(self.timing.crash, "read", container)

    # -- what happens by itself ---------------------------------------------------------------------------------------

    def _exit(self, container: Container, code: int, due: float) -> None:
        if container.state not in ("running", "paused"):
            return
        self._release(container)
        container.exit_code = code
        container.life += 1
        self._become(container, "exited", "die")
        if container.removing:
            self._begin_removal(container, due)
        elif not container.stopped_by_hand and self._revives(container):
            self._back_off(container, due)

    def _revives(self, container: Container) -> bool:
        policy = container.spec.restart_policy
        return policy in ("always", "unless-stopped") or (policy == "on-failure" and container.exit_code != 0)

    def _back_off(self, container: Container, due: float) -> None:
        timing = self.timing
        if due - container.started_at > timing.backoff_reset:
            container.restarts_in_row = 0
        delay = min(timing.backoff * 2**container.restarts_in_row, timing.backoff_limit)
        container.restarts_in_row += 1
        container.state, container.listed = "restarting", None
        self._plan(delay, "restart", container, due)

    def _restart(self, container: Container, due: float) -> None:
        try:
            self._allocate(container)
        except Exception as error:  # noqa: BLE001 -- a restart by policy has no caller: the text stays in the state
            container.error, container.state, container.listed = str(error), "exited", None
            return
        container.restart_count += 1
        self._launch(container, due)

    def _begin_removal(self, container: Container, due: float) -> None:
        container.removing = True
        container.state, container.listed = "removing", None
        container.life += 1
        self._plan(self.timing.remove, "gone", container, due)

    def _gone(self, container: Container, due: float) -> None:
        if container.id in self.unremovable:
            container.removing, container.state, container.listed = False, "dead", None
            return
        self._tell(container, "destroy")
        del self.containers[container.id]
        self._plan(self.timing.free_name, "free name", container, due)

    def _release(self, container: Container) -> None:
        for port in container.spec.ports:
            if self._ports.get(port) == container.id:
                del self._ports[port]

    def _become(self, container: Container, state: str, action: str) -> None:
        container.state, container.listed = state, None
        self._tell(container, action)

    def _tell(self, container: Container, action: str) -> None:
        self.events.append((container.id, action))
