"""`churn farm`: workers on this machine, to try what a campaign over many machines is like."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import rich_click as click

from churn.cli.interrupts import interruptible
from churn.farm.hosts.dask import ENGINE, module
from churn.report.console import VisibleConsole
from churn.system.clock import RealClock

PORT = 8786
_LOOK_EVERY = 1.0


@click.group()
def farm() -> None:
    """A farm on this machine, to try what a campaign over many machines is like."""


@farm.command()
@click.option(
    "--workers", type=click.IntRange(1), default=2, show_default=True, help="Workers; each does one job at a time."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="The scheduler's; 0: any free one."
)
def up(workers: int, port: int) -> None:
    """Start a dask scheduler and workers on this machine, until Ctrl-C.

    All workers use the engine that DOCKER_HOST names, so on a real one have one worker. On other machines start workers by hand:
    see churn guide farm.
    """
    console, clock = VisibleConsole(highlight=False), RealClock()
    with suppress(KeyboardInterrupt), interruptible() as stop, stop.heeded(), cluster(workers, port) as made:
        console.print(f"a farm of {workers} worker(s): churn run --farm {made.scheduler_address}", soft_wrap=True)
        while True:
            clock.sleep(_LOOK_EVERY)


@contextmanager
def cluster(workers: int, port: int = 0) -> Iterator[Any]:
    """A scheduler and workers of this machine; the workers are processes. Raises `UsageError` where dask is not installed."""
    distributed = module()
    with distributed.LocalCluster(n_workers=workers, threads_per_worker=1, scheduler_port=port, resources={ENGINE: 1},
                                  dashboard_address=None, silence_logs="ERROR") as made:  # fmt: skip
        yield made
