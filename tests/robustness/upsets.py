"""Upsets of an engine during runs of healthy managers, on a real Docker of this program's own, which a supervisor keeps up.

    python tests/robustness/upsets.py --upsets 20 --seed 0 --keep

Each upset strikes one run, at any moment after its first step: the engine is restarted, killed, frozen for a while, or its disk
is full for a while; or it is frozen and the run is interrupted. No healthy manager may fail by that. Each run has to report, one
that is interrupted within 15 s. Once the engine is back `churn clean` has to leave nothing. Ends with exit code 1 if not.
Needs root, and what .ci/dockerd needs.
"""

import argparse
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen
from watching import HERE, LOOK_EVERY, MANAGERS, cleaned, command, ended, keep, report_of, start

from churn.errors import EngineError
from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.leftovers import on_engine
from churn.system.standin.image import build

KINDS = ("restart", "kill", "freeze", "disk", "interrupt")
_LASTING = ("freeze", "disk")
BOUND = 15.0
"""Seconds within which a run has to end that was interrupted."""
_LATEST = 10.0
"""Seconds after its first step until which a run is struck."""
_SOON = 2.0
"""Likewise, where the cycles are all that it does."""
_LASTS = 8.0
"""Seconds for which an engine is frozen, or its disk full."""
_DOWN = 2.0
"""Seconds for which one that has ended is down."""
_BACK = 60.0
_HANGS = 400.0
_STARTER = HERE.parents[1] / ".ci" / "dockerd"
_DISK = "size=128m"
_PEER = "3i"
PROGRAMS = ("docker", "dockerd", "docker-init", "ip", "iptables", "nsenter", "unshare", "busybox")


@frozen
class Supervised:
    """An engine that is started again when it ends. `pid` is a process in its network and mount namespaces."""

    url: str
    pid: int
    place: Path

    @property
    def inside(self) -> list[str]:
        """The beginning of a command that is run where its ports and its disk are."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", f"--mount=/proc/{self.pid}/ns/mnt"]

    def signal(self, number: signal.Signals) -> None:
        """Signal the engine's process: the one that listens on its socket, in whatever namespace that is."""
        with closing(socket.socket(socket.AF_UNIX)) as client:
            client.connect(self.url.removeprefix("unix://"))
            told = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(_PEER))
        pid = struct.unpack(_PEER, told)[0]
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if not words[0].endswith(b"dockerd") or str(self.place).encode() not in b"\0".join(words):
            raise RuntimeError(f"expected process {pid} to be the engine in {self.place}, got {words}")
        os.kill(pid, number)

    def execute(self, script: str) -> None:
        """Run a shell's script where the engine's disk is."""
        subprocess.run([*self.inside, "sh", "-c", script], check=False, env={**os.environ, "PLACE": str(self.place)})

    def wait(self) -> bool:
        """Whether it answers in time."""
        clock = RealClock()
        end = clock.now() + _BACK
        while clock.now() < end:
            try:
                with closing(DockerEngine({}, self.url, patience=5)):
                    return True
            except EngineError:
                clock.sleep(LOOK_EVERY)
        return False


