"""The shell scripts of the kept reproducers on a real Docker: each against its planted bug, and against the healthy manager.

*shown*: the script ends with REPRODUCED against the bug, and with NOT REPRODUCED against the healthy one. Reproducers that no
shell script can show (an engine that fails, a manager that is ended midway) are counted, and not run. Where AIMA_BIN names AIMA's
program, those of AIMA's bugs are run, too; no AIMA is known that is without them.

.ci/dockerd python tests/robustness/scripts.py [--jobs N] [--keep] [NAME …]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

from attrs import evolve
from watching import keep

from churn.assembly import OTHER
from churn.errors import UsageError
from churn.reproducers.file import Reproducer, load
from churn.reproducers.shell import as_shell
from churn.system.engines.docker import DockerEngine
from churn.system.managers.aima import AimaSettings
from churn.system.standin.image import ready, standing_in

KEPT = Path(__file__).parents[2] / "reproducers" / "defects"
OF_AIMA = KEPT.with_name("aima")
REPRODUCED, NOT_REPRODUCED = 1, 0
"""The exit codes of a script."""
TRIES = 5
"""How often a script may try, until the bug shows: some go by the ports that the system gives."""
MOST_SECONDS = 900
"""Real seconds that a script may take."""


def ran(script: str, tries: int = 1) -> dict[str, Any]:
    """What became of a script: its exit code, its last lines, its seconds. It may try so often until the bug shows."""
    with tempfile.TemporaryDirectory() as folder:
        file, began = Path(folder) / "bug.sh", time.monotonic()
        file.write_text(script, encoding="utf-8")
        try:
            done = subprocess.run(
                ["sh", file, str(tries)], capture_output=True, text=True, timeout=MOST_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return {"code": None, "said": f"not over after {MOST_SECONDS} s", "seconds": MOST_SECONDS}
    return {
        "code": done.returncode,
        "said": "\n".join((done.stdout + done.stderr).splitlines()[-12:]),
        "seconds": round(time.monotonic() - began, 1),
    }


def shown(name: str, reproducer: Reproducer) -> dict[str, Any]:
    """A row: what its script came to against the bug, and against the healthy manager."""
    try:
        scripts = as_shell(reproducer), as_shell(evolve(reproducer, defects=()))
    except UsageError as error:
        return {"name": name, "shown": None, "why": str(error)}
    bug, healthy = ran(scripts[0], TRIES), ran(scripts[1])
    good = bug["code"] == REPRODUCED and healthy["code"] == NOT_REPRODUCED
    return {"name": name, "shown": good, "bug": bug, "healthy": healthy}


def shown_by_aima(name: str, reproducer: Reproducer) -> dict[str, Any]:
    """A row: what the script of a bug of AIMA's came to."""
    bug = ran(as_shell(reproducer), TRIES)
    return {"name": name, "shown": bug["code"] == REPRODUCED, "bug": bug}


def chosen_in(folder: Path, names: list[str]) -> dict[str, Reproducer]:
    """The reproducers there whose names begin so; all of them where no name is given."""
    found = {path.stem: load(path) for path in sorted(folder.glob("*.json"))}
    return {name: one for name, one in found.items() if not names or any(name.startswith(part) for part in names)}


def rows(names: list[str], jobs: int) -> Iterator[dict[str, Any]]:
    """A row for each of the reproducers; what looks at all of the engine runs alone, at the end."""
    chosen = chosen_in(KEPT, names)
    alone = {name for name, one in chosen.items() if one.signature.invariant == "no-leaks"}
    with ThreadPoolExecutor(jobs) as pool:
        beside = [name for name in chosen if name not in alone]
        yield from pool.map(shown, beside, [chosen[name] for name in beside])
    yield from (shown(name, chosen[name]) for name in sorted(alone))


def rows_of_aima(names: list[str], engine: DockerEngine) -> Iterator[dict[str, Any]]:
    """A row for each of the reproducers of AIMA's bugs, one after the other: all of it uses the same ports."""
    for name, one in chosen_in(OF_AIMA, names).items():
        with standing_in(engine, AimaSettings.of(one.settings).images):
            yield shown_by_aima(f"aima--{name}", one)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="Keep the results.")
    options = parser.parse_args()
    told = []
    engine = DockerEngine(os.environ)
    ready(engine, (OTHER,))
    of_aima = rows_of_aima(options.names, engine) if os.environ.get("AIMA_BIN") else ()
    for row in chain(rows(options.names, options.jobs), of_aima):
        told.append(row)
        print({None: "-", True: "ok", False: "WRONG"}[row["shown"]], row["name"], flush=True)
        for who in row.keys() & {"bug", "healthy"} if row["shown"] is False else ():
            print(
                f"  {who}: {row[who]['code']} after {row[who]['seconds']} s\n    "
                + row[who]["said"].replace("\n", "\n    ")
            )
    figures = {
        "scripts": sum(row["shown"] is not None for row in told),
        "shown": sum(row["shown"] is True for row in told),
        "not for a shell": sum(row["shown"] is None for row in told),
    }
    print(figures)
    if options.keep:
        print(keep("scripts", figures, told))
    return 0 if figures["shown"] == figures["scripts"] else 1


if __name__ == "__main__":
    sys.exit(main())
