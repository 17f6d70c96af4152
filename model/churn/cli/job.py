"""`churn job`: one job of a campaign, in a process of its own, wherever that is."""

import os
import sys
from concurrent.futures import BrokenExecutor
from pathlib import Path

import rich_click as click

from churn.cli.interrupts import interruptible
from churn.cli.settings import FAILED, INCONCLUSIVE, INTERRUPTED, PASSED
from churn.errors import UsageError
from churn.farm.job import Result, as_text, job_of
from churn.farm.worker import do, whoami
from churn.report.files import write
from churn.system import ownership
from churn.system.parent import end_with
from churn.system.process import run, shown
from churn.system.runs import new_run

_LONGEST = 24 * 3600.0
"""Seconds that one job may take."""
_MOST_BYTES = 1 << 28
"""More than that no job's file has."""


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where the result goes.  [default: it is printed]")  # fmt: skip
@click.option("--parent", type=click.IntRange(1), metavar="PID",
              help="End, with a clean-up, when that process has ended, which has started this one.")  # fmt: skip
def job(file: Path, out: Path | None, parent: int | None) -> None:
    """Do one job of a campaign, as its FILE says, and print the result: JSON in, JSON out, and no other effect.

    On the emulated engine the same file has the same result. Jobs are made by churn run --jobs and --farm, which keep those
    that could not be done; anything that runs programs can do them.

    Exit codes: 0 nothing failed, 1 something did, 2 it could not be done, 3 the environment failed, 130 interrupted after
    clean-up.
    """
    todo = job_of(_text(file), str(file))
    try:
        with interruptible() as stop, stop.heeded():
            if parent is not None:
                end_with(parent)
            result = do(todo, dict(os.environ), whoami())
            stop.clean_up()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    if out is None:
        click.echo(as_text(result), nl=False)
    else:
        write(out, as_text(result))
    sys.exit(_code(result))


def in_a_process(text: str) -> str:
    """The text of the result of the job in that text, done by `churn job` in a process of its own, with this one's variables.

    It ends when this one does, whatever ends that. Raises `BrokenExecutor` where it was killed, `UsageError` where the job cannot
    be done.
    """
    with ownership.folder(new_run()) as folder:
        file, out = folder / "job.json", folder / "result.json"
        file.write_text(text, encoding="utf-8")
        argv = (sys.executable, "-m", "churn", "job", str(file), "--out", str(out), "--parent", str(os.getpid()))
        ended = run(argv, env=dict(os.environ), timeout=_LONGEST)
        if out.exists():
            return out.read_text(encoding="utf-8")
    if ended.cut_off or ended.killed_by:
        raise BrokenExecutor(f"it was ended by {ended.killed_by or f'its time: {_LONGEST:g} s'}")
    raise UsageError(f"expected {shown(argv)} to make a result, but: {ended.stderr.strip()}")


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{file}: expected a job, got a file of {file.stat().st_size} bytes")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{file}: expected a job, but it cannot be read: {why}") from error


def _code(result: Result) -> int:
    if result.faults:
        return INCONCLUSIVE
    return FAILED if result.failures or (result.settled is not None and result.settled.bugs) else PASSED
