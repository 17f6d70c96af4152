"""What is fed with mutations in this process: what managers print, descriptions of managers, and reproducers."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

from mutating import Mutations

from churn import Create, List, Pace, Start, Step, Stop
from churn.assembly import Target, assembled
from churn.errors import ChurnError
from churn.lifecycle.outcome import Ok, Outcome
from churn.lifecycle.sequence import Sequence as Steps
from churn.reproducers.file import load
from churn.reproducers.replay import replay
from churn.reproducers.shell import as_shell
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import written
from churn.session.violation import Violation
from churn.system.clock import RealClock
from churn.system.managers.aima import Aima, AimaSettings
from churn.system.managers.command import CommandManager, read
from churn.system.managers.command.guessing import guessed, identifying
from churn.system.managers.gallery import gallery
from churn.system.process import Finished, text

ROOT = Path(__file__).parents[2]
_STEPS = Steps((Step(Create("a")), Step(Start("a")), Step(List()), Step(Stop("a"), Pace.HURRIED), Step(List())))
_LONGEST = 12
"""Steps of a reproducer that are replayed."""


class Subject(Protocol):
    """What is fed. `draw` makes an input, and `feed` takes it: True where it was of use, False where it was refused."""

    def draw(self, mutations: Mutations) -> Any:
        """The next input."""

    def feed(self, drawn: Any) -> bool:
        """Whether it was taken. Anything but a `ChurnError` that it raises is a fault."""


Opened = Callable[[Path], Any]


# -- what managers print ----------------------------------------------------------------------------------------------

_JSON = """
[create]
argv = ["x", "{service}"]
id = "id"
[start]
argv = ["x", "{id}"]
[stop]
argv = ["x", "{id}"]
[list]
argv = ["x"]
entries = "services[].{service: id, status: state, port: endpoint}"
port_pattern = ':(?P<port>[0-9]+)$'
[status]
argv = ["x", "{id}"]
entries = "{status: state, port: endpoint}"
port_pattern = ':(?P<port>[0-9]+)$'
[words]
created = ["new"]
running = ["up"]
stopped = ["down"]
"""
_TEXT = r"""
[start]
argv = ["x", "{service}"]
[stop]
argv = ["x", "{service}"]
[list]
argv = ["x"]
pattern = '^(?P<service>\S+) +(?P<status>\w+)( +(?P<port>[0-9]+))?$'
skip = "NAME.*"
[words]
running = ["up"]
stopped = ["down"]
"""
DESCRIPTIONS = {"json.toml": _JSON, "text.toml": _TEXT}
_PRINTED = (
    '{"services": [{"id": "id-a", "state": "up", "endpoint": "http://localhost:8000"}, {"id": "id-b", "state": "new"}]}',
    '{"id": "id-a", "name": "a", "state": "up", "endpoint": "http://localhost:8000"}',
    "NAME STATUS PORT\na up 8000\nb down\n",
    '{"model_id": "m1"}\n{"service_id": "s1", "success": true}',
    'loading…\n{"services": [{"id": "s1", "model_id": "m1", "status": "running", "endpoints": ["http://x:8000"]}]}',
    '{"status": "running", "id": "s1", "model_id": "m1", "endpoints": ["http://localhost:8000"]}',
    "Error: no such service\nUsage:\n  x [flags]\n",
    "",
)
_CODES = (0, 0, 0, 0, 1, 2, 127, -9, None)


class Outputs:
    """Managers whose programs print anything. What is read of it goes through a session, to its trace on disk."""

    def __init__(self, folder: Path) -> None:
        self._printed = Finished(("x",), 0, "", "")
        paths = [_made(folder / name, text) for name, text in DESCRIPTIONS.items()]
        made: tuple[Callable[[], Any], ...] = (
            *(lambda path=path: self._described(path, folder) for path in paths),
            lambda: self._aima(folder),
        )  # type: ignore[misc]
        self._managers = [one() for one in made]
        self._stack = ExitStack()
        enter = self._stack.enter_context
        for module in ("command.manager", "aima.driver"):
            enter(patch(f"churn.system.managers.{module}.run", lambda *_, **__: self._printed))
        self._whole = enter(assembled(Target()))
        trace = enter(written(folder / "trace.jsonl", {}))
        self._session = Session(self._whole.system, self._whole.reset, trace, Budget(RealClock()))
        self._own = {name: getattr(self._whole.system.manager, name) for name in ("list", "status", "create")}

    def close(self) -> None:
        """Take all down again."""
        self._stack.close()

    def draw(self, mutations: Mutations) -> Any:
        """As `Subject.draw`: what is printed to both outputs, the exit code, and which manager prints it."""
        printed = [_printed(mutations) for _ in range(2)]
        return printed[0], printed[1], mutations.one(_CODES), mutations.chance.randrange(len(self._managers))

    def feed(self, drawn: Any) -> bool:
        """As `Subject.feed`."""
        out, err, code, which = drawn
        self._printed = Finished(("x",), code, text(out), text(err), out)
        manager = self._managers[which]
        guessed(text(out), "a", 8000)
        identifying(text(out))
        for call in (lambda: manager.create("a", "/f"), lambda: manager.start("a"), lambda: manager.stop("a")):
            call()
        if "status" in manager.contract.offers:
            manager.status("a")
        listed = manager.list()
        self._in_a_session(listed)
        return isinstance(listed, Ok)

    def _in_a_session(self, told: Outcome) -> None:
        """A healthy manager with such a list: whatever the session says of it, it can be written down."""
        with patch.object(self._whole.system.manager, "list", lambda: told), suppress(Violation, ChurnError):
            self._session.run("fuzz", ("a",), _STEPS)
        self._session.trace.runs.clear()

    def _described(self, path: Path, folder: Path) -> CommandManager:
        ports = iter(range(20_000, 65_000))
        return CommandManager(read(path), "run", {}, {}, RealClock(), lambda *_: next(ports), folder / path.stem)

    def _aima(self, folder: Path) -> Aima:
        return Aima(folder / "aima", AimaSettings(), {"PATH": ""}, "unix:///none", RealClock(), "marker")


def _printed(mutations: Mutations) -> bytes:
    printed = mutations.one(_PRINTED)
    if printed.startswith("{") and mutations.often(0.5):
        return json.dumps(mutations.data(json.loads(printed.split("\n")[0]))).encode()
    raw = bytearray(mutations.text(printed, (*_PRINTED, *DESCRIPTIONS)).encode("utf-8", "surrogatepass"))
    for _ in range(mutations.one((0, 0, 0, 1, 5)) if raw else 0):
        raw[mutations.chance.randrange(len(raw))] = mutations.chance.randrange(256)
    return bytes(raw)


# -- files ------------------------------------------------------------------------------------------------------------


class Descriptions:
    """Files that describe managers."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "described.toml"
        found = [path.read_text(encoding="utf-8") for path in gallery().values()]
        self._texts = (*found, *DESCRIPTIONS.values())
        self._lines = tuple({line for text in self._texts for line in text.splitlines(keepends=True)})

    def close(self) -> None:
        """Nothing is left."""

    def draw(self, mutations: Mutations) -> str:
        """As `Subject.draw`."""
        text = mutations.one(self._texts)
        if mutations.often(0.3):
            lines = text.splitlines(keepends=True)
            lines.insert(mutations.chance.randrange(len(lines) + 1), mutations.one(self._lines))
            return "".join(lines)
        return mutations.text(text) if mutations.often(0.7) else mutations.text(text, self._lines)

    def feed(self, drawn: str) -> bool:
        """As `Subject.feed`."""
        self._path.write_bytes(drawn.encode("utf-8", "surrogatepass"))
        return bool(read(self._path).calls)


