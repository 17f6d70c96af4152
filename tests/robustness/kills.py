"""A kill sweep on a real Docker: runs are ended at any moment, beside live runs of others, and then it is cleaned up.

    .ci/dockerd python tests/robustness/kills.py --kills 100 --seed 0 --keep

Each kill is one of a run by KILL, TERM, INT or HUP, or of a program that the run has started. After each, `churn clean` is run by
somebody with another HOME. Nothing of runs that are over may then be left, nothing that belongs to nobody's run may have changed,
and the live runs beside (another HOME, another user, a session of pytest) have to pass. Ends with exit code 1 if not.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

from attrs import define, field
from watching import LOOK_EVERY, MANAGERS, cleaned, command, ended, keep, left, others, report_of, start

from churn.lifecycle.observation import Resource, ResourceKind
from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.protocols import Spec
from churn.system.standin.image import TAG, build

KINDS = ("KILL", "TERM", "INT", "HUP", "child")
BOUND = 15.0
"""Seconds within which a run has to end that was interrupted."""
_LATEST = 10.0
"""Seconds after its start until which a run is killed: the set-up, the cycles, and some of the search."""
_HANGS = 240.0
_AS_ANOTHER = ("setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps", "+dac_read_search")
_AS_ANOTHER += ("--ambient-caps", "+dac_read_search")
"""Another user, who may read this Python, wherever it is."""
_GOES_ON = 3.0
"""Seconds that a run goes on after a program of its own was killed."""
_SESSION = """
from churn.explore.scenarios import cycles

def test_cycles(churn_session):
    churn_session.run("cycles", ("a",), cycles({cycles}))
"""


@define
class Companions:
    """Live runs of others, one after the other, for as long as the sweep lasts. Each of them has to pass.

    Each does `cycles`, calmly and hurried.
    """

    folder: Path
    cycles: int
    passed: list[str] = field(factory=list)
    failed: list[str] = field(factory=list)
    _kinds: Iterator[str] = field(init=False)
    _child: subprocess.Popen[bytes] | None = None
    _kind: str = ""

    def __attrs_post_init__(self) -> None:
        self._kinds = cycle(("home", "user", "pytest") if others_may_ask(self.folder) else ("home", "pytest"))

    @property
    def _output(self) -> Path:
        return self.folder / "companion.txt"

    def look(self) -> None:
        """Start the next one where none runs."""
        if self._child is None or self._child.poll() is not None:
            self.end()
            self._kind = next(self._kinds)
            self._child = companion(self._kind, self.folder, self.cycles, self._output)

    def end(self) -> None:
        """Wait for the one that runs, and note how it ended."""
        if self._child is None:
            return
        told = ended(self._child, self._output, _HANGS)
        (self.passed if told.code == 0 else self.failed).append(
            self._kind if told.code == 0 else f"{self._kind}: {told.said}"
        )
        self._child = None


def companion(kind: str, folder: Path, cycles: int, output: Path) -> subprocess.Popen[bytes]:
    home = Path(tempfile.mkdtemp(dir=folder))
    own = {"HOME": str(home), "XDG_STATE_HOME": str(home)}
    if kind == "pytest":
        (home / "test_cycles.py").write_text(_SESSION.format(cycles=2 * cycles))
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--churn-engine", "docker", str(home)]
        return start([*words, "--rootdir", str(home), "--churn-max-operations", "100"], output, **own)
    run = command(
        "run", "--engine", "docker", "--cycles", str(cycles), "--only", "cycles", "--report", str(home / "report")
    )
    if kind == "user":
        home.chmod(0o777)
        return start([*_AS_ANOTHER, *run], output, **own)
    return start(run, output, **own)


def others_may_ask(folder: Path) -> bool:
    """Whether another user may run this Python and reach the engine. The engine's own socket is opened to all for that."""
    place = Path(os.environ.get("DOCKER_HOST", "").removeprefix("unix://"))
    if os.geteuid() != 0 or not place.is_socket():
        return False
    place.chmod(0o666)
    place.parent.chmod(0o711)
    folder.chmod(0o711)
    asked = [*_AS_ANOTHER, *command("--version")]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


@contextmanager
def bystanders(engine: DockerEngine) -> Iterator[None]:
    """Things on the engine that have nothing to do with any run."""
    build(engine)
    web = engine.create(Spec(image=TAG, name="bystander-web", command=("serve", "/models", "--port", "8080")))
    engine.start(web)
    namesake = engine.create(Spec(image=TAG, name="service-a", labels={"app": "shop"}))
    engine.create_volume("bystander", {})
    engine.create_network("bystander", {})
    try:
        yield
    finally:
        for container in (web, namesake):
            engine.remove(container, force=True)
        engine.remove_resource(Resource(ResourceKind.VOLUME, "bystander"))
        engine.remove_resource(Resource(ResourceKind.NETWORK, "bystander"))


