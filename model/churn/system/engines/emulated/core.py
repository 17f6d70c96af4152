"""The emulated engine's state and rules, in the words, status codes and texts of the Docker Engine API.

It is passive: nothing happens in the background. What will happen by itself lies on a heap of due events, and every call
first brings the state up to `clock.now()`. No call waits: those that a real engine would block in return at once, and a
face awaits the state it wants with `await_state`.
"""

import heapq
import re
from collections.abc import Callable, Mapping
from copy import copy
from math import inf
from typing import Any, NoReturn, Protocol

from attrs import evolve

from churn.errors import EngineError, EngineUnreachable
from churn.system.clock import Clock
from churn.system.engines.emulated.container import Container, Timing
from churn.system.engines.emulated.identity import identity as identified
from churn.system.engines.emulated.images import Image, named_image
from churn.system.engines.emulated.journal import Journal
from churn.system.engines.emulated.program import CRASHING, gpus_of, is_stand_in, missing, program_of
from churn.system.engines.emulated.resources import BUILT_IN, Resource
from churn.system.engines.emulated.spellings import KILL, TERM, crashing, exit_code, number_after, number_of, tags_like
from churn.system.protocols import Spec
from churn.system.refusals import refusal
from churn.system.rewinding import Numbers

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_EXIT_KILLED, _EXIT_NOT_STARTED, _EXIT_NO_PROGRAM = 137, 128, 127
_NANO = 10**9
_EPOCH = 1_700_000_000.0
_PRINT = "print "
"""What is due where a process writes a line; the line's number follows."""
_FIRST_CHOSEN = 49153
"""The first host port that the engine chooses by itself."""
_CHANGING = (
    "down", "boots",
    "_back", "images", "volumes", "networks", "events", "behaviours", "processes", "strangers", "unremovable", "_ports",
    "_names", "_heap", "_count",
)  # fmt: skip
"""What of an engine changes, its containers apart."""


class Ports(Protocol):
    """Where published ports are really bound, if they are."""

    def bind(self, port: int, container: Container) -> None:
        """Take a host port for a container that is about to start. Raises `OSError` where it cannot be had."""

    def release(self, port: int) -> None:
        """Let go of it; nothing happens where it is not held."""


