"""What the process in a container of an emulated engine does: from its start, by itself or by a policy, to its end."""

from typing import NoReturn

from attrs import define, field

from churn.errors import EngineError
from churn.system.engines.emulated.agenda import Agenda
from churn.system.engines.emulated.connections import Connections
from churn.system.engines.emulated.container import EmulatedContainer, Timing
from churn.system.engines.emulated.journal import Journal
from churn.system.engines.emulated.program import CRASHING, gpus_of, is_stand_in, missing, program_of
from churn.system.engines.emulated.publishing import PublishedPorts
from churn.system.engines.emulated.register import Register
from churn.system.engines.emulated.removing import Remover
from churn.system.engines.emulated.spellings import KILL, TERM, crashing, exit_code, number_after, number_of
from churn.system.refusals import refusal

_EXIT_KILLED = 137
_PRINT = "print "
"""What is due where a process writes a line; the line's number follows."""


@define(eq=False, kw_only=True)
class Runner:
    """Runs what is in containers. `gpu`: there is one for those that ask for it."""

    timing: Timing
    gpu: bool
    agenda: Agenda
    journal: Journal
    register: Register
    ports: PublishedPorts
    connections: Connections
    remover: Remover
    behaviours: dict[str, str] = field(factory=dict)
    """What is written in the behaviour file of each folder."""

    def happen(self, action: str, container: EmulatedContainer, due: float) -> None:
        """Let that happen to its process, which was planned for then."""
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
                self.restart(container, due)
            case _:
                self._print(container, int(action.removeprefix(_PRINT)), due)

    # -- what its server reads ----------------------------------------------------------------------------------------

    def behaviour(self, container: EmulatedContainer) -> str:
        """The word that the container's server reads now."""
        if container.word:
            return container.word
        for mount in container.spec.mounts:  # a loop: this runs for each running server at each look
            if word := self.behaviours.get(mount.source):
                return word
        return "healthy"

    def behave(self, folder: str, word: str) -> None:
        """Write the behaviour file of `folder`; a server that runs, and still reads ``crash`` a moment later, ends."""
        self.behaviours[folder] = word
        if crashing(word):
            for container in self.register.containers.values():
                if container.state == "running" and folder in container.behaviour_folders:
                    self.agenda.plan(self.timing.crash, "read", container)

    def heed(self) -> None:
        """Let servers read their behaviour files, where those can be written behind the engine's back."""
        for container in self.register.containers.values():
            reads = container.state == "running" and container.doomed != container.life
            if reads and crashing(self.behaviour(container)):
                container.doomed = container.life
                self.agenda.plan(self.timing.crash, "read", container)

    # -- its start ----------------------------------------------------------------------------------------------------

    def allocate(self, container: EmulatedContainer) -> None:
        """Its networks with its ports, and then what runs it: in that order a real engine refuses."""
        container.networked = False
        networks = self.connections.existing_networks(container)
        try:
            self.ports.publish(container)
        except EngineError:
            self.connections.unplug(container)
            raise
        container.networked = True
        self.connections.plug(container, networks)
        if container.spec.gpu and not self.gpu:
            driver, capabilities = gpus_of(container.body) or ("nvidia", "[[gpu]]")
            self._give_up(
                container, 500, f'could not select device driver "{driver}" with capabilities: {capabilities}'
            )
        self.connections.mount(container)
        if absent := missing(container, container.origin if container.body else None):
            step = "failed to create shim task: OCI runtime create failed: runc create failed"
            self._give_up(container, 400, f"{step}: unable to start container process: {absent}: unknown")

    def _give_up(self, container: EmulatedContainer, status: int, message: str) -> NoReturn:
        self.ports.unpublish(container)
        self.connections.unplug(container)
        raise refusal(status, message)

    def launch(self, container: EmulatedContainer, now: float) -> None:
        """Let its process begin; all that it needs is allocated."""
        container.life += 1
        container.error, container.exit_code = "", 0
        container.started_at = now
        word = self.behaviour(container)
        loading = number_after("slow=", word)
        container.ready_at = now + self.timing.load + loading
        container.become("running")
        self.journal.tell(container, "start")
        if crashing(word):
            self.agenda.plan(self.timing.crash, "crash", container, now)
        elif container.body:
            self._run(container, now, loading)

    def _run(self, container: EmulatedContainer, now: float, loading: float) -> None:
        """What its process does by itself, as far as that is known."""
        program = program_of(container, container.origin)
        until_up = loading if is_stand_in(container, container.origin) else 0.0
        for place, (after, _) in enumerate(program.lines):
            if after + until_up:
                self.agenda.plan(after + until_up, f"{_PRINT}{place}", container, now)
            else:
                self._print(container, place, now)
        if program.lasts is not None:
            self.agenda.plan(max(program.lasts, self.timing.crash), "ended", container, now)

    def _print(self, container: EmulatedContainer, place: int, now: float) -> None:
        """Let its process write one of its lines."""
        _, text = program_of(container, container.origin, self.behaviour(container)).lines[place]
        container.logs += ((now, 1, f"{text}\n".encode()),)

    # -- signals, and being frozen ------------------------------------------------------------------------------------

    def signal(self, container: EmulatedContainer, name: str) -> None:
        """Send a signal to its main process: TERM and KILL end it after a moment, others do nothing to it."""
        self.journal.tell(container, "kill", signal=number_of(name))
        if name in KILL:
            self.agenda.plan(self.timing.kill, "killed", container)
        elif self.behaviour(container) != "ignore-sigterm" and self._obeys(container, name):
            self.agenda.plan(self.timing.terminate, "terminated", container)

    def _obeys(self, container: EmulatedContainer, name: str) -> bool:
        """Whether that signal ends its process: SIGTERM ends most, and one that is to be stopped by another ends by that."""
        if not container.body:
            return name in TERM
        asked = name in TERM or (name == container.stop_signal and not is_stand_in(container, container.origin))
        return asked and program_of(container, container.origin).obeys

    def pause(self, container: EmulatedContainer) -> None:
        """Freeze it."""
        if container.state != "running":
            state = "already paused" if container.state == "paused" else "not running"
            raise refusal(409, f"Container {container.id} is {state}")
        container.become("paused")
        self.journal.tell(container, "pause")

    def unpause(self, container: EmulatedContainer) -> None:
        """Let it go on."""
        if container.state != "paused":
            raise refusal(500, f"Container {container.id} is not paused")
        container.become("running")
        self.journal.tell(container, "unpause")

    # -- its end ------------------------------------------------------------------------------------------------------

    def exit(self, container: EmulatedContainer, code: int, due: float) -> None:
        """Its process has ended with that exit code."""
        if container.state not in ("running", "paused"):
            return
        self.ports.unpublish(container)
        container.exit_code = code
        container.finished_at = due
        container.life += 1
        container.networked = False
        container.become("exited")
        self.journal.tell(container, "die", exitCode=str(code))
        self.connections.unplug(container)
        for _ in range(container.stops):
            self.journal.say(container, "stop")
        container.stops = 0
        if container.removing or container.auto_remove:
            self.remover.begin(container, due)
        elif not container.stopped_by_hand and _revives(container):
            self._back_off(container, due)

    def _crash(self, container: EmulatedContainer, word: str, due: float) -> None:
        """Its server has read that it is to end."""
        if word == "crash" and is_stand_in(container, container.origin):
            container.logs += ((due, 2, f"{CRASHING}\n".encode()),)
        self.exit(container, exit_code(word, 1), due)

    def _back_off(self, container: EmulatedContainer, due: float) -> None:
        timing = self.timing
        if due - container.started_at > timing.backoff_reset:
            container.restarts_in_row = 0
        delay = min(timing.backoff * 2**container.restarts_in_row, timing.backoff_limit)
        container.restarts_in_row += 1
        container.become("restarting")
        self.agenda.plan(delay, "restart", container, due)

    def restart(self, container: EmulatedContainer, due: float) -> None:
        """Start it again by its policy."""
        try:
            self.allocate(container)
        except Exception as error:  # noqa: BLE001 -- a restart by policy has no caller: the text stays in the state
            container.error = str(error)
            container.become("exited")
            return
        container.restart_count += 1
        self.launch(container, due)

    def resume(self, now: float) -> None:
        """The engine is up again: containers with a policy are started, those stopped by hand only with ``always``."""
        for container in tuple(self.register.containers.values()):
            policy = container.spec.restart_policy
            wanted = policy == "always" or (policy == "unless-stopped" and not container.stopped_by_hand)
            if wanted and container.state == "exited" and not container.removing:
                self.restart(container, now)
            elif wanted and container.state == "restarting":
                container.life += 1
                self.restart(container, now)

    def halt(self, container: EmulatedContainer) -> None:
        """Give up one that is about to be restarted by its policy."""
        container.stopped_by_hand = True
        container.life += 1
        container.become("exited")


def _revives(container: EmulatedContainer) -> bool:
    """Whether its policy starts it again."""
    policy, _, most = container.spec.restart_policy.partition(":")
    if policy == "on-failure":
        return container.exit_code != 0 and (not most or container.restart_count < int(most))
    return policy in ("always", "unless-stopped")