def kill(number: int, chance: random.Random, folder: Path) -> dict[str, Any]:
    """One kill: what was killed and when, how the run ended, and whether it should have ended so."""
    kind, manager = KINDS[number % len(KINDS)], MANAGERS[number // len(KINDS) % len(MANAGERS)]
    delay = round(chance.uniform(0.2, _LATEST), 2)
    report, output = folder / f"report-{number}", folder / f"run-{number}.txt"
    words = ("--manager", manager, "--max-operations", "40", "--report", str(report))
    run = command("run", "--engine", "docker", "--seed", str(number), *words)
    victim = start(run, output, HOME=str(folder), XDG_STATE_HOME=str(folder / f"state-{number % 3}"))
    RealClock().sleep(delay)
    struck = _kill_child(victim.pid) if kind == "child" else _signalled(victim, f"SIG{kind}")
    if kind == "child":
        RealClock().sleep(_GOES_ON)
        _signalled(victim, "SIGTERM")
    told = ended(victim, output, _HANGS)
    written = report_of(report)
    # One that was interrupted before it had begun anything has nothing to report.
    reported = bool(written) or "during the set-up" in told.said or told.said.strip() == "churn: interrupted"
    wrong = _wrong(kind, told.code, told.seconds, struck=struck, reported=reported)
    wrong = wrong or ("a healthy manager failed" if written.get("bugs") else "")
    return {
        "kind": kind, "manager": Path(manager).stem, "pid": victim.pid, "after": delay, "struck": struck, "code": told.code,
        "seconds": round(told.seconds, 1), "wrong": f"{wrong}: {told.said[-600:]}" if wrong else "",
    }  # fmt: skip


def _wrong(kind: str, code: int, seconds: float, *, struck: bool, reported: bool) -> str:
    """What should have been otherwise; empty if all is well. One that had not come to heed signals yet is just killed."""
    if kind == "KILL" or not struck:
        return ""
    if code in (0, 3) or code == -getattr(signal, "SIGTERM" if kind == "child" else f"SIG{kind}"):
        return ""
    if seconds > BOUND:
        return f"it ended {seconds:.0f} s after it was interrupted"
    return "" if code == 130 and reported else "it did not end with 130 and a report"


def _signalled(victim: subprocess.Popen[bytes], name: str) -> bool:
    if victim.poll() is not None:
        return False
    victim.send_signal(getattr(signal, name))
    return True


def _kill_child(pid: int) -> bool:
    """Kill a program that the run has started, as soon as there is one; whether there was."""
    clock = RealClock()
    end = clock.now() + 10
    while clock.now() < end:
        for child in _children(pid):
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                continue
            return True
        clock.sleep(LOOK_EVERY)
    return False


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def sweep(
    kills: int, seed: int, tell: Callable[[str], None] = print, *, beside: int = 10
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """So many kills; figures, and a row for each. The live runs do `beside` cycles, twice."""
    chance, rows = random.Random(seed), []  # noqa: S311 -- which moments are tried
    with (
        tempfile.TemporaryDirectory(prefix="kills-", ignore_cleanup_errors=True) as place,
        closing(DockerEngine(os.environ)) as engine,
        bystanders(engine),
    ):
        folder, before = Path(place), others(engine)
        companions = Companions(folder, beside)
        for number in range(kills):
            companions.look()
            row = kill(number, chance, folder)
            row["clean"], row["left"] = cleaned(folder).code, left(engine, [one["pid"] for one in (*rows, row)])
            row["touched"] = others(engine) != before
            rows.append(row)
            tell(f"{number + 1}: {row}")
        companions.end()
        gone = cleaned(folder).code == 0 and not left(engine, [row["pid"] for row in rows])
    return {
        "kills": kills,
        "seed": seed,
        "struck": sum(row["struck"] for row in rows),
        "left": sum(len(row["left"]) for row in rows),
        "touched": sum(row["touched"] for row in rows),
        "wrong": sum(bool(row["wrong"]) or row["clean"] != 0 for row in rows),
        "beside": {kind: companions.passed.count(kind) for kind in sorted({*companions.passed})},
        "failed beside": companions.failed,
        "nothing left": gone,
    }, rows


def is_well(figures: dict[str, Any]) -> bool:
    """Whether all that is promised held."""
    bad = ("left", "touched", "wrong", "failed beside")
    return bool(figures["nothing left"]) and not any(figures[name] for name in bad)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="Keep the results.")
    options = parser.parse_args()
    for number in (
        signal.SIGHUP,
        signal.SIGINT,
    ):  # what nohup, and shells in the background, ignore, runs would inherit
        signal.signal(number, signal.SIG_DFL)
    figures, rows = sweep(options.kills, options.seed, lambda line: print(line, flush=True))
    print(figures)
    if options.keep:
        print(keep("kills", figures, rows))
    return 0 if is_well(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