class Core:
    """An engine in memory. `images` are the tags it has; `gpu` whether it accepts a GPU request.

    `epoch` is the moment, in seconds since 1970, at which the clock stood at 0. `ports` binds published ports for real.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        timing: Timing | None = None,
        images: frozenset[str] = frozenset(),
        gpu: bool = False,
        epoch: float = _EPOCH,
        ports: Ports | None = None,
    ) -> None:
        self.clock = clock
        self.timing = timing or Timing()
        self.gpu = gpu
        self.seed = seed
        self.down = False
        self.boots = 0
        """How often it was restarted."""
        self._back = inf
        """When an engine that is down is up again."""
        self.epoch = epoch
        self.images = {tag: named_image(tag) for tag in sorted(images)}
        """Images by their tags; one without a tag has its id for one."""
        self.volumes: dict[str, Resource] = {}
        self.networks: dict[str, Resource] = {}
        self.journal: Journal | None = None
        """What the API's clients are told of; nobody is told where there is none."""
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
        self._outside = ports
        self._ports: dict[int, str] = {}
        self._names: dict[str, str] = {}
        self._heap: list[tuple[float, int, str, str, int]] = []
        self._count = 0

    # -- time ---------------------------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Let everything happen that is due by now."""
        now = self.clock.now()
        if self.down:
            if now < self._back:
                raise EngineUnreachable("Cannot connect to the Docker daemon at the emulated engine. Is it running?")
            self._come_back()
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
                self.exit(container, 0, due)
            case "killed":
                self.exit(container, _EXIT_KILLED, due)
            case "crash":
                self._crash(container, self.behaviour(container), due)
            case "ended":
                self.exit(container, program_of(container, container.origin).code, due)
            case "read":
                if crashing(word := self.behaviour(container)):
                    self._crash(container, word, due)
            case "restart":
                self._restart(container, due)
            case "gone":
                self._gone(container, due)
            case _:
                self._print(container, int(action.removeprefix(_PRINT)), due)

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
        if container.word:
            return container.word
        for mount in container.spec.mounts:  # a loop: this runs for each running server at each look
            if word := self.behaviours.get(mount.source):
                return word
        return "healthy"

    def find_image(self, reference: str) -> Image:
        """The image of that tag (``latest`` where it names none), id, or beginning of an id."""
        for tag in tags_like(reference):
            if tag in self.images:
                return self.images[tag]
        bare = reference.removeprefix("sha256:")
        found = {image.id: image for image in self.images.values() if bare and image.id.startswith(f"sha256:{bare}")}
        if len(found) == 1:
            return next(iter(found.values()))
        raise refusal(404, f"No such image: {tags_like(reference)[-1]}")

    def due(self) -> float | None:
        """When the next thing happens by itself; None where nothing will."""
        return self._heap[0][0] if self._heap else None

    def nanoseconds(self, moment: float | None = None) -> int:
        """A moment of the clock (by default now) in nanoseconds since 1970."""
        return int((self.epoch + (self.clock.now() if moment is None else moment)) * _NANO)

    def on_port(self, port: int) -> Container | None:
        """The container that has that host port allocated."""
        return self.containers.get(self._ports.get(port, ""))

    # -- changing -----------------------------------------------------------------------------------------------------

    def new_identity(self) -> str:
        """An id that nothing here has yet."""
        self._count += 1
        return identified(self.seed, self._count)

    def create(self, spec: Spec, prepare: Callable[[Container], None] | None = None) -> Container:
        """A new container in state `created`; `prepare` completes it before anybody is told of it."""
        self.advance()
        image = self._admit(spec)
        identity = self.new_identity()
        container = Container(identity, spec, spec.name or f"unnamed_{self._count}", image.id)
        container.origin = image
        container.created_at = self.clock.now()
        self.containers[identity] = container
        self._names[container.name] = identity
        if prepare is not None:
            prepare(container)
        self._tell(container, "create")
        return container

    def _admit(self, spec: Spec) -> Image:
        """The image of a container that may be created."""
        for port in spec.ports:
            if not 0 < port < 2**16:
                raise refusal(400, f'invalid port specification: "{port}"')
        image = self.images.get(spec.image) or self.find_image(spec.image)
        self.admit_name(spec.name)
        return image

    def admit_name(self, name: str) -> None:
        """Raises where a container cannot be called so; one without a name gets one."""
        if not name:
            return
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
        except EngineError as error:
            code = _EXIT_NO_PROGRAM if error.status == 400 else _EXIT_NOT_STARTED
            container.exit_code, container.error, container.listed = code, error.message, None
            if container.auto_remove:
                self._begin_removal(container, self.clock.now())
            raise
        container.stopped_by_hand = False
        container.restarts_in_row = 0
        self._launch(container, self.clock.now())
        return True

    def _allocate(self, container: Container) -> None:
        """Its networks with its ports, and then what runs it: in that order a real engine refuses."""
        container.networked = False
        networks = self._existing_networks(container)
        try:
            self.publish(container)
        except EngineError:
            self._unplug(container)
            raise
        container.networked = True
        self._plug(container, networks)
        if container.spec.gpu and not self.gpu:
            driver, capabilities = gpus_of(container.body) or ("nvidia", "[[gpu]]")
            self._give_up(
                container, 500, f'could not select device driver "{driver}" with capabilities: {capabilities}'
            )
        self.mount(container)
        if absent := missing(container, container.origin if container.body else None):
            step = "failed to create shim task: OCI runtime create failed: runc create failed"
            self._give_up(container, 400, f"{step}: unable to start container process: {absent}: unknown")

    def _give_up(self, container: Container, status: int, message: str) -> NoReturn:
        self.unpublish(container)
        self._unplug(container)
        raise refusal(status, message)

    def publish(self, container: Container) -> None:
        """Take the host ports that it is to have, where it is on a network for that. Raises `PortTaken`."""
        container.published = ()
        if container.reachable:
            ports = container.spec.ports
            for place, port in enumerate(ports):
                self._admit_port(port, container, twice=port in ports[:place])
            self._take(container)

    def _admit_port(self, port: int, container: Container, *, twice: bool) -> None:
        if port in self._ports or twice:
            reason = f"Bind for 0.0.0.0:{port} failed: port is already allocated"
            raise refusal(500, f"{self._connectivity(container)}{reason}")
        if port in self.strangers or port in self.processes.values():
            raise self._in_use(port, container)

    def _in_use(self, port: int, container: Container) -> EngineError:
        proxy = f"Error starting userland proxy: listen tcp4 0.0.0.0:{port}: bind: address already in use"
        return refusal(500, f"{self._connectivity(container)}{proxy}")

    def _connectivity(self, container: Container) -> str:
        endpoint = identified("endpoint", container.id, self.nanoseconds())
        return f"driver failed programming external connectivity on endpoint {container.name} ({endpoint}): "

    def _take(self, container: Container) -> None:
        for port in container.spec.ports:
            if not self._bound(port, container):
                self.unpublish(container)
                raise self._in_use(port, container)
        for _ in range(container.wanted):
            container.published = (*container.published, self._choose(container))

    def _choose(self, container: Container) -> int:
        port = _FIRST_CHOSEN
        while port in self._ports or port in self.strangers or not self._bound(port, container):
            port += 1
        return port

    def _bound(self, port: int, container: Container) -> bool:
        """Take a host port, really where ports are; whether that went well."""
        if self._outside is not None:
            try:
                self._outside.bind(port, container)
            except OSError:
                return False
        self._ports[port] = container.id
        return True

    def _launch(self, container: Container, now: float) -> None:
        container.life += 1
        container.error, container.exit_code = "", 0
        container.started_at = now
        word = self.behaviour(container)
        loading = number_after("slow=", word)
        container.ready_at = now + self.timing.load + loading
        self._become(container, "running", "start")
        if crashing(word):
            self._plan(self.timing.crash, "crash", container, now)
        elif container.body:
            self._run(container, now, loading)

    def _run(self, container: Container, now: float, loading: float) -> None:
        """What its process does by itself, as far as that is known."""
        program = program_of(container, container.origin)
        until_up = loading if is_stand_in(container, container.origin) else 0.0
        for place, (after, _) in enumerate(program.lines):
            if after + until_up:
                self._plan(after + until_up, f"{_PRINT}{place}", container, now)
            else:
                self._print(container, place, now)
        if program.lasts is not None:
            self._plan(max(program.lasts, self.timing.crash), "ended", container, now)

    def _print(self, container: Container, place: int, now: float) -> None:
        """Let its process write one of its lines."""
        _, text = program_of(container, container.origin, self.behaviour(container)).lines[place]
        container.logs += ((now, 1, f"{text}\n".encode()),)

    def _crash(self, container: Container, word: str, due: float) -> None:
        """Its server has read that it is to end."""
        if word == "crash" and is_stand_in(container, container.origin):
            container.logs += ((due, 2, f"{CRASHING}\n".encode()),)
        self.exit(container, exit_code(word, 1), due)

    def halt(self, container: Container) -> None:
        """Give up one that is about to be restarted by its policy."""
        container.stopped_by_hand = True
        container.life += 1
        container.state, container.listed = "exited", None

    def signal(self, reference: str, name: str, *, by_hand: bool = True) -> None:
        """Send a signal to its main process: TERM and KILL end it after a moment, others do nothing to it."""
        container = self.find(reference)
        if container.state not in ("running", "paused"):
            raise refusal(409, f"Cannot kill container: {reference}: Container {container.id} is not running")
        container.stopped_by_hand = container.stopped_by_hand or by_hand
        self._tell(container, "kill", signal=number_of(name))
        if name in KILL:
            self._plan(self.timing.kill, "killed", container)
        elif self.behaviour(container) != "ignore-sigterm" and self._obeys(container, name):
            self._plan(self.timing.terminate, "terminated", container)

    def _obeys(self, container: Container, name: str) -> bool:
        """Whether that signal ends its process: SIGTERM ends most, and one that is to be stopped by another ends by that."""
        if not container.body:
            return name in TERM
        asked = name in TERM or (name == self.stop_signal(container) and not is_stand_in(container, container.origin))
        return asked and program_of(container, container.origin).obeys

    def stop_signal(self, container: Container) -> str:
        """The signal that asks its process to end."""
        own = container.body.get("StopSignal")
        base = container.origin.config.get("StopSignal") if container.body and container.origin is not None else None
        return str(own or base or "TERM").removeprefix("SIG")

    def remove(self, reference: str, *, force: bool = False, volumes: bool = False) -> None:
        """Begin its removal, and that of its nameless volumes; it is gone some milliseconds later, its name last."""
        container = self.find(reference)
        if container.removing:
            raise refusal(409, f"removal of container {reference} is already in progress")
        if container.alive and not force:
            if container.state == "paused":
                text = "Unpause and then stop the container before attempting removal or force remove"
                raise refusal(409, f"You cannot remove a paused container {container.id}. {text}")
            text = "Stop the container before attempting removal or force remove"
            raise refusal(409, f"You cannot remove a running container {container.id}. {text}")
        container.removing, container.takes_volumes = True, volumes
        container.stopped_by_hand = True
        if container.state in ("running", "paused"):
            self._tell(container, "kill", signal=number_of("KILL"))
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
            raise refusal(500, f"Container {container.id} is not paused")
        self._become(container, "running", "unpause")

    def rename(self, reference: str, name: str) -> None:
        """Give it another name."""
        container = self.find(reference)
        if name == container.name:
            raise refusal(400, "Renaming a container with the same name as its current name")
        try:
            self.admit_name(name)
        except EngineError as error:
            told = error.message.replace(f"({name})", f"(/{name})")
            raise refusal(error.status, f"Error when allocating new name: {told}") from None
        self._names.pop(container.name, None)
        self._names[name] = container.id
        before, container.name = container.name, name
        self._become(container, container.state, "rename", oldName=f"/{before}")

    def set_policy(self, reference: str, policy: str) -> None:
        """Let it be restarted by another policy from now on."""
        container = self.find(reference)
        if container.auto_remove and policy != "no":
            reason = "Restart policy cannot be updated because AutoRemove is enabled for the container"
            raise refusal(409, f"Cannot update container {container.id}: {reason}")
        container.spec = evolve(container.spec, restart_policy=policy)

    def add_volume(self, name: str, labels: Mapping[str, str], **settings: Any) -> Resource:
        """The volume of that name, made where it is not there."""
        self.advance()
        if name not in self.volumes:
            made = Resource(name, name, labels, created=self.clock.now(), **{"driver": "local", **settings})
            self.volumes[name] = made
        self.note("volume", "create", name, driver=self.volumes[name].driver)
        return self.volumes[name]

    def add_network(self, name: str, labels: Mapping[str, str], **settings: Any) -> Resource:
        """A new network."""
        self.advance()
        if name in self.networks or name in BUILT_IN:
            raise refusal(409, f"network with name {name} already exists")
        made = Resource(name, self.new_identity(), labels, created=self.clock.now(), **{"driver": "bridge", **settings})
        self.networks[name] = made
        self.note("network", "create", made.id, name=name, type=made.driver)
        return made

    def behave(self, folder: str, word: str) -> None:
        """Write the behaviour file of `folder`; a server that runs, and still reads ``crash`` a moment later, ends."""
        self.advance()
        self.behaviours[folder] = word
        if crashing(word):
            for container in self.containers.values():
                if container.state == "running" and folder in container.behaviour_folders:
                    self._plan(self.timing.crash, "read", container)

    def heed(self) -> None:
        """Let servers read their behaviour files, where those can be written behind the engine's back."""
        for container in self.containers.values():
            reads = container.state == "running" and container.doomed != container.life
            if reads and crashing(self.behaviour(container)):
                container.doomed = container.life
                self._plan(self.timing.crash, "read", container)

    # -- being restarted -------------------------------------------------------------------------------------------------

    def go_down(self, *, live: bool, seconds: float) -> None:
        """Be down for so many seconds; without `live` containers end, and come back as their policies say."""
        self.advance()
        now = self.clock.now()
        for container in self.containers.values():
            if not live and container.alive:
                self.exit(container, 0, now)
        self._back = now + seconds
        self.down = True

    def _come_back(self) -> None:
        """Up again: containers with a policy are started, those stopped by hand only with ``always``."""
        self.down = False
        self.boots += 1
        for container in tuple(self.containers.values()):
            policy = container.spec.restart_policy
            wanted = policy == "always" or (policy == "unless-stopped" and not container.stopped_by_hand)
            if wanted and container.state == "exited" and not container.removing:
                self._restart(container, self.clock.now())
            elif wanted and container.state == "restarting":
                container.life += 1
                self._restart(container, self.clock.now())

    # -- what happens by itself ---------------------------------------------------------------------------------------

    def exit(self, container: Container, code: int, due: float) -> None:
        """Its process has ended with that exit code."""
        if container.state not in ("running", "paused"):
            return
        self.unpublish(container)
        container.exit_code = code
        container.finished_at = due
        container.life += 1
        container.networked = False
        self._become(container, "exited", "die", exitCode=str(code))
        self._unplug(container)
        for _ in range(container.stops):
            self.say(container, "stop")
        container.stops = 0
        if container.removing or container.auto_remove:
            self._begin_removal(container, due)
        elif not container.stopped_by_hand and self._revives(container):
            self._back_off(container, due)

    def _revives(self, container: Container) -> bool:
        policy, _, most = container.spec.restart_policy.partition(":")
        if policy == "on-failure":
            return container.exit_code != 0 and (not most or container.restart_count < int(most))
        return policy in ("always", "unless-stopped")

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
        container.removing, container.takes_volumes = True, container.takes_volumes or container.auto_remove
        container.state, container.listed = "removing", None
        container.life += 1
        self._plan(self.timing.remove, "gone", container, due)

    def _gone(self, container: Container, due: float) -> None:
        if container.id in self.unremovable:
            container.removing, container.state, container.listed = False, "dead", None
            return
        del self.containers[container.id]
        for mount in container.mounted if container.takes_volumes else ():
            if mount.nameless and (volume := self.volumes.pop(mount.source, None)) is not None:
                self.note("volume", "destroy", volume.name, driver=volume.driver)
        self._tell(container, "destroy")
        self._plan(self.timing.free_name, "free name", container, due)

    def unpublish(self, container: Container) -> None:
        """Let go of its host ports."""
        for port in container.ports:
            if self._ports.get(port) == container.id:
                del self._ports[port]
                if self._outside is not None:
                    self._outside.release(port)

    def _become(self, container: Container, state: str, action: str, **attributes: str) -> None:
        container.state, container.listed = state, None
        self._tell(container, action, **attributes)

    def _tell(self, container: Container, action: str, **attributes: str) -> None:
        self.events.append((container.id, action))
        self.say(container, action, **attributes)

    def say(self, container: Container, action: str, **attributes: str) -> None:
        """Tell the API's clients something of a container."""
        if self.journal is not None:
            told = {"image": container.spec.image, "name": container.name, **container.spec.labels, **attributes}
            self.journal.tell("container", action, container.id, told, self.nanoseconds())

    def note(self, kind: str, action: str, identity: str, **attributes: str) -> None:
        """Tell the API's clients something of an image, a network or a volume."""
        if self.journal is not None:
            self.journal.tell(kind, action, identity, attributes, self.nanoseconds())

    # -- what a container is connected to -----------------------------------------------------------------------------

    def networks_of(self, container: Container) -> list[Resource]:
        """The networks that it is on, or will be; of one that is not there nothing but the name is known."""
        return [self._network(container, name) for name in container.joined]

    def _network(self, container: Container, name: str) -> Resource:
        found = self.networks.get(name) or BUILT_IN.get(name)
        known = container.network_ids.get(name)
        return found if found is not None and known in (None, found.id) else Resource(name, "", {}, "", 0.0)

    def _existing_networks(self, container: Container) -> list[Resource]:
        if self.journal is None:  # an API's clients alone name networks
            return []
        networks = self.networks_of(container)
        for network in networks:
            if not network.id:
                known = container.network_ids.get(network.name, network.name)
                raise refusal(404, f"network {known} not found")
        return networks

    def _plug(self, container: Container, networks: list[Resource]) -> None:
        if self.journal is None:
            return
        container.network_ids = {**container.network_ids, **{network.name: network.id for network in networks}}
        for network in networks:
            self.attach("connect", container, network)

    def mount(self, container: Container) -> None:
        """Tell the API's clients that its volumes are in use."""
        for mount in container.mounted:
            if mount.kind == "volume":
                how = {"read/write": str(not mount.read_only).lower(), "propagation": ""}
                told = {"container": container.id, "destination": mount.target, "driver": "local", **how}
                self.note("volume", "mount", mount.source, **told)

    def _unplug(self, container: Container) -> None:
        if self.journal is None:
            return
        for network in self.networks_of(container):
            self.attach("disconnect", container, network)
        self.unmount(container)

    def unmount(self, container: Container) -> None:
        """Tell the API's clients that its volumes are in use no more."""
        for mount in container.mounted:
            if mount.kind == "volume":
                self.note("volume", "unmount", mount.source, container=container.id, driver="local")

    def attach(self, action: str, container: Container, network: Resource) -> None:
        """Tell the API's clients that a container was connected to a network, or disconnected."""
        self.note("network", action, network.id, container=container.id, name=network.name, type=network.driver)
