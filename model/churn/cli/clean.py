"""`churn clean`: removes what is ours, and nothing else."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import rich_click as click

from churn.cli.settings import state_folder
from churn.system.engines.docker import DockerEngine
from churn.system.managers.aima import LABELS as AIMA_LABELS
from churn.system.managers.reference.manager import SESSION
from churn.system.ownership import OWNER, abandoned, bury, dead_runs, is_dead, remove
from churn.system.protocols import Engine, ListedContainer


@click.command()
@click.option("--take-over", is_flag=True, help="Also the manager's own containers, which no run of Churn made.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def clean(*, take_over: bool, dry_run: bool) -> None:
    """Remove what dead runs of Churn left on the engine. What a live run owns, and what others own, stays."""
    with closing(DockerEngine(os.environ)) as engine:
        removed = _cleaned(engine, take_over=take_over, dry_run=dry_run)
    click.echo(f"{removed} {'to remove' if dry_run else 'removed'}")


def _cleaned(engine: DockerEngine, *, take_over: bool, dry_run: bool) -> int:
    """How many things were removed, or would be."""
    removed = 0
    for row, why in _candidates(engine, take_over=take_over):
        click.echo(f"{'would remove' if dry_run else 'removing'} {row.name} ({row.state}): {why}")
        if not dry_run:
            remove(engine, row)
        removed += 1
    for resource, run in abandoned(engine.resources, _runs()):
        click.echo(f"{'would remove' if dry_run else 'removing'} {resource}: made by run {run}, which is over")
        if not dry_run:
            engine.remove_resource(resource)
        removed += 1
    for run in () if dry_run else dead_runs(_runs()):
        bury(run, _runs())
    return removed


def _runs() -> Path:
    return state_folder() / "runs"


def _candidates(engine: Engine, *, take_over: bool) -> Iterator[tuple[ListedContainer, str]]:
    folder = _runs()
    for row in engine.list():
        if OWNER in row.labels:
            if is_dead(row.labels, folder):
                yield row, f"made by run {row.labels[OWNER]}, which is over"
            else:
                click.echo(f"leaving {row.name} ({row.state}): run {row.labels[OWNER]} may be alive")
        elif take_over and (label := next((one for one in _MANAGERS if one in row.labels), "")):
            yield row, f"carries the manager's label {label}"


_MANAGERS = (SESSION, *AIMA_LABELS)
"""Labels by which managers mark their containers."""
