"""The emulated engine's state and rules, in the words, status codes and texts of the Docker Engine API.

It is passive: nothing happens in the background. What will happen by itself lies on an agenda, and every call first brings
the state up to `clock.now()`. No call waits: those that a real engine would block in return at once, and a face awaits
the state it wants with `await_state`.

`Core` is what the faces call. Behind it, each part of the engine has one thing to do: `register` knows the containers,
`running` what their processes do, `publishing` host ports, `resources` and `connections` networks and volumes, `removing`
how a container goes; `agenda` has what is due, `journal` tells of it all, `rewinding` puts it all back.
"""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from attrs import evolve

from churn.errors import EngineError, EngineUnreachable
from churn.system.clock import Clock
from churn.system.engines.emulated import rewinding
from churn.system.engines.emulated.agenda import Agenda, Calendar
from churn.system.engines.emulated.connections import Connections
from churn.system.engines.emulated.container import EmulatedContainer, Timing
from churn.system.engines.emulated.identity import Identities
from churn.system.engines.emulated.images import Image, image_like, named_image
from churn.system.engines.emulated.journal import Journal
from churn.system.engines.emulated.publishing import Neighbours, PortBinder, PublishedPorts
from churn.system.engines.emulated.register import Register
from churn.system.engines.emulated.removing import FREE_NAME, GONE, Remover
from churn.system.engines.emulated.resources import Resources
from churn.system.engines.emulated.running import Runner
from churn.system.protocols import Spec
from churn.system.refusals import refusal
from churn.system.rewinding import Numbers

_EXIT_NOT_STARTED, _EXIT_NO_PROGRAM = 128, 127


