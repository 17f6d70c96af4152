"""Trouble of a real engine in the middle of a step of a healthy manager: it is told as that, and never as the manager's bug.

    python tests/robustness/troubles.py --troubles 20 --seed 0 --keep

Each run has one trouble, at a moment drawn after one of its starts or stops has begun: the disk is full, the bridge is down,
the stand-in's image is removed, or dockerd is killed. The first three last until the run has ended. Each run has to end with
exit code 3 and a reason, without a bug; or with 0 where nothing was touched that the manager promises: a start of some is done
when the container was launched, though nobody reaches it. The engine is one of this program's own, which a supervisor keeps up.
Ends with exit code 1 if anything was told of a manager. Needs root, what .ci/dockerd needs, and docker-compose. The last line is
JSON.
"""

import argparse
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from upsets import PROGRAMS, Supervised, lacking, supervised
from watching import HERE, LOOK_EVERY, command, ended, keep, report_of, start

from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.managers.gallery import gallery
from churn.system.standin.image import TAG, build

KINDS = ("disk", "bridge", "image", "daemon")
MANAGERS = ("shell", "docker-run", "docker-create", "compose")
_MOST_BEGUN = 4
"""A start or a stop is struck up to the one of that number: two cycles, calm and hurried, have eight."""
_LATEST = {"daemon": 0.3}
"""Seconds after it has begun until which it is struck, where that is not the usual: an engine is back after two seconds."""
_USUALLY = 1.0
_HANGS = 400.0
_COUNTING = '["sh", "-c", \'echo >>"$BEGUN"; exec "$@"\', "counting", '


def counted(manager: str, folder: Path) -> Path:
    """A copy of the description, by which each start and each stop adds a line to the file BEGUN before it does anything."""
    source = gallery()[manager]
    shutil.copytree(source.parent, folder, dirs_exist_ok=True)
    copy = folder / source.name
    text = copy.read_text(encoding="utf-8")
    for table in ("start", "stop"):
        text, found = re.subn(rf"(?m)^(\[{table}\]\nargv = )\[", lambda match: match[1] + _COUNTING, text)
        if found != 1:
            raise RuntimeError(f"expected one command to {table} in {source}, got {found}")
    copy.write_text(text, encoding="utf-8")
    return copy


def make(kind: str, engine: Supervised) -> Callable[[], None]:
    """Make the trouble; given back is what ends it."""
    if kind == "disk":
        engine.execute('cat /dev/zero >"$PLACE/filled" 2>/dev/null')
        return lambda: engine.execute('rm -f "$PLACE/filled"')
    if kind == "bridge":
        engine.execute(
            "ip link set docker0 down; ip -o link show type bridge | cut -d: -f2 | xargs -I{} ip link set {} down"
        )
        return lambda: engine.execute("ip -o link show type bridge | cut -d: -f2 | xargs -I{} ip link set {} up")
    if kind == "image":
        subprocess.run(["docker", "--host", engine.url, "rmi", "--force", TAG], check=False, capture_output=True)
        return lambda: None  # the next run makes it
    engine.signal(signal.SIGKILL)
    return lambda: None


def troubled(number: int, chance: random.Random, engine: Supervised, folder: Path) -> dict[str, Any]:
    """One run: what befell it, how it ended, and whether it should have ended otherwise."""
    kind, manager = KINDS[number % len(KINDS)], MANAGERS[number // len(KINDS) % len(MANAGERS)]
    at, after = chance.randint(1, _MOST_BEGUN), round(chance.uniform(0.0, _LATEST.get(kind, _USUALLY)), 2)
    description, begun = counted(manager, folder / f"manager-{number}"), folder / f"begun-{number}"
    report, output = folder / f"report-{number}", folder / f"run-{number}.txt"
    words = ("--manager", str(description), "--cycles", "2", "--max-operations", "0", "--report", str(report))
    inside = f"unix://{engine.url.partition('/root')[2]}"
    own = {"HOME": str(folder), "DOCKER_HOST": inside, "TMPDIR": "/tmp", "BEGUN": str(begun)}  # noqa: S108 -- sockets need a short path
    clock = RealClock()
    victim = start([*engine.inside, *command("run", "--engine", "docker", *words)], output, **own)
    while victim.poll() is None and _lines(begun) < at:
        clock.sleep(LOOK_EVERY)
    clock.sleep(after)
    undo = make(kind, engine)
    told = ended(victim, output, _HANGS)
    undo()
    engine.wait()
    written = report_of(report)
    return {
        "kind": kind, "manager": manager, "at": at, "after": after, "code": told.code, "seconds": round(told.seconds, 1),
        "reasons": [*written.get("faults", []), *written.get("unexpected", [])], "bugs": len(written.get("bugs", [])),
        "wrong": _wrong(told.code, told.said, written),
    }  # fmt: skip


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _wrong(code: int, said: str, written: dict[str, Any]) -> str:
    """What should have been otherwise; empty if all is well."""
    if written.get("bugs"):
        return f"the manager was accused: {[bug['title'] for bug in written['bugs']]}: {said[-3000:]}"
    if code == 0 and written:
        return ""
    if code != 3 or not written.get("faults"):
        return f"it ended with {code}, for {written.get('faults', 'no report')}: {said[-1500:]}"
    return ""


def sweep(troubles: int, seed: int, tell: Callable[[str], None] = print) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """So many runs; figures, and a row for each."""
    chance, rows = random.Random(seed), []  # noqa: S311 -- which moments are tried
    with (
        tempfile.TemporaryDirectory(prefix="trouble-runs-", ignore_cleanup_errors=True) as place,
        supervised() as engine,
    ):
        for number in range(troubles):
            with closing(DockerEngine({}, engine.url)) as reached:
                build(reached)
            rows.append(troubled(number, chance, engine, Path(place)))
            tell(f"{number + 1}: {rows[-1]}")
    figures = {
        "troubles": troubles,
        "seed": seed,
        "exit code 3": sum(row["code"] == 3 for row in rows),
        "exit code 0": sum(row["code"] == 0 for row in rows),
        "bugs": sum(row["bugs"] for row in rows),
        "wrong": sum(bool(row["wrong"]) for row in rows),
        "commit": _commit(),
    }
    return figures, rows


def _commit() -> str:
    argv = ("git", "-C", str(HERE), "rev-parse", "--short", "HEAD")
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--troubles", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="Keep the results.")
    options = parser.parse_args()
    missing = lacking() + [one for one in ("docker-compose",) if shutil.which(one) is None]
    if missing:
        print(f"expected root, and on PATH {', '.join(PROGRAMS)}, docker-compose; missing: {missing}", file=sys.stderr)
        return 2
    figures, rows = sweep(options.troubles, options.seed, lambda line: print(line, flush=True))
    if options.keep:
        print(keep("troubles", figures, rows))
    table = Table(
        "trouble",
        "runs",
        "exit code 3",
        "exit code 0",
        "bugs told",
        title="Trouble of an engine in a step of a healthy manager",
    )
    for kind in KINDS:
        mine = [row for row in rows if row["kind"] == kind]
        codes = [str(sum(row["code"] == code for row in mine)) for code in (3, 0)]
        table.add_row(kind, str(len(mine)), *codes, str(sum(row["bugs"] for row in mine)))
    Console(highlight=False).print(table)
    print(json.dumps({"benchmark": "troubles", "figures": figures}))
    return 1 if figures["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