class Reproducers:
    """Files of reproducers: those that can be read are told as scripts, and replayed if they are of the reference manager."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "reproducer.json"
        found = sorted((ROOT / "reproducers").rglob("*.json"))
        self._texts: Sequence[str] = [path.read_text(encoding="utf-8") for path in found]

    def close(self) -> None:
        """Nothing is left."""

    def draw(self, mutations: Mutations) -> str:
        """As `Subject.draw`."""
        text = mutations.one(self._texts)
        return mutations.text(text) if mutations.often(0.2) else json.dumps(mutations.data(json.loads(text)))

    def feed(self, drawn: str) -> bool:
        """As `Subject.feed`."""
        self._path.write_bytes(drawn.encode("utf-8", "surrogatepass"))
        reproducer = load(self._path)
        if not reproducer.manager.endswith(".toml"):
            as_shell(reproducer)
        if reproducer.manager == "reference" and len(reproducer.sequence.steps) <= _LONGEST:
            with assembled(Target(
                defects=reproducer.defects, seed=reproducer.seed,
                engine_faults=reproducer.disturbs, interrupts=reproducer.interrupts,
            )) as whole, written(self._path.with_name("replay.jsonl"), {}) as trace:  # fmt: skip
                replay(reproducer, Session(whole.system, whole.reset, trace, Budget(RealClock(), operations=200)))
        return True


def _made(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
