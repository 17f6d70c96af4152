"""Calls of the Docker Engine API made on two engines at once, and what of their answers has to be the same.

`Pair` makes a call on both and compares status code, error class and the states after it. A difference that is explained
stands in `explained.py`; any other raises `Difference`.
"""

import io
import json
import re
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from attrs import Factory, define, field, frozen

from churn.errors import EngineError
from churn.system.clock import Clock, RealClock, VirtualClock
from churn.system.engines.docker import DockerEngine
from churn.system.engines.emulated import Core
from churn.system.engines.emulated.api.adapter import client
from churn.system.host import RealHost
from churn.system.refusals import refusal
from churn.system.standin.image import LABEL, TAG

Json = Any

SETTLING = 3.0
"""Seconds within which the real engine has to be where the emulated one is."""
LOOK_EVERY = 0.02
LABELS = "churn.test"


@frozen
class Answer:
    """What an engine answered, as far as it has to be the same: the status, the error's class, and facts of the body."""

    status: int
    error: str = ""
    facts: Json = None


@frozen
class Row:
    """A container after a call, without what differs from one engine to the other."""

    state: str
    exit_code: int
    published: tuple[str, ...] = ()
    """The host ports that it publishes, in this run's words."""
    failed: bool = False
    """Whether its last start failed."""
    restarts: int = 0


States = Mapping[str, Row]


@frozen
class Call:
    """One call. In its words ``{run}`` stands for the run's id, ``{port}`` and ``{other}`` for ports of the side's host."""

    method: str
    path: str
    query: Mapping[str, str] = Factory(dict)
    body: Json = None

    def __str__(self) -> str:
        query = "&".join(f"{key}={value}" for key, value in self.query.items())
        body = f" {json.dumps(self.body)}" if self.body is not None and not isinstance(self.body, bytes) else ""
        return f"{self.method} {self.path}{f'?{query}' if query else ''}{body}"


class Difference(AssertionError):
    """The engines are not alike after a call."""


@define
class Side:
    """One engine, a clock to wait by, and the words that stand for this run's on it."""

    api: Any
    clock: Clock
    words: Mapping[str, str]

    def send(self, call: Call) -> Answer:
        """Make the call and keep what has to be the same."""
        filled = self.filled(call.path)
        data = call.body if isinstance(call.body, bytes) else None
        payload = self.filled(call.body) if data is None else None
        answer = self.api.request(
            call.method,
            self.api._url(filled),
            params=self.filled(dict(call.query)),
            json=payload,
            data=data,
            timeout=60,
        )
        if answer.status_code >= 400:
            return Answer(answer.status_code, type(self.error(answer)).__name__)
        return Answer(answer.status_code, facts=self.facts(call, answer))

    def error(self, answer: Any) -> EngineError:
        """The error that the answer is."""
        try:
            message = answer.json()["message"]
        except ValueError:
            message = answer.text
        return refusal(answer.status_code, message)

    def filled(self, value: Json) -> Json:
        """The value with this side's words in it."""
        if isinstance(value, str):
            for word, own in self.words.items():
                value = value.replace(f"{{{word}}}", own)
            return value
        if isinstance(value, dict):
            return {self.filled(key): self.filled(one) for key, one in value.items()}
        return [self.filled(one) for one in value] if isinstance(value, list) else value

    def neutral(self, value: Json) -> Json:
        """The value with this side's words taken out again."""
        text = json.dumps(value)
        for word, own in self.words.items():
            text = text.replace(own, f"{{{word}}}")
        return json.loads(text)

    def facts(self, call: Call, answer: Any) -> Json:
        """What of a good answer has to be the same, by the call that it answers."""
        return self.neutral(facts_of(call, answer))

    def states(self) -> States:
        """This run's containers by name."""
        rows = self.api.containers(all=True, filters={"label": f"{LABELS}={self.words['run']}"})
        found = {}
        for row in rows:
            with suppress(Exception):  # gone between the list and the look
                found[self.neutral(row["Names"][0])] = self.row(row)
        return found

    def row(self, row: Json) -> Row:
        told = self.api.inspect_container(row["Id"])
        state = told["State"]
        own = {value: word for word, value in self.words.items()}
        held = [str(port["PublicPort"]) for port in row["Ports"] if port.get("PublicPort") and port["IP"] != "::"]
        ports = tuple(sorted(own.get(port, "chosen") for port in held))
        return Row(state["Status"], state["ExitCode"], ports, bool(state["Error"]), told["RestartCount"])

    def clear(self) -> None:
        """Remove all that this run has made."""
        label = {"label": [f"{LABELS}={self.words['run']}"]}
        for row in self.api.containers(all=True, filters=label):
            with suppress(Exception):
                self.api.remove_container(row["Id"], force=True)
        for network in self.api.networks(filters=label):
            self.api.remove_network(network["Id"])
        for volume in self.api.volumes(filters=label)["Volumes"] or ():
            self.api.remove_volume(volume["Name"])
        for image in self.api.images(filters={"reference": [f"churn-test-{self.words['run']}*"]}):
            for tag in image["RepoTags"] or ():
                if tag.startswith("churn-test-"):
                    self.api.remove_image(tag)


