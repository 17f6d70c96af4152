"""AIMA as a `Manager`: each operation is a command line, its exit code is the truth, what it printed is the evidence."""

import shutil
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path
from threading import Lock

from attrs import evolve

from churn.errors import EnvironmentFault
from churn.lifecycle.contract import Contract
from churn.lifecycle.form import Setting
from churn.lifecycle.observation import Listed
from churn.lifecycle.outcome import Evidence, Ok, Outcome, Rejected
from churn.system.clock import Clock
from churn.system.managers.aima import output
from churn.system.managers.aima.output import Row, UnreadableOutput
from churn.system.managers.aima.settings import START_TIMEOUT, AimaSettings, contract_for
from churn.system.managers.answers import printed_by, unreadable
from churn.system.managers.cut_short import cut_short
from churn.system.process import Finished, run, shown
from churn.system.protocols import ListedContainer as Container

Read = Callable[[str], tuple[Listed, ...] | None]
"""Reads what a command that succeeded has printed; raises `UnreadableOutput`."""


class Aima:
    """Drives AIMA's program, which keeps its services in `folder` and reaches the engine at `docker_host`.

    In `environ`, where it is not overridden for AIMA, the ``docker`` command reaches that engine too, past whatever stands at
    `docker_host`: so it is told whether AIMA failed, or what AIMA stands on. `marker` is what its processes carry,
    `obedient` as in the contract.
    """

    name = "aima"

    def __init__(
        self,
        folder: Path,
        settings: AimaSettings,
        environ: Mapping[str, str],
        docker_host: str,
        clock: Clock,
        marker: str,
        *,
        obedient: bool = True,
    ) -> None:
        self.settings = settings
        self.contract: Contract = contract_for(settings, obedient=obedient)
        self._timeout = settings.loading(stand_in=obedient).start_timeout or START_TIMEOUT
        self.marker = marker
        self.clock = clock
        self.program = settings.binary or environ.get("AIMA_BIN") or "aima"
        self._folder = folder.absolute()
        self._home, self._data = self._folder / "home", self._folder / "data"
        self._environ = dict(environ)
        self.environ = {
            **environ,
            "HOME": str(self._home),
            "AIMA_DATA_DIR": str(self._data),
            "AIMA_LLM_API_KEY": "x",  # without one, each command looks for a model server on the network
            "DOCKER_HOST": docker_host,
        }
        """The whole environment of its commands."""
        self._registering = Lock()
        self.share = 1
        self.reset()

    def client(self, way: str, share: int) -> "Aima":
        """As `Program.client`."""
        made = copy(self)
        made.environ, made.share = {**self.environ, "DOCKER_HOST": way}, share
        return made

    # -- as a manager -------------------------------------------------------------------------------------------------

    def create(self, service: str, folder: str) -> Outcome:
        """As `Manager.create`: a model whose files are in `folder`, unless it has one; a service for it; a look at its port."""
        with self._registering:  # several clients may ask at once; a service has one model
            registered = self._register(service, folder) if service not in self._models else None
        if registered is not None and not isinstance(registered, Ok):
            return registered
        created = self._call(
            "create", "service", "create", "--model", self._models[service], read=self._created(service)
        )
        if isinstance(created, Ok):
            # The port is told by no other command than those that look, and containers are told apart by nothing else.
            looked = self._call("status", "service", "status", self._services[service], read=self._told)
            created = evolve(created, ended=looked.ended, evidence=_both(created, looked))
        if registered is None:
            return created
        return evolve(created, began=registered.began, evidence=_both(registered, created))

    def start(self, service: str) -> Outcome:
        """As `Manager.start`. Raises `EnvironmentFault` where nothing could have started it."""
        how = ("--async" if self.settings.asynchronous else "--wait", "--timeout", str(self._timeout))
        outcome = self._call("start", "service", "start", self._id(service), *how, read=output.accepted)
        if isinstance(outcome, Rejected):
            self._expect_docker(outcome.reason)
        return outcome

    def stop(self, service: str) -> Outcome:
        """As `Manager.stop`."""
        return self._call("stop", "service", "stop", self._id(service), read=output.accepted)

    def remove(self, service: str) -> Outcome:
        """As `Manager.remove`; it is not offered."""
        return self._lacks(f"remove {service}")

    def restart(self, service: str) -> Outcome:
        """As `Manager.restart`; it is not offered."""
        return self._lacks(f"restart {service}")

    def update(self, service: str, setting: Setting, value: str) -> Outcome:
        """As `Manager.update`; it is not offered."""
        return self._lacks(f"update {service} {setting.value} {value}")

    def restart_daemon(self) -> Outcome:
        """As `Manager.restart_daemon`; it has none."""
        return self._lacks("restart-manager")

    def _lacks(self, what: str) -> Outcome:
        now = self.clock.now()
        return Rejected(
            now, now, 0, Evidence(f"# {what}: AIMA has no command for it", ran=False), "there is no such command"
        )

    def list(self) -> Outcome:
        """As `Manager.list`."""
        return self._call("list", "service", "list", read=self._all)

    def status(self, service: str) -> Outcome:
        """As `Manager.status`."""
        return self._call("status", "service", "status", self._id(service), read=self._told)

    def service_of(self, container: Container) -> str | None:
        """As `Manager.service_of`: its containers carry no service, so the ports decide that its services were last told with."""
        owners = [name for name, port in self._ports.items() if port in container.ports]
        return owners[0] if len(owners) == 1 else None

    def reset(self) -> None:
        """As `Manager.reset`: data and home folder are made anew."""
        self._models: dict[str, str] = {}
        self._services: dict[str, str] = {}
        self._names: dict[str, str] = {}
        """Services' names by the ids of their models."""
        self._ports: dict[str, int] = {}
        try:
            if self._folder.exists():
                shutil.rmtree(self._folder)
            for folder in (self._home, self._data):
                folder.mkdir(parents=True)
        except OSError as error:
            raise EnvironmentFault(f"expected to make {self._folder} anew for AIMA, but: {error}") from error

    # -- names --------------------------------------------------------------------------------------------------------

    def _id(self, service: str) -> str:
        """AIMA's id for a service; for one that it does not know, an id that it cannot know."""
        model = self._models.get(service, _NO_MODEL)
        return self._services.get(service, f"svc-{self.settings.kind.engine}-{model}")

    def _named(self, text: str) -> str:
        """The text with services' names in place of AIMA's ids, which differ from run to run."""
        for name, model in tuple(self._models.items()):
            text = text.replace(self._id(name), name).replace(model, name)
        return text

    def _register(self, service: str, folder: str) -> Outcome:
        def read(stdout: str) -> None:
            model = output.model_id(stdout)
            self._models[service] = model
            self._names[model] = service

        words = ("model", "create", service, "--type", self.settings.model_type, "--path", folder)
        return self._call("create", *words, read=read)

    # -- reading ------------------------------------------------------------------------------------------------------

    def _created(self, service: str) -> Read:
        def read(stdout: str) -> None:
            output.accepted(stdout)
            self._services[service] = output.service_id(stdout)

        return read

    def _all(self, stdout: str) -> tuple[Listed, ...]:
        return tuple(self._listed(row) for row in output.services(stdout))

    def _told(self, stdout: str) -> tuple[Listed, ...]:
        return (self._listed(output.service(stdout)),)

    def _listed(self, row: Row) -> Listed:
        name = self._names.get(row.model)
        if name is not None and row.port is not None:
            self._ports[name] = row.port
        return Listed(name or row.id, row.word, self.contract.spelled(row.word), row.port)

    # -- running ------------------------------------------------------------------------------------------------------

    def _call(self, kind: str, *words: str, read: Read) -> Outcome:
        """Run it, at most the bound of its kind of operation and the grace."""
        bounds = self.contract.bounds
        stated = self._timeout if kind == "start" else bounds.of(kind) or bounds.stop
        cutoff = self.share * (stated + bounds.grace)
        argv = (self.program, "-o", "json", *words)
        began = self.clock.now()
        finished = run(argv, env=self.environ, timeout=cutoff, marker=self.marker)
        ended = self.clock.now()
        self._expect_means(finished)
        return self._outcome(finished, read, began, ended, cutoff)

    def _outcome(self, finished: Finished, read: Read, began: float, ended: float, cutoff: float) -> Outcome:
        evidence = Evidence(shown(finished.argv), output.shortened(finished.stdout, finished.stderr))
        if unknown := cut_short(finished, evidence, (began, ended), cutoff, _AFTERMATH):
            return unknown
        if finished.code:
            reason = self._named(output.complaint(finished.stderr)) or f"exit code {finished.code}"
            return Rejected(began, ended, 0, evidence, reason)
        try:
            return Ok(began, ended, 0, evidence, read(finished.stdout))
        except UnreadableOutput as error:
            raw = printed_by(evidence.command, finished)
            return unreadable(raw, began, ended, error.garbled, f"unreadable: {error}")

    # -- the environment ----------------------------------------------------------------------------------------------

    def _expect_means(self, finished: Finished) -> None:
        """Raises `EnvironmentFault` where AIMA warns of something that it has to do without, and cannot.

        That its database is locked is no fault of the environment: nobody but another of its commands has that open.
        """
        for words, expected, remedy in _MEANS:
            warned = output.warning(finished.stderr, words)
            if warned and _LOCKED not in warned:
                raise EnvironmentFault(
                    f"expected {expected}, but {shown(finished.argv)!r} warns: {warned}; {remedy} (AIMA's data: {self._data})"
                )

    def _expect_docker(self, reason: str) -> None:
        """Raises `EnvironmentFault` where the docker command does not reach the engine, or there is no image to start."""
        told = ""
        for image in self.settings.images:
            argv = ("docker", "image", "inspect", "--format", "{{.Id}}", image)
            finished = run(argv, env=self._environ, timeout=_PROBE_TIME)
            if finished.code == 0:
                return
            said = "no answer" if finished.cut_off else finished.stderr.strip()
            told += f"; {shown(argv)!r} says: {said}"
        raise EnvironmentFault(
            f"expected the docker command, which AIMA needs, and one of the images {', '.join(self.settings.images)}"
            f"{told}; AIMA refused the start: {reason}"
        )


def _both(first: Outcome, second: Outcome) -> Evidence:
    """The evidence of two commands, of which the second ran because the first had succeeded."""
    one, other = first.evidence, second.evidence
    return Evidence(f"{one.command} && {other.command}", f"{one.output}\n{other.output}")


_NO_MODEL = "model-00000000"
_MEANS = (
    (
        "failed to create SQLite store",
        "a database, without which AIMA forgets its services between two commands",
        "see that its data folder can be written, and that there is room",
    ),
    (
        "Range of CPUs",
        "an engine with as many processors as AIMA asks for",
        "set AIMA_TTS_CPU, AIMA_WHISPER_CPU or AIMA_VLLM_CPU to no more than it has",
    ),
)
"""Words of a warning; what was expected; what to do."""
_LOCKED = "database is locked"
"""What AIMA says of its database while another of its commands has it."""
_AFTERMATH = 30.0
"""Seconds that the engine may take over what it was asked before AIMA was cut off: the longest grace AIMA gives a container."""
_PROBE_TIME = 30.0
"""Seconds within which the docker command has to answer."""
