"""A campaign in jobs, from the command line: by whom they are done, where the campaign is kept, and what is shown meanwhile."""

import os
import shlex
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import rich_click as click
from attrs import define

from churn import __version__
from churn.assembly import Target
from churn.campaign import Plan
from churn.cli.interrupts import Interrupts
from churn.cli.job import in_a_process
from churn.cli.jobs_view import JobsView
from churn.cli.options import Decorator
from churn.errors import ChurnError, UsageError
from churn.farm.campaign import Farming
from churn.farm.dispatch import Dispatch
from churn.farm.folder import Commission, Folder
from churn.farm.head import Charge
from churn.farm.hosts import Host
from churn.farm.hosts.dask import Dask
from churn.farm.hosts.processes import Processes
from churn.farm.job import Sought, Subject, Ways
from churn.farm.store import Store, opened
from churn.farm.worker import done
from churn.keeping import reproducer_of
from churn.report.progress import Ticker
from churn.reproducers.file import Reproducer
from churn.session.trace import Trace
from churn.shrink.bug import Bug
from churn.system.clock import RealClock, today

PANEL = ("--jobs", "--farm", "--ahead", "--resume", "--store")
_AT_ONCE = 0.15
"""Of the budget's seconds: what settling one failure may take where operations are dear."""
STATE = "campaign"
"""The folder in the report's that keeps a campaign."""


def jobs_options(command: Any) -> Any:
    """Give a command the options of a campaign in jobs."""
    options: tuple[Decorator, ...] = (
        click.option("--jobs", type=click.IntRange(1), metavar="N", help="Do it in jobs, by so many processes of this machine."),
        click.option("--farm", "address", metavar="URL", help="Do it in jobs, by the workers of the dask scheduler there."),
        click.option("--ahead", type=click.IntRange(1), default=Charge().ahead, show_default=True,
                     help="Jobs that are begun without each other's results: more workers have nothing to do."),
        click.option("--resume", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
                     help="Go on with the campaign in jobs whose report is there."),
        click.option("--store", "stored", metavar="DIR|URL",
                     help="Failures of earlier campaigns: a folder, or redis://HOST. Known ones are looked for first."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def wanted(options: Mapping[str, Any]) -> bool:
    """Whether a campaign in jobs is asked for."""
    return any(options[name] is not None for name in ("jobs", "address", "resume", "stored"))


@define(kw_only=True)
class InJobs:
    """How a campaign is done in jobs: what it is, where it is kept, by whom it is done, and where failures are shared."""

    commission: Commission
    folder: Folder
    target: Target
    host: Host
    store: Store | None = None

    @classmethod
    def of(
        cls, options: Mapping[str, Any], chosen: Target, plan: Plan, head: Mapping[str, Any], folder: Path
    ) -> "InJobs":
        """What the options ask for; the report goes to `folder`. Raises before anything is run."""
        kept = Folder(folder / STATE)
        store = None if options["stored"] is None else opened(options["stored"])
        if options["resume"] is not None:
            commission = kept.commission()
        else:
            known = () if store is None else tuple(_fitting(store.load(), chosen))
            kept.expect_new()
            commission = _commission(options, chosen, plan, head, known)
        target = commission.subject.target(chosen.environ)
        return cls(commission=commission, folder=kept, target=target, host=_host(options, target), store=store)

    @property
    def head(self) -> dict[str, Any]:
        """What the report says at its top."""
        return {**self.commission.head, "seed": self.commission.subject.seed}


def _commission(
    options: Mapping[str, Any], chosen: Target, plan: Plan, head: Mapping[str, Any], known: tuple[Sought, ...]
) -> Commission:
    settling = None if plan.seconds is None or not plan.thrifty else _AT_ONCE * plan.seconds
    return Commission(
        subject=Subject.of(chosen),
        ways=Ways(services=plan.services, cycles=plan.cycles, faults=plan.faults, thrifty=plan.thrifty, profile=plan.profile,
                  excluded=tuple(sorted(plan.excluded))),
        charge=Charge(operations=plan.operations, ahead=options["ahead"], settling=settling, searching=plan.searching),
        seconds=plan.seconds,
        pairs=plan.pairs,
        known=known,
        head={key: str(value) for key, value in head.items()},
    )  # fmt: skip


def _fitting(kept: list[Reproducer], chosen: Target) -> Iterator[Sought]:
    """Those that this manager can be asked for, each once."""
    manager = Subject.of(chosen).manager
    for one in kept:
        possible = (chosen.engine_faults or not one.disturbs) and (chosen.interrupts or not one.interrupts)
        if possible and one.manager in (manager, chosen.manager):
            yield one.names, one.sequence


def _host(options: Mapping[str, Any], target: Target) -> Host:
    if options["address"] is not None:
        return Dask(in_a_process, options["address"])
    workers = options["jobs"] or 1
    if workers > 1 and target.engine != "emulated":
        raise UsageError(
            f"expected --jobs 1 with a real engine, which does one job at a time, got {workers}; give each engine a worker, and "
            "use --farm: churn guide farm"
        )
    return Processes(partial(done, environ=dict(os.environ)), workers)


def carry_out_in_jobs(asked: InJobs, trace: Trace, ticker: Ticker, stop: Interrupts) -> tuple[Farming, float]:
    """Do the campaign as far as it goes; with the seconds that it took. What ends it before its time is one of its faults."""
    clock = RealClock()
    began, host, view = clock.now(), asked.host, JobsView(ticker)
    asked.folder.begin(asked.commission)
    if host.told:
        ticker.line(host.told, shown=not ticker.quiet)
    farming = Farming(commission=asked.commission, target=asked.target, dispatch=Dispatch(host, clock), folder=asked.folder,
                      trace=trace, watch=view.watch)  # fmt: skip
    farming.told = partial(_told, farming, ticker, asked.store)
    try:
        with stop.heeded(), view.running():
            farming.run()
            stop.clean_up()
    except KeyboardInterrupt:
        place = shlex.quote(str(asked.folder.path.parent))
        ticker.line(f"interrupted; to go on with it: churn run --resume {place}", shown=True)
    except (ChurnError, OSError) as error:
        if not trace.steps:
            raise
        farming.faults.append(str(error))
    finally:
        host.close()
    if asked.store is not None and (lost := asked.store.close()):
        farming.faults.append(lost)
    return farming, clock.now() - began


def _told(farming: Farming, ticker: Ticker, store: Store | None, bug: Bug) -> None:
    """A bug was found: it is told, and shared."""
    ticker.told(bug)
    if store is not None:
        finder = f"churn {__version__}, {today().isoformat(timespec='seconds')}, by {farming.finder}"
        if why := store.add(reproducer_of(bug, farming.target, finder)):
            ticker.line(why, shown=True)