def facts_of(call: Call, answer: Any) -> Json:
    """What the engines have to tell alike in a good answer to that call; None: only its status counts."""
    match call.method, call.path.strip("/").split("/"):
        case "GET", ["containers", "json"]:
            return sorted(name for row in answer.json() for name in row["Names"])
        case "GET", ["containers", _, "json"]:
            return _inspected(answer.json())
        case "GET", ["containers", _, "changes"]:
            return sorted([change["Path"], change["Kind"]] for change in answer.json() or ())
        case "GET", ["containers", _, "top"]:
            return answer.json()["Titles"]
        case "POST", ["containers", _, "wait"]:
            return answer.json()["StatusCode"]
        case "POST", ["containers" | "networks" | "volumes", "prune"]:
            return len(next((value for value in answer.json().values() if isinstance(value, list)), ()))
        case "GET", ["images", _, "json"]:
            return _config(answer.json()["Config"])
        case "GET", ["networks" | "volumes", _]:
            told = answer.json()
            return [told["Name"], told["Driver"], told["Scope"], told["Labels"], told["Options"] or {}]
        case "DELETE", ["images", *_]:
            return [sorted(one) for one in answer.json()]
    return None


def _inspected(told: Json) -> Json:
    host, state = told["HostConfig"], told["State"]
    labels = told["Config"]["Labels"] or {}
    return {
        "name": told["Name"],
        "labels": {key: value for key, value in labels.items() if not key.startswith(LABEL)},
        "image": told["Config"]["Image"],
        "path": told["Path"],
        "ports": host["PortBindings"] or {},
        "policy": [host["RestartPolicy"]["Name"], host["RestartPolicy"]["MaximumRetryCount"]],
        "networks": sorted(told["NetworkSettings"]["Networks"]),
        "published": {port: bool(places) for port, places in told["NetworkSettings"]["Ports"].items()},
        "mounts": sorted([mount["Type"], mount["Destination"], mount["RW"]] for mount in told["Mounts"]),
        "flags": [state[key] for key in ("Running", "Paused", "Restarting", "Dead", "OOMKilled")],
        "pid": bool(state["Pid"]),
        "times": [state[key].startswith("0001") for key in ("StartedAt", "FinishedAt")],
    }


def _config(told: Json) -> Json:
    labels = {key: value for key, value in (told["Labels"] or {}).items() if not key.startswith(LABEL)}
    return [told["Entrypoint"], told["Cmd"], told["WorkingDir"], labels]


# -- two at once ------------------------------------------------------------------------------------------------------


@frozen
class Explained:
    """A difference that is as it should be: which calls, which states before, which field, and the behaviour it is due to.

    `shows` is a sequence of calls whose last one shows it, so that an entry which matches nothing any more is noticed.
    """

    name: str
    due_to: str
    method: str
    path: str
    """A regular expression for the call's path."""
    field: str
    """``status``, ``error``, ``facts`` or ``states``."""
    before: tuple[str, ...] = ()
    """The state of the container called for, one of these; none: any."""
    shows: Sequence[Call] = ()


@define
class Pair:
    """The real and the emulated engine, each with this run's things alone."""

    real: Side
    emulated: Side
    explained: Sequence[Explained] = ()
    strict: bool = True
    """Whether a difference is raised; else it is kept, and no further call of the sequence is made."""
    used: set[str] = field(factory=set)
    calls: int = 0
    found: str = ""
    last_status: int = 0
    _last: States = field(factory=dict)

    def call(self, call: Call) -> None:
        """Make the call on both, unless it would wait without end. Raises `Difference`."""
        if self.found or (call.path.endswith("/wait") and self._state_of(call) not in ("", "created", "exited")):
            return
        self.calls += 1
        before = self._state_of(call)
        answers = self.real.send(call), self.emulated.send(call)
        self.last_status = answers[0].status
        for name in ("status", "error", "facts"):
            real, emulated = (getattr(answer, name) for answer in answers)
            if real != emulated:
                self._differ(call, name, before, real, emulated)
        self._compare_states(call, before)

    def clear(self) -> None:
        """Remove what was made."""
        self.real.clear()
        self.emulated.clear()

    def _compare_states(self, call: Call, before: str) -> None:
        self.emulated.clock.sleep(SETTLING)
        emulated = self.emulated.states()
        end = self.real.clock.now() + SETTLING
        while (real := self.real.states()) != emulated and self.real.clock.now() < end:
            self.real.clock.sleep(LOOK_EVERY)
        self._last = emulated
        if real != emulated:
            self._differ(call, "states", before, real, emulated)

    def state(self, name: str) -> str:
        """The state of the container of that name after the last call; empty where there is none."""
        row = self._last.get(f"/{name}")
        return row.state if row is not None else ""

    def _state_of(self, call: Call) -> str:
        parts = call.path.strip("/").split("/")
        return self.state(parts[1]) if len(parts) > 1 else ""

    def _differ(self, call: Call, name: str, before: str, real: object, emulated: object) -> None:
        for entry in self.explained:
            fits = call.method == entry.method and re.fullmatch(entry.path, call.path) and name == entry.field
            if fits and (not entry.before or before in entry.before):
                self.used.add(entry.name)
                return
        self.found = self.found or (
            f"{call} (on one that is {before or 'not there'}): {name}\n  real:     {real}\n  emulated: {emulated}"
        )
        if self.strict:
            raise Difference(self.found)


def pair(engine: DockerEngine, folder: Path, explained: Sequence[Explained] = (), *, strict: bool = True) -> Pair:
    """Both engines, with nothing of this run on them; the real one has the stand-in image."""
    run = uuid4().hex[:8]
    host = RealHost(folders=folder, clock=RealClock())
    real = {"run": run, "port": str(host.free_port()), "other": str(host.free_port()), "folder": host.folder(run)}
    core = Core(VirtualClock(), images=frozenset({TAG}))
    emulated = {"run": run, "port": "20001", "other": "20002", "folder": "/emulated"}
    host.behave(real["folder"], "healthy")
    return Pair(Side(engine._api, RealClock(), real), Side(client(core).api, core.clock, emulated), explained, strict)


def archive(name: str, content: bytes) -> bytes:
    """A tar of one file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
