"""`churn clean`: removes what is ours, and nothing else."""

import os
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from functools import partial

import rich_click as click

from churn.cli.settings import COULD_NOT_RUN
from churn.errors import EngineError, EngineUnreachable, UsageError
from churn.system.engines.docker import DockerEngine
from churn.system.leftovers import Owned, folders, on_engine, processes
from churn.system.managers.aima import LABELS as AIMA_LABELS
from churn.system.managers.reference.manager import SESSION
from churn.system.ownership import OWNER, remove
from churn.system.protocols import Engine
from churn.system.runs import Life, life, process_of
from churn.visible import on_one_line


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--take-over", is_flag=True, help="Also the manager's own containers, which no run of Churn made.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def clean(*, runs: tuple[str, ...], take_over: bool, dry_run: bool) -> None:
    """Remove what runs of Churn that are over left: on the engine, and processes and temporary folders of this machine.

    What a live run owns, and what others own, stays. Where it cannot be told from here whether a run is over (it ran on another
    machine, before a restart of this one, or in a container), what it left is listed, and removed only if you name the RUN.

    Exit codes: 0 all of it was removed, 2 something could not be.
    """
    _expect_over(runs)
    cleaner = _Cleaner(runs, dry_run=dry_run)
    whole = True
    cleaner.clear(processes(runs))  # first: they could make more
    try:
        with closing(DockerEngine(os.environ)) as engine:
            cleaner.clear(on_engine(engine))
            cleaner.clear(processes(cleaner.over))
            if take_over:
                for one, label in _managers_own(engine):
                    cleaner.remove(one, f"carries the manager's label {label}")
    except EngineUnreachable as error:
        whole = False
        _say(f"churn: the engine could not be asked: {error.message}", err=True)
    left = list(folders())
    cleaner.clear(processes({one.run for one in left}))
    cleaner.clear(left)  # last: by a run's folder its processes are known
    _say(f"{cleaner.removed} {'to remove' if dry_run else 'removed'}")
    if cleaner.failed or not whole:
        sys.exit(COULD_NOT_RUN)


def _say(line: str, *, err: bool = False) -> None:
    """Names and labels on an engine are anybody's: what would steer the terminal is spelled out."""
    click.echo(on_one_line(line), err=err)


def _expect_over(runs: Collection[str]) -> None:
    for run in runs:
        if life(run) is Life.ALIVE:
            raise UsageError(
                f"expected runs that are over, got {run}, which is alive in {process_of(run)}; wait for its end, or end it"
            )


class _Cleaner:
    """Removes what runs that are over have left, or that were named, and says so; what it cannot tell it lists."""

    def __init__(self, named: Collection[str], *, dry_run: bool) -> None:
        self.removed = self.failed = 0
        self.over: set[str] = set()
        """The runs of which something was removed, or would be."""
        self._named = named
        self._dry_run = dry_run

    def clear(self, things: Iterable[Owned]) -> None:
        """Each of them as it deserves."""
        for one in things:
            if one.run in self._named or one.life is Life.OVER:
                self.over.add(one.run)
                self.remove(one, f"made by {_maker(one)}, which is over")
            else:
                _say(f"leaving {one.what}: {_why(one)}")

    def remove(self, one: Owned, why: str) -> None:
        """Remove it, unless all is only to be told."""
        _say(f"{'would remove' if self._dry_run else 'removing'} {one.what}: {why}")
        try:
            if not self._dry_run:
                one.remove()
            self.removed += 1
        except (EngineError, OSError) as error:
            self.failed += 1
            _say(f"churn: {one.what} could not be removed: {error}", err=True)


def _maker(one: Owned) -> str:
    return f"job {one.job} in run {one.run}" if one.job else f"run {one.run}"


def _why(one: Owned) -> str:
    if one.life is Life.ALIVE:
        return f"{_maker(one)} is alive in {process_of(one.run)}"
    host = f" on {one.host}" if one.host else ""
    return f"{_maker(one)}{host} may be alive, which cannot be told from here; if it is over: churn clean {one.run}"


def _managers_own(engine: Engine) -> Iterator[tuple[Owned, str]]:
    """Containers that managers which Churn knows have made, without a run, and the label that says so."""
    for row in engine.list():
        label = next((one for one in _MANAGERS if one in row.labels), "")
        if label and OWNER not in row.labels:
            what = f"container {row.name} ({row.state})"
            yield Owned(what, "", "", partial(remove, engine, row)), label


_MANAGERS = (SESSION, *AIMA_LABELS)
"""Labels by which managers mark their containers."""