class Core:
    """An engine in memory. `images` are the tags it has; `gpu` whether it accepts a GPU request.

    `calendar` tells the clock's moments as dates. `binder` binds published ports for real.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        timing: Timing | None = None,
        images: frozenset[str] = frozenset(),
        gpu: bool = False,
        calendar: Calendar | None = None,
        binder: PortBinder | None = None,
    ) -> None:
        self.clock = clock
        self.timing = evolve(timing) if timing else Timing()
        self.down = False
        self.boots = 0
        """How often it was restarted."""
        self.up_at = inf
        """When an engine that is down is up again."""
        self.images = {tag: named_image(tag) for tag in sorted(images)}
        """Images by their tags; one without a tag has its id for one."""
        self.identities = Identities(seed)
        self.calendar = calendar or Calendar(clock)
        self.agenda = Agenda(clock, self.identities)
        self.journal = Journal(self.calendar)
        self.register = Register()
        self.resources = Resources(clock, self.identities, self.journal)
        self.connections = Connections(self.resources, self.journal)
        self.neighbours = Neighbours()
        self.ports = PublishedPorts(self.neighbours, self.calendar, binder)
        self.remover = Remover(
            timing=self.timing,
            agenda=self.agenda,
            journal=self.journal,
            register=self.register,
            resources=self.resources,
        )
        self.runner = self._made_runner(gpu=gpu)

    def _made_runner(self, *, gpu: bool) -> Runner:
        return Runner(
            timing=self.timing,
            gpu=gpu,
            agenda=self.agenda,
            journal=self.journal,
            register=self.register,
            ports=self.ports,
            connections=self.connections,
            remover=self.remover,
        )

    @property
    def containers(self) -> Mapping[str, EmulatedContainer]:
        """All containers, by their ids."""
        return self.register.containers

    # -- time ---------------------------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Let everything happen that is due by now."""
        now = self.clock.now()
        if self.down:
            if now < self.up_at:
                raise EngineUnreachable("Cannot connect to the Docker daemon at the emulated engine. Is it running?")
            self._come_back()
        planned = self.agenda.planned
        while planned and planned[0][0] <= now:
            self._happen(*self.agenda.take())

    def _happen(self, due: float, _: int, action: str, identity: str, life: int) -> None:
        container = self.register.containers.get(identity)
        if action == FREE_NAME:
            self.register.free_names(identity)
        elif container is not None and container.life == life:
            if action == GONE:
                self.remover.go(container, due)
            else:
                self.runner.happen(action, container, due)

    def await_state(self, reached: Callable[[], bool], limit: float | None = None) -> bool:
        """Let time pass until `reached`, at most `limit` seconds; whether it was."""
        end = None if limit is None else self.clock.now() + limit
        self.advance()
        while not reached():
            due = self.agenda.next()
            if due is None or (end is not None and due > end):
                if end is not None:
                    self.clock.sleep(end - self.clock.now())
                    self.advance()
                return reached()
            self.clock.sleep(due - self.clock.now())
            self.advance()
        return True

    # -- going back ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> tuple[Any, ...]:
        """As `Rewindable.snapshot`."""
        return rewinding.snapshot(self)

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """As `Rewindable.restore`."""
        rewinding.restore(self, snapshot)

    def key(self, numbers: Numbers) -> object:
        """As `Keyed.key`."""
        return rewinding.key(self, numbers)

    # -- looking ------------------------------------------------------------------------------------------------------

    def find(self, reference: str) -> EmulatedContainer:
        """The container of that id, name, or unambiguous beginning of an id."""
        self.advance()
        return self.register.find(reference)

    def find_image(self, reference: str) -> Image:
        """The image of that tag (``latest`` where it names none), id, or beginning of an id."""
        return image_like(self.images, reference)

    def on_port(self, port: int) -> EmulatedContainer | None:
        """The container that has that host port allocated."""
        return self.register.containers.get(self.ports.owners.get(port, ""))

    # -- changing -----------------------------------------------------------------------------------------------------

    def create(self, spec: Spec, prepare: Callable[[EmulatedContainer], None] | None = None) -> EmulatedContainer:
        """A new container in state `created`; `prepare` completes it before anybody is told of it."""
        self.advance()
        image = self._admit(spec)
        identity = self.identities.new()
        container = EmulatedContainer(
            id=identity, spec=spec, name=spec.name or f"unnamed_{self.identities.count}", image=image.id
        )
        container.origin = image
        container.created_at = self.clock.now()
        self.register.add(container)
        if prepare is not None:
            prepare(container)
        self.journal.tell(container, "create")
        return container

    def _admit(self, spec: Spec) -> Image:
        """The image of a container that may be created."""
        for port in spec.ports:
            if not 0 < port < 2**16:
                raise refusal(400, f'invalid port specification: "{port}"')
        image = self.images.get(spec.image) or self.find_image(spec.image)
        self.register.admit_name(spec.name)
        return image

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
            self.runner.allocate(container)
        except EngineError as error:
            code = _EXIT_NO_PROGRAM if error.status == 400 else _EXIT_NOT_STARTED
            container.exit_code, container.error, container.listed = code, error.message, None
            if container.auto_remove:
                self.remover.begin(container, self.clock.now())
            raise
        container.stopped_by_hand = False
        container.restarts_in_row = 0
        self.runner.launch(container, self.clock.now())
        return True

    def signal(self, reference: str, name: str) -> None:
        """Send a signal to its main process: TERM and KILL end it after a moment, others do nothing to it."""
        container = self.find(reference)
        if container.state not in ("running", "paused"):
            raise refusal(409, f"Cannot kill container: {reference}: Container {container.id} is not running")
        container.stopped_by_hand = True
        self.runner.signal(container, name)

    def remove(self, reference: str, *, force: bool = False, volumes: bool = False) -> None:
        """Begin its removal, and that of its nameless volumes; it is gone some milliseconds later, its name last."""
        container = self.find(reference)
        _expect_removable(container, reference, force=force)
        container.removing, container.takes_volumes = True, volumes
        container.stopped_by_hand = True
        if container.state in ("running", "paused"):
            self.runner.signal(container, "KILL")
        else:
            self.remover.begin(container, self.clock.now())

    def pause(self, reference: str) -> None:
        """Freeze its processes."""
        self.runner.pause(self.find(reference))

    def unpause(self, reference: str) -> None:
        """Let its processes go on."""
        self.runner.unpause(self.find(reference))

    def rename(self, reference: str, name: str) -> None:
        """Give it another name."""
        container = self.find(reference)
        before = container.name
        if name == before:
            raise refusal(400, "Renaming a container with the same name as its current name")
        try:
            self.register.admit_name(name)
        except EngineError as error:
            told = error.message.replace(f"({name})", f"(/{name})")
            raise refusal(error.status, f"Error when allocating new name: {told}") from None
        self.register.rename(container, name)
        container.become(container.state)
        self.journal.tell(container, "rename", oldName=f"/{before}")

    def set_policy(self, reference: str, policy: str) -> None:
        """Let it be restarted by another policy from now on."""
        container = self.find(reference)
        if container.auto_remove and policy != "no":
            reason = "Restart policy cannot be updated because AutoRemove is enabled for the container"
            raise refusal(409, f"Cannot update container {container.id}: {reason}")
        container.spec = evolve(container.spec, restart_policy=policy)

    def behave(self, folder: str, word: str) -> None:
        """Write the behaviour file of `folder`; a server that runs, and still reads ``crash`` a moment later, ends."""
        self.advance()
        self.runner.behave(folder, word)

    # -- being restarted ----------------------------------------------------------------------------------------------

    def go_down(self, *, live: bool, seconds: float) -> None:
        """Be down for so many seconds; without `live` containers end, and come back as their policies say."""
        self.advance()
        now = self.clock.now()
        for container in self.containers.values():
            if not live and container.alive:
                self.runner.exit(container, 0, now)
        self.up_at = now + seconds
        self.down = True

    def _come_back(self) -> None:
        """Up again: containers with a policy are started, those stopped by hand only with ``always``."""
        self.down = False
        self.boots += 1
        self.runner.resume(self.clock.now())


def _expect_removable(container: EmulatedContainer, reference: str, *, force: bool) -> None:
    """Raises where it is not to be removed: twice, or, unless with `force`, while it is alive."""
    if container.removing:
        raise refusal(409, f"removal of container {reference} is already in progress")
    if not container.alive or force:
        return
    if container.state == "paused":
        text = "Unpause and then stop the container before attempting removal or force remove"
        raise refusal(409, f"You cannot remove a paused container {container.id}. {text}")
    text = "Stop the container before attempting removal or force remove"
    raise refusal(409, f"You cannot remove a running container {container.id}. {text}")