def lacking() -> list[str]:
    """What this program needs and this machine has not."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    return missing + ([] if os.geteuid() == 0 else ["root"])


@contextmanager
def supervised() -> Iterator[Supervised]:
    """An engine for as long as this lasts, its data on a small disk of its own."""
    real = shutil.which("dockerd") or "dockerd"
    own = {"PATH": f"{HERE / 'supervised'}:{os.environ['PATH']}", "DOCKERD": real, "DOWN": f"{_DOWN:g}"}
    with tempfile.TemporaryDirectory(prefix="upsets-", ignore_cleanup_errors=True) as place:
        mounted = f"mount -t tmpfs -o {_DISK} tmpfs {place}"
        waiting = f"{mounted} && TMPDIR={place} exec \"{_STARTER}\" sh -c 'echo $$ $DOCKER_HOST; exec cat'"
        argv = ("unshare", "--mount", "sh", "-c", waiting)
        with subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **own}
        ) as engine:
            if engine.stdin is None or engine.stdout is None:
                raise RuntimeError("expected pipes")
            pid, url = engine.stdout.readline().split()
            # The socket is on a disk that only the engine's namespace has: a way there leads through a process of it.
            yield Supervised(f"unix:///proc/{pid}/root{url.removeprefix('unix://')}", int(pid), Path(place))
            engine.stdin.close()  # then `cat` ends, and the engine with it


def strike(kind: str, engine: Supervised) -> Callable[[], None]:
    """Upset the engine; given back is what ends that."""
    if kind == "disk":
        engine.execute('cat /dev/zero >"$PLACE/filled" 2>/dev/null')
        return lambda: engine.execute('rm -f "$PLACE/filled"')
    if kind in ("freeze", "interrupt"):
        frozen_by = _Frozen(engine)
        return frozen_by.end
    engine.signal(signal.SIGTERM if kind == "restart" else signal.SIGKILL)
    return lambda: None


class _Frozen:
    """An engine whose process is stopped. Nobody can be asked for its process meanwhile, so that is kept."""

    def __init__(self, engine: Supervised) -> None:
        self._engine = engine
        engine.signal(signal.SIGSTOP)

    def end(self) -> None:
        """Let it go on: the kernel takes connections for it also while it is stopped."""
        self._engine.signal(signal.SIGCONT)


def upset(
    number: int, chance: random.Random, engine: Supervised, folder: Path, *, cycles: int = 2, operations: int = 4
) -> dict[str, Any]:
    """One upset: what it was and when, how the run ended, and whether it should have ended so.

    The run does so many cycles, calmly and hurried, and then so many operations.
    """
    kind, manager = KINDS[number % len(KINDS)], MANAGERS[number // len(KINDS) % len(MANAGERS)]
    delay = round(chance.uniform(0.0, _LATEST if operations else _SOON), 2)
    report, output = folder / f"report-{number}", folder / f"run-{number}.txt"
    words = (
        "--manager",
        manager,
        "--cycles",
        str(cycles),
        "--max-operations",
        str(operations),
        "--report",
        str(report),
    )
    run = command("run", "--engine", "docker", "--seed", str(number), *words)
    # Its own socket has to have a short path, on a disk that is not the engine's.
    own = {"HOME": str(folder), "DOCKER_HOST": _within(engine), "TMPDIR": "/tmp"}  # noqa: S108
    clock = RealClock()
    victim = start([*engine.inside, *run], output, **own)
    while victim.poll() is None and not _has_begun(report):
        clock.sleep(LOOK_EVERY)
    clock.sleep(delay)
    undo = strike(kind, engine)
    if kind == "interrupt":
        victim.send_signal(signal.SIGINT)
        told = ended(victim, output, _HANGS)
        undo()
    else:
        clock.sleep(_LASTS if kind in _LASTING else 0.0)
        undo()
        told = ended(victim, output, _HANGS)
    back = engine.wait()
    written = report_of(report)
    return {
        "kind": kind, "manager": Path(manager).stem, "after": delay, "code": told.code, "seconds": round(told.seconds, 1),
        "report": bool(written), "faults": written.get("faults", []), "left": _left(engine, folder) if back else ["no engine"],
        "wrong": _wrong(kind, told.code, told.seconds, told.said, written),
    }  # fmt: skip


def _has_begun(report: Path) -> bool:
    """Whether a run has begun its first step."""
    trace = report / "trace.jsonl"
    return trace.exists() and '"line": "begin"' in trace.read_text(encoding="utf-8", errors="replace")


def _within(engine: Supervised) -> str:
    """The engine's address for who is in its namespaces."""
    return f"unix://{engine.url.partition('/root')[2]}"


def _wrong(kind: str, code: int, seconds: float, said: str, written: dict[str, Any]) -> str:
    """What should have been otherwise; empty if all is well."""
    if written.get("bugs"):
        return f"a healthy manager failed: {[bug['title'] for bug in written['bugs']]}: {said[-3000:]}"
    if kind == "interrupt":
        in_time = code == 130 and seconds <= BOUND and bool(written)
        return "" if in_time else f"it ended with {code}, {seconds:.0f} s after it was interrupted: {said[-1500:]}"
    if not written:
        return f"no report: {said[-1500:]}"
    return "" if code in (0, 3) else f"it ended with {code}: {said[-1500:]}"


def _left(engine: Supervised, folder: Path) -> list[str]:
    """What is left on the engine once it is back, and was cleaned."""
    with closing(DockerEngine({}, engine.url)) as seen:
        cleaned(folder, DOCKER_HOST=engine.url)
        return [one.what for one in on_engine(seen)]


def sweep(upsets: int, seed: int, tell: Callable[[str], None] = print) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """So many upsets; figures, and a row for each."""
    chance, rows = random.Random(seed), []  # noqa: S311 -- which moments are tried
    with tempfile.TemporaryDirectory(prefix="upset-runs-", ignore_cleanup_errors=True) as place, supervised() as engine:
        with closing(DockerEngine({}, engine.url)) as reached:
            build(reached)
        for number in range(upsets):
            rows.append(upset(number, chance, engine, Path(place)))
            tell(f"{number + 1}: {rows[-1]}")
    return {
        "upsets": upsets,
        "seed": seed,
        "reports": sum(row["report"] for row in rows),
        "left": sum(len(row["left"]) for row in rows),
        "wrong": sum(bool(row["wrong"]) for row in rows),
        "slowest interrupt": max((row["seconds"] for row in rows if row["kind"] == "interrupt"), default=0),
    }, rows


def is_well(figures: dict[str, Any]) -> bool:
    """Whether all that is promised held."""
    return not (figures["left"] or figures["wrong"])


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upsets", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="Keep the results.")
    options = parser.parse_args()
    if missing := lacking():
        print(f"expected root, and on PATH {', '.join(PROGRAMS)}; missing: {missing}", file=sys.stderr)
        return 2
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # runs would inherit that it is ignored, as shells do in the background
    figures, rows = sweep(options.upsets, options.seed, lambda line: print(line, flush=True))
    print(figures)
    if options.keep:
        print(keep("upsets", figures, rows))
    return 0 if is_well(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
