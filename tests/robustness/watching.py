"""What the kill sweep and the engine's upsets share: runs of Churn as programs, and what is left of those that are over."""

import json
import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from churn.system.clock import RealClock, today
from churn.system.engines.docker import DockerEngine
from churn.system.leftovers import folders, on_engine, processes
from churn.system.ownership import OWNER
from churn.system.runs import Life

HERE = Path(__file__).parent
RESULTS = HERE / "results"
MANAGERS = ("reference", "shell")
LOOK_EVERY = 0.05
STAND_IN = "churn/stand-in"


@frozen
class Told:
    """How a program ended: its exit code, what it printed, and the seconds that it took from when it was asked to end."""

    code: int
    said: str
    seconds: float


def command(*words: str) -> list[str]:
    """A command of Churn's."""
    return [sys.executable, "-m", "churn", *words]


def start(argv: Sequence[str], output: Path, **environ: str) -> subprocess.Popen[bytes]:
    """A program in a session of its own, whose output goes to that file."""
    with output.open("wb") as printed:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            env={**os.environ, "NO_COLOR": "1", **environ},
            start_new_session=True,
        )


def ended(child: subprocess.Popen[bytes], output: Path, within: float) -> Told:
    """How it ends; one that does not end within so many seconds has hung, is killed, and has the code -9."""
    clock = RealClock()
    began = clock.now()
    try:
        child.wait(within)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    return Told(child.returncode, output.read_text(errors="replace"), clock.now() - began)


def cleaned(folder: Path, **environ: str) -> Told:
    """`churn clean`, by somebody whose HOME no run had."""
    output = folder / "clean.txt"
    own = {"HOME": str(folder), "XDG_STATE_HOME": str(folder), **environ}
    return ended(start(command("clean"), output, **own), output, 120.0)


def left(engine: DockerEngine, pids: Collection[int]) -> list[str]:
    """All that is there of runs that are over: on the engine, and on this machine of those that lived in these processes."""
    kept = list(folders())
    here = [one for one in (*kept, *processes({one.run for one in kept})) if one.run.split("-")[1] in map(str, pids)]
    return [one.what for one in (*on_engine(engine), *here) if one.life is Life.OVER]


def others(engine: DockerEngine) -> list[Any]:
    """All on an engine that no run has made: what must stay as it is. The stand-in's images stay for later runs."""
    rows = [row for row in engine.list() if OWNER not in row.labels and not row.name.startswith("churn-canary-")]
    told = [engine._api.inspect_container(row.id) for row in rows]
    containers = [(one["Id"], one["State"]["Status"], one["State"]["StartedAt"], one["RestartCount"]) for one in told]
    things = engine.resources() - frozenset(engine.labelled(OWNER))
    return [*sorted(containers), *sorted(str(one) for one in things if STAND_IN not in str(one))]


def report_of(folder: Path) -> dict[str, Any]:
    """The report of a run; empty where it wrote none."""
    path = folder / "report.json"
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return told


def keep(name: str, figures: dict[str, Any], rows: Sequence[dict[str, Any]]) -> Path:
    """Write what a sweep came to beside the other results."""
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    told = {"when": today().isoformat(timespec="seconds"), **figures, "each": list(rows)}
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return path
