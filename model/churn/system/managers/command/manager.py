"""A manager that a file describes, as a `Manager`: each operation is a child process."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from shutil import rmtree
from threading import Lock

from attrs import evolve

from churn.errors import EnvironmentFault
from churn.lifecycle.contract import Contract, Reply, Willing
from churn.lifecycle.form import Setting
from churn.lifecycle.observation import Listed, Status
from churn.lifecycle.outcome import Evidence, Ok, Outcome, Rejected, Unknown
from churn.system.clock import Clock
from churn.system.managers.command.daemon import Daemon
from churn.system.managers.command.description import CommandCall, Description, filled
from churn.system.managers.command.ending import OwnReset, ending
from churn.system.managers.command.memory import Memory
from churn.system.managers.command.reading import Entry
from churn.system.ownership import marker
from churn.system.process import run, shown
from churn.system.protocols import ListedContainer as Container

LABELS = "CHURN_LABELS"
"""The variable that tells a manager which labels its containers have to carry: ``key=value,key=value``."""
NOT_LISTED = "(not listed)"
"""The word of services that a manager which forgets them does not list."""

Listing = tuple[Listed, ...] | None
Names = list[str]
Ports = tuple[int, int]


class CommandManager:
    """Runs the commands of a description. What it makes on an engine has to carry `labels`.

    `environ` is the environment of its commands, the labels are added to it (`LABELS`, and each as a variable of its own:
    ``churn.owner`` as CHURN_OWNER); `folder` is where it makes the folders for ``{state}``; `free_port` tells a port that
    nothing holds, none of those that it is given, from the first to the last port of a range.

    A manager without a create makes a service with its first start. Create is then Churn's own: it declares the service,
    which is listed as created until its first start, and nothing is asked for one that was not declared.
    """

    def __init__(
        self,
        description: Description,
        session: str,
        labels: Mapping[str, str],
        environ: Mapping[str, str],
        clock: Clock,
        free_port: Callable[[Collection[int], Ports], int],
        folder: Path,
    ) -> None:
        self.description = description
        self.name = description.name
        self.marker = marker(session)
        self.clock = clock
        own = {key: filled(value, {"run": session}) for key, value in description.contract.labels.items()}
        self.contract = evolve(description.contract, labels=own or labels)
        self.session = session
        self.environ = {**environ, **_variables(labels)}
        self.share = 1
        self._free_port = free_port
        self._folder = folder
        self._sequence, self._choosing = 0, Lock()
        self.memory = Memory()
        self._state = self._new_state()
        self._own_reset = OwnReset("reset" in description.calls, self.name, lambda: self._call("reset", None))
        self._daemon = Daemon(*description.daemon, self._run) if description.daemon is not None else None

    def client(self, way: str, share: int) -> "CommandManager":
        """As `Program.client`."""
        made = copy(self)
        made.environ, made.share = {**self.environ, "DOCKER_HOST": way}, share
        return made

    # -- as a `Manager` -----------------------------------------------------------------------------------------------

    def create(self, service: str, folder: str) -> Outcome:
        """As `Manager.create`."""
        known = service in self.memory.statuses
        self.memory.folders[service] = folder
        if self._creates:
            outcome = self._call(
                "create", service, lambda output: self.memory.identify(service, self.description.identity, output)
            )
        else:
            outcome = self._declare(known=known)
        if not known and not isinstance(outcome, Rejected):
            self.memory.statuses[service] = Status.CREATED
        return outcome

    def start(self, service: str) -> Outcome:
        """As `Manager.start`."""
        return self._started("start", service)

    def restart(self, service: str) -> Outcome:
        """As `Manager.restart`."""
        return self._started("restart", service)

    def _started(self, kind: str, service: str) -> Outcome:
        if self._undeclared(service):
            return self._unasked(service)
        ran = self.memory.statuses.get(service) is Status.RUNNING
        self.memory.started.add(service)
        outcome = self._call(kind, service)
        idly = kind == "restart" and not ran and self.contract.idle_restart is not Willing.DONE
        if isinstance(outcome, Ok) or (isinstance(outcome, Rejected) and not idly):
            self._note(service, Status.RUNNING if isinstance(outcome, Ok) else Status.FAILED)
        return outcome

    def stop(self, service: str) -> Outcome:
        """As `Manager.stop`."""
        if self._undeclared(service):
            return self._unasked(service)
        outcome = self._call("stop", service)
        if isinstance(outcome, Ok):
            self._note(service, Status.STOPPED)
        return outcome

    def remove(self, service: str) -> Outcome:
        """As `Manager.remove`. A service that was only declared is Churn's own to forget."""
        if self._undeclared(service):
            return self._unasked(service)
        asked = self._creates or service in self.memory.started
        outcome = self._call("remove", service) if asked else self._unrun("has never been asked to start it")
        if isinstance(outcome, Ok):
            self.memory.forget(service)
        return outcome

    def update(self, service: str, setting: Setting, value: str) -> Outcome:
        """As `Manager.update`. The port that Churn has for the service is then the new one."""
        if self._undeclared(service):
            return self._unasked(service)
        self.memory.asked[service] = {"setting": setting.value, "value": value}
        outcome = self._call("update", service)
        if setting is Setting.PORT and isinstance(outcome, Ok):
            self.memory.ports[service] = int(value)
        return outcome

    def list(self) -> Outcome:
        """As `Manager.list`; without one it is Ok, and tells nothing."""
        if "list" not in self.description.calls:
            return self._unrun("has no list")
        outcome = self._call("list", None, lambda output: self._entries("list", output))
        if not isinstance(outcome, Ok):
            return outcome
        told = outcome.listed or ()
        missing = self.memory.statuses.keys() - {entry.service for entry in told}
        return evolve(outcome, listed=(*told, *self._left_out(sorted(missing))))

    def status(self, service: str) -> Outcome:
        """As `Manager.status`."""
        if self._undeclared(service):
            return self._unasked(service)
        outcome = self._call("status", service, lambda output: self._entries("status", output, service))
        if isinstance(outcome, Unknown) or (isinstance(outcome, Ok) and outcome.listed):
            return outcome
        left_out = tuple(self._left_out([service]))
        return Ok(outcome.began, outcome.ended, 0, outcome.evidence, left_out) if left_out else outcome

    def restart_daemon(self) -> Outcome:
        """As `Manager.restart_daemon`."""
        assert self._daemon is not None, "only a manager with a daemon offers that"  # noqa: S101 -- its file says so
        began = self.clock.now()
        return evolve(self._daemon.restart(), began=began)

    def close(self) -> None:
        """End its daemon, if it has one: nothing is asked of it any more."""
        if self._daemon is not None:
            self._daemon.end()

    def service_of(self, container: Container) -> str | None:
        """As `Manager.service_of`: by its label, else by the group called service in the pattern of its name."""
        label, pattern = self.description.service_label, self.description.service_pattern
        told = container.labels.get(label) if label else None
        if not told and pattern is not None and (found := pattern.fullmatch(container.name)) is not None:
            told = found["service"]
        return self.memory.name(told) if told else None

    def clear_up(self) -> None:
        """As `Tidy.clear_up`: its own reset, if it has one, while its containers are still there."""
        self._own_reset.attempt()

    def reset(self) -> None:
        """As `Manager.reset`: its own reset, if that has not succeeded yet; then a new ``{state}``, and no service is known."""
        self.close()
        self._own_reset.ensure()
        self.close()
        self.memory = Memory()
        old, self._state = self._state, self._new_state()
        try:
            rmtree(old)
        except OSError as error:
            raise EnvironmentFault(f"the folder {old} of {self.name} could not be removed: {error}") from error

    # -- what a file cannot tell --------------------------------------------------------------------------------------

    @property
    def _creates(self) -> bool:
        return "create" in self.description.calls

    def _declare(self, *, known: bool) -> Outcome:
        """A create that is Churn's own; a second one is answered as the contract has it."""
        refused = known and self.contract.second_create is not Reply.IGNORED
        told = "has no create: its first start makes the service"
        return self._unrun(told, "the service was created before" if refused else "")

    def _undeclared(self, service: str) -> bool:
        """Whether a manager without create would be asked for a service that nobody created."""
        return not self._creates and service not in self.memory.statuses

    def _unasked(self, service: str) -> Outcome:
        told = "has no create: it is asked only for services that were created"
        return self._unrun(told, f"service {service} was not created")

    def _unrun(self, told: str, refused: str = "") -> Outcome:
        """What Churn itself answers, and why the manager is not asked; `refused` is why it is refused, empty if it is not."""
        now, evidence = self.clock.now(), Evidence(f"# {self.name} {told}", ran=False)
        return Rejected(now, now, 0, evidence, refused) if refused else Ok(now, now, 0, evidence)

    def _note(self, service: str, status: Status) -> None:
        if service in self.memory.statuses:
            self.memory.statuses[service] = status

    def _left_out(self, services: Names) -> Iterator[Listed]:
        """Entries for those of the services that the manager may leave out; what it leaves out does not run."""
        for service in services:
            status = self.memory.statuses.get(service)
            never_started = not self._creates and service not in self.memory.started
            if status is not None and (never_started or self.description.forgets_idle):
                idle = Status.STOPPED if status is Status.RUNNING else status
                yield Listed(service, NOT_LISTED, idle, self._port(service) if self.description.uses("port") else None)

    # -- running it ---------------------------------------------------------------------------------------------------

    def _call(self, kind: str, service: str | None, read: Callable[[str], Listing] = lambda _: None) -> Outcome:
        """Run an operation's command; `read` makes of its output what it lists."""
        if self._daemon is not None:
            self._daemon.ensure()

        def noted(output: str) -> Listing:
            self.memory.printed[kind] = output
            return read(output)

        return self._run(self.description.calls[kind], service, noted)

    def _run(
        self, call: CommandCall, service: str | None = None, read: Callable[[str], Listing] = lambda _: None
    ) -> Outcome:
        call = evolve(call, timeout=self.share * call.timeout)
        values = self._values(service)
        variables = self.description.variables(values)
        argv = call.filled(values)
        began = self.clock.now()
        finished = run(argv, env={**self.environ, **variables}, timeout=call.timeout, marker=self.marker)
        grace = self.contract.bounds.grace
        return ending(_command(argv, variables), finished, (began, self.clock.now()), call, grace, read)

    def _values(self, service: str | None) -> dict[str, str]:
        """What stands for each placeholder of an operation on that service, or on none."""
        common = {"dir": str(self.description.folder), "state": str(self._state), "run": self.session}
        return common if service is None else {**common, **self.memory.values(service, self._port(service))}

    def _port(self, service: str) -> int:
        """The port that Churn has for the service: the same for the whole sequence, and no other service's."""
        with self._choosing:  # several clients may ask at once
            if service not in (ports := self.memory.ports):
                ports[service] = self._free_port(ports.values(), self.contract.port_range)
            return ports[service]

    def _new_state(self) -> Path:
        self._sequence += 1
        state = self._folder / f"state-{self._sequence}"
        state.mkdir(mode=0o700, parents=True)
        return state

    def _entries(self, kind: str, output: str, asked: str | None = None) -> tuple[Listed, ...]:
        entries = self.description.readings[kind].entries(output, asked)
        return tuple([_listed(entry, asked, self.memory, self.contract) for entry in entries])


def _listed(entry: Entry, asked: str | None, memory: Memory, contract: Contract) -> Listed:
    """The entry with the service's own name, and with what its word means."""
    name = memory.name(entry.service) if entry.service is not None else asked or ""
    meant = contract.meanings(entry.word)
    return Listed(name, entry.word, next(iter(meant), None), entry.port, meant[1:])


def _variables(labels: Mapping[str, str]) -> dict[str, str]:
    """The variables that tell which labels to put on containers."""
    told = {key.upper().replace(".", "_"): value for key, value in labels.items()}
    return {LABELS: ",".join(f"{key}={value}" for key, value in labels.items()), **told}


def _command(argv: Sequence[str], variables: Mapping[str, str]) -> str:
    """The command as one would type it in a shell, its own variables included."""
    return shown(("env", *(f"{name}={value}" for name, value in variables.items()), *argv) if variables else argv)
