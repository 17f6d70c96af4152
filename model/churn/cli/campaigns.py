"""A campaign from its first step to its report: whatever ends it, what is known by then is told, and kept where it can be."""

import contextlib
import gc
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from attrs import evolve
from rich.console import Console
from rich.markup import escape

from churn.assembly import Target, assembled
from churn.campaign import Campaign, Plan
from churn.cli.interrupts import Interrupts
from churn.cli.keeping import keep
from churn.cli.settings import INTERRUPTED
from churn.cli.telling import Outlet, announce, save_all
from churn.errors import ChurnError, EngineError, UsageError
from churn.farm.campaign import Farming
from churn.report.comparing import accepting
from churn.report.data import as_data
from churn.report.files import write
from churn.report.progress import Ticker
from churn.report.summary import summarise
from churn.report.terminal import show
from churn.report.values import Kept, Summary
from churn.session.trace import Trace
from churn.system.clock import RealClock
from churn.system.protocols import Engine

_CRASH = "crash.txt"
_COLLECTING = (10_000, 10, 10)
"""When Python looks for garbage that refers to itself. A run makes hardly any and keeps much, which it would go through often."""


def carry_out(
    chosen: Target, plan: Plan, trace: Trace, ticker: Ticker, folder: Path, stop: Interrupts
) -> tuple[Campaign, float]:
    """Run a campaign as far as it goes, and clean up; with the seconds that it took.

    What ends it before its time is one of its faults. Before the first step nothing is known yet, and that is raised. An
    interrupt by then ends the program.
    """
    clock, console = RealClock(), ticker.console
    began = clock.now()
    gc.set_threshold(*_COLLECTING)
    trace.watch = ticker.step
    made: list[Campaign] = []
    try:
        with stop.heeded(), assembled(chosen) as whole, ticker.running():
            campaign = Campaign(assembled=whole, plan=plan, trace=trace, announce=ticker.announce, told=ticker.told)
            made.append(campaign)
            ticker.follow(campaign.session.budget, campaign.coverage, plan.operations, plan.seconds)
            trace.head["engine_version"] = _version(whole.system.engine) if chosen.engine == "docker" else ""
            _run(campaign, console, folder)
            stop.clean_up()
    except KeyboardInterrupt:  # before there was a campaign
        pass
    except UsageError:  # the manager's description does not fit the manager
        raise
    except (ChurnError, OSError) as error:
        if not (stop.happened or (made and trace.steps)):
            raise
        for campaign in made:
            campaign.faults.append(str(error))
    if not made:
        console.print("interrupted during the set-up: no step was done, so there is no report")
        sys.exit(INTERRUPTED)
    return made[0], clock.now() - began


def _version(engine: Engine) -> str:
    """The version of a real engine; empty where it cannot be asked."""
    from churn.system.engines.docker import DockerEngine  # only where it is used: it is slow to import

    try:
        return engine.version() if isinstance(engine, DockerEngine) else ""
    except EngineError:
        return ""


def _run(campaign: Campaign, console: Console, folder: Path) -> None:
    """Run it until it ends or is interrupted. A crash of Churn's own costs the rest, but not what is known by then."""
    try:
        campaign.run()
    except KeyboardInterrupt:
        console.print("interrupted: cleaning up what this run has made")
    except (ChurnError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 -- a mistake of Churn's own, whatever it is
        details = folder / _CRASH
        with contextlib.suppress(OSError):
            write(details, traceback.format_exc())
        campaign.faults.append(f"Churn itself failed: {type(error).__name__}: {error}; the details are in {details}")


def tell(
    campaign: Campaign | Farming, seconds: float, chosen: Target, console: Console, outlet: Outlet, *, stop: Interrupts
) -> int:
    """Save and show what a campaign came to; the exit code. What cannot be saved is shown, and told as a fault."""
    trace = campaign.trace
    campaign.coverage.count(trace)
    faults = [trace.lost] if trace.lost else []
    kept = keep(campaign, chosen, outlet.reproducers, faults)
    for line in (line for one in kept if one is not None and not outlet.quiet for line in _again(one)):
        console.print(escape(line), soft_wrap=True)
    account = evolve(campaign.account(seconds), interrupted=stop.happened, kept=kept)

    def summed_up(*faults: str) -> Summary:
        return accepting(summarise(trace, evolve(account, faults=(*account.faults, *faults))), outlet.baseline)

    summary = summed_up(*faults)
    lacking = _unsaved(summary, outlet)
    if lacking:
        summary = summed_up(*faults, lacking)
    trace.report(as_data(summary))
    show(summary, console, None if lacking else outlet.folder, quiet=outlet.quiet)
    announce(summary, outlet.formats, chosen.environ)
    return INTERRUPTED if stop.happened else summary.exit_code


def _again(kept: Kept) -> Iterator[str]:
    """How to run a bug again."""
    yield f"Reproducer: {kept.replay}"
    if kept.script:
        yield f"Without Churn: sh {kept.script}"


def _unsaved(summary: Summary, outlet: Outlet) -> str:
    """Why the report could not be saved; empty if it was."""
    try:
        save_all(summary, outlet.folder, outlet.formats)
    except OSError as error:
        return f"the report could not be written to {outlet.folder}: {error.strerror}"
    return ""
