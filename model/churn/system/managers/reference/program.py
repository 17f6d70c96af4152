"""The reference manager as a child process, as a `Manager`: on a real engine, evidence shows commands that were really run."""

import sys
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Any

from churn.errors import EnvironmentFault
from churn.lifecycle.contract import Contract
from churn.lifecycle.form import Setting
from churn.lifecycle.observation import Listed
from churn.lifecycle.outcome import Evidence, Ok, Outcome, Rejected
from churn.system.clock import Clock
from churn.system.managers.answers import printed_by, unreadable
from churn.system.managers.cut_short import cut_short
from churn.system.managers.reference.answer import UnreadableAnswer, read
from churn.system.managers.reference.contract import contract_for
from churn.system.managers.reference.manager import SERVICE, Settings
from churn.system.process import Finished, run, shown
from churn.system.protocols import ListedContainer as Container

Words = list[str]


class ReferenceProgram:
    """Drives `churn reference --db PATH …`. `environ` is its whole environment; `defects` are planted in it, and
    `promises` is what it promises otherwise with them.
    """

    name = "reference"

    def __init__(
        self,
        db: Path,
        settings: Settings,
        environ: Mapping[str, str],
        clock: Clock,
        defects: tuple[str, ...] = (),
        promises: Mapping[str, Any] | None = None,
    ) -> None:
        self.db = db
        self.settings = settings
        self.contract: Contract = contract_for(settings, promises or {})
        self.marker = settings.session
        self.clock = clock
        self.defects = defects
        self.environ = dict(environ)
        self.share = 1

    def client(self, way: str, share: int) -> "ReferenceProgram":
        """As `Program.client`."""
        made = copy(self)
        made.environ, made.share = (
            {**self.environ, "DOCKER_HOST": way},
            share,
        )
        return made

    def create(self, service: str, folder: str) -> Outcome:
        """As `Manager.create`."""
        return self._call("create", service, "--folder", folder)

    def start(self, service: str) -> Outcome:
        """As `Manager.start`."""
        return self._call("start", service)

    def stop(self, service: str) -> Outcome:
        """As `Manager.stop`."""
        return self._call("stop", service)

    def remove(self, service: str) -> Outcome:
        """As `Manager.remove`."""
        return self._call("remove", service)

    def restart(self, service: str) -> Outcome:
        """As `Manager.restart`."""
        return self._call("restart", service)

    def update(self, service: str, setting: Setting, value: str) -> Outcome:
        """As `Manager.update`."""
        return self._call("update", service, setting.value, value)

    def list(self) -> Outcome:
        """As `Manager.list`."""
        return self._call("list")

    def status(self, service: str) -> Outcome:
        """As `Manager.status`."""
        return self._call("status", service)

    def restart_daemon(self) -> Outcome:
        """As `Manager.restart_daemon`; it has none: each command is a program of its own."""
        now = self.clock.now()
        return Ok(now, now, 0, Evidence("# churn reference has no daemon", "", ran=False))

    def service_of(self, container: Container) -> str | None:
        """As `Manager.service_of`."""
        return container.labels.get(SERVICE)

    def reset(self) -> None:
        """As `Manager.reset`: the store's files go."""
        try:
            for path in self.db.parent.glob(f"{self.db.name}*"):
                path.unlink()
        except OSError as error:
            raise EnvironmentFault(f"the store {self.db} could not be removed: {error}") from error

    def argv(self, *words: str) -> Words:
        """The command line for these words."""
        options = ["--db", str(self.db), "--session", self.settings.session, "--image", self.settings.image]
        labels = [word for key, value in self.settings.labels.items() for word in ("--label", f"{key}={value}")]
        timeout = ["--timeout", f"{self.settings.start_timeout:g}"]
        planted = [word for name in self.defects for word in ("--defect", name)]
        return ["churn", "reference", *options, *labels, *timeout, *planted, *words]

    def _call(self, *words: str) -> Outcome:
        argv = self.argv(*words)
        bounds = self.contract.bounds
        stated = self.settings.start_timeout if words[0] in ("start", "restart") else bounds.of(words[0]) or bounds.stop
        cutoff = self.share * (stated + bounds.grace + self.settings.stop_grace)
        began = self.clock.now()
        finished = run([sys.executable, "-m", "churn", *argv[1:]], env=self.environ, timeout=cutoff, marker=self.marker)
        return self._outcome(argv, finished, began, self.clock.now(), cutoff)

    def _outcome(self, argv: Words, finished: Finished, began: float, ended: float, cutoff: float) -> Outcome:
        evidence = Evidence(shown(argv), f"{finished.stdout}{finished.stderr}".strip())
        if unknown := cut_short(finished, evidence, (began, ended), cutoff, self.settings.stop_grace):
            return unknown
        if finished.code != 0:
            reason = (finished.stderr.strip().splitlines() or [f"exit code {finished.code}"])[-1]
            return Rejected(began, ended, 0, evidence, reason.removeprefix("Error: "))
        try:
            return Ok(began, ended, 0, evidence, self._listed(finished.stdout))
        except UnreadableAnswer as error:
            return unreadable(printed_by(evidence.command, finished), began, ended, error.garbled, str(error))

    def _listed(self, output: str) -> tuple[Listed, ...]:
        return tuple([Listed(name, word, self.contract.spelled(word), port) for name, word, port in read(output)])
