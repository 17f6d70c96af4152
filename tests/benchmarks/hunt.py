"""Runs `churn run` against each manager of the gallery that is here, and keeps a table of what it told.

A manager is here if the probe in its description succeeds. What each bug is, somebody has to judge by hand: run its script, and
write `true` (not what the manual says, or what a user expects), `documented` or `false` in the kept file, as its `judged`. A
bug that is found again keeps what was judged of it.

python tests/benchmarks/hunt.py [--budget 10m] [--engine docker] [--keep FILE] [--reports DIR] [NAME …]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from measure import keep
from rich.console import Console
from rich.table import Table

from churn.system.engines.docker import DockerEngine
from churn.system.managers.gallery import gallery
from churn.system.managers.gallery.probing import lacking

SECONDS_A_MINUTE = 60
UNJUDGED = ""
Row = Mapping[str, Any]


def told_engine(engine: str) -> str:
    """The engine, with its version where it is a real one."""
    if engine != "docker":
        return engine
    with closing(DockerEngine(os.environ)) as real:
        about = real.about()
    return f"{about.kind} {about.version}"


def hunted(name: str, engine: str, budget: str, folder: Path) -> Row:
    """What a run against that manager came to; its report is in a folder of the manager's name. `judged` is left open."""
    report = folder / name
    words = ("run", "--manager", name, "--engine", engine, "--budget", budget, "--report", str(report), "--quiet")
    done = subprocess.run(
        [sys.executable, "-m", "churn", *words], capture_output=True, text=True, check=False, env=os.environ
    )
    if not (report / "report.json").exists():
        return {"manager": name, "exit": done.returncode, "told": done.stderr.strip()[-300:], "bugs": []}
    told = json.loads((report / "report.json").read_text(encoding="utf-8"))
    return {
        "manager": name,
        "engine": told_engine(engine),
        "budget": budget,
        "exit": done.returncode,
        "mark": told["mark"],
        "minutes": round(told["times"]["total"] / SECONDS_A_MINUTE, 1),
        "steps": sum(told["parts"].values()),
        "coverage": f"{told['covered']} of {told['coverable']}",
        "faults": told["faults"],
        "unexpected": told["unexpected"],
        "bugs": [_bug(bug) for bug in told["bugs"]],
    }


def _bug(bug: Row) -> Row:
    return {
        "invariant": bug["invariant"],
        "scenario": bug["scenario"],
        "expected": bug["expected"],
        "actual": bug["actual"],
        "judged": UNJUDGED,
    }


def with_judgements(row: Row, kept: Path | None) -> Row:
    """The row, with what an earlier run's file says of the same bugs: same manager, invariant and steps."""
    if kept is None or not kept.exists():
        return row
    former = {_key(one["manager"], bug): bug["judged"]
              for one in json.loads(kept.read_text(encoding="utf-8"))["rows"] for bug in one["bugs"]}  # fmt: skip
    bugs = [{**bug, "judged": former.get(_key(row["manager"], bug), UNJUDGED)} for bug in row["bugs"]]
    return {**row, "bugs": bugs}


def _key(manager: str, bug: Row) -> tuple[str, ...]:
    return manager, bug["invariant"], *bug["scenario"]


def table(rows: list[Row]) -> Table:
    """A line for each manager."""
    shown = Table("manager", "verdict", "bugs", "steps", "coverage", "minutes")
    for row in rows:
        shown.add_row(row["manager"], row.get("mark", row.get("told", "")), "\n".join(map(_told, row["bugs"])) or "none",
                      str(row.get("steps", "")), row.get("coverage", ""), str(row.get("minutes", "")))  # fmt: skip
    return shown


def _told(bug: Row) -> str:
    return f"{bug['invariant']} ({bug['judged'] or 'not judged'}): {'; '.join(bug['scenario'])}"


def _chosen(names: list[str]) -> Iterator[str]:
    for name in names:
        reason = lacking(name, os.environ)
        if reason:
            print(f"skipped: {reason}")
        else:
            yield name


def main() -> None:
    """Run all that are here, print the table, keep the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="[all of the gallery]")
    parser.add_argument("--budget", default="10m", help="of each manager, beyond the five cycles [10m]")
    parser.add_argument("--engine", default="docker", help="[docker]")
    parser.add_argument("--reports", type=Path, help="the folder for their reports, with the scripts of the bugs")
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="write all rows to this file, with what it has judged"
    )
    options = parser.parse_args()
    unknown = set(options.names) - gallery().keys()
    if unknown:
        parser.error(f"expected names of the gallery, got {', '.join(sorted(unknown))}; see: churn managers")
    folder = options.reports or Path(tempfile.mkdtemp(prefix="churn-hunt-"))
    rows: list[Row] = []
    for name in _chosen(options.names or list(gallery())):
        rows.append(with_judgements(hunted(name, options.engine, options.budget, folder), options.keep))
        print(f"{name}: exit code {rows[-1]['exit']}, {len(rows[-1]['bugs'])} told", flush=True)
    Console(highlight=False).print(table(rows))
    print(f"reports: {folder}")
    if options.keep:
        keep(options.keep, "hunt", [*_others(options.keep, rows), *rows])


def _others(kept: Path, rows: list[Row]) -> list[Row]:
    """What the file has of managers that were not run now."""
    if not kept.exists():
        return []
    done = {row["manager"] for row in rows}
    return [row for row in json.loads(kept.read_text(encoding="utf-8"))["rows"] if row["manager"] not in done]


if __name__ == "__main__":
    main()
