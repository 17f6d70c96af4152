"""`churn run`: the whole campaign against one system, and its report."""

import os
import platform
import shlex
import sys
from pathlib import Path
from typing import Any

import rich_click as click
from attrs import evolve

from churn import __version__
from churn.assembly import Target, expect_known
from churn.campaign import Campaign, Plan
from churn.cli.aima import aima_options, settings_of, words_of
from churn.cli.campaigns import carry_out, tell
from churn.cli.interrupts import interruptible
from churn.cli.jobs import PANEL, InJobs, carry_out_in_jobs, jobs_options, wanted
from churn.cli.keeping import link
from churn.cli.options import (
    baseline_option,
    defect_option,
    engine_option,
    exclude_option,
    format_option,
    in_panels,
    manager_option,
    reproducers_option,
    services_option,
)
from churn.cli.places import folders, logged
from churn.cli.plan import show_plan
from churn.cli.settings import Duration
from churn.cli.telling import Outlet
from churn.explore.profiles import PROFILES
from churn.farm.campaign import Farming
from churn.report.console import VisibleConsole
from churn.report.data import read_report
from churn.report.progress import Ticker
from churn.session.trace import written
from churn.system.clock import today

OPERATIONS = 28_000
"""The default budget on an emulated engine: two tours, some hundred random sequences, shrinking; in a few seconds."""
_PAIRS = 20
_SECONDS = 300.0
"""The default budget on a real engine, beyond the five cycles."""
_PANELS = {
    "What is tested": ("--manager", "--engine", "--defect", "--speed"),
    "How much": (
        "--budget",
        "--max-operations",
        "--services",
        "--cycles",
        "--seed",
        "--only",
        "--tour",
        "--pairs",
        "--plan",
    ),
    "What goes wrong on purpose": ("--faults", "--engine-faults", "--interrupts", "--together"),
    "What is told, and where": (
        "--report",
        "--reproducers",
        "--format",
        "--baseline",
        "--exclude",
        "--verbose",
        "--quiet",
        "--log",
    ),
    "On many machines": PANEL,
    "AIMA": ("--aima-bin", "--model-type", "--start-timeout", "--async", "--image"),
}


@click.command()
@in_panels(_PANELS)
@manager_option("reference")
@engine_option()
@services_option("Services in the tour.")
@click.option("--cycles", type=click.IntRange(1), default=5, show_default=True, help="Starts and stops in a row.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same sequences.")
@click.option("--budget", type=Duration(), help="Time for what comes after the cycles, such as 90s or 5m.")
@click.option("--max-operations", type=click.IntRange(0), help="Operations for what comes after the cycles.")
@click.option("--faults/--no-faults", default=None, help="Whether servers are made to misbehave.")
@click.option("--engine-faults", is_flag=True, help="Let the engine fail the manager, too: lost replies, restarts, …")
@click.option("--interrupts/--no-interrupts", default=None,
              help="Whether the manager is ended midway, too.  [default: on an emulated engine]")  # fmt: skip
@click.option("--together", is_flag=True, help="Let two clients ask the manager at once, too.")
@reproducers_option("Where failures are kept; by default beside the report.")
@click.option(
    "--pairs",
    is_flag=True,
    help="Tour all pairs of consecutive transitions. Without a limit of yours, twenty times the usual operations are done.",
)
@click.option(
    "--tour", is_flag=True, help="Cover the whole model, whatever that takes, instead of what is worth its seconds."
)
@click.option(
    "--only",
    type=click.Choice(["cycles"]),
    help="Do only the cycles, and make small what fails in them. Without it, the search comes after them.",
)
@click.option(
    "--plan", "planned", is_flag=True, help="Only print what would be done in the budget; no system is needed."
)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 20),
    default=Target().speed,
    show_default=True,
    help="How fast the emulated engine's time runs for a program that is tested on it.",
)
@defect_option()
@click.option(
    "--report", "folder", type=click.Path(path_type=Path), help="Where the report goes.  [default: churn-report]"
)
@click.option("--verbose", "-v", is_flag=True, help="Also print each step, and what came of it.")
@click.option("--quiet", "-q", is_flag=True, help="Print only bugs, and the verdict.")
@click.option(
    "--log", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Also write each step to that file."
)
@format_option()
@baseline_option()
@exclude_option()
@jobs_options
@aima_options
def run(**options: Any) -> None:
    """Run the cycles, then search for what fails, and report.

    Where operations take their time, the search does what is worth most for its seconds. Where they take none (the reference
    manager on the emulated engine), or with --tour, it tours the whole model and explores at random.

    Exit codes: 0 passed, or failed by bugs alone that --baseline has, 1 a criterion failed, 2 could not run, 3 inconclusive,
    130 interrupted after clean-up.
    """
    console = VisibleConsole(highlight=False)
    chosen = _target(options)
    expect_known(chosen)
    plan = _plan(chosen, options)
    if options["planned"]:
        show_plan(chosen, plan, options["budget"] or _SECONDS, console)
        return
    baseline = read_report(options["baseline"]) if options["baseline"] is not None else None
    folder = options["resume"] or options["folder"] or Path("churn-report") / today().strftime("%Y%m%d-%H%M%S")
    reproducers = options["reproducers"] or folder / "reproducers"
    outlet = Outlet(folder=folder, reproducers=reproducers, formats=options["formats"], baseline=baseline,
                    quiet=options["quiet"])  # fmt: skip
    head = _head(chosen, options)
    asked = InJobs.of(options, chosen, plan, head, folder) if wanted(options) else None
    chosen, head = (chosen, head) if asked is None else (asked.target, asked.head)
    with (
        interruptible() as stop,
        logged(options["log"]) as log,
        folders({"--report": folder, "--reproducers": reproducers}),
        written(folder / "trace.jsonl", head) as trace,
    ):
        ticker = Ticker(console=console, quiet=options["quiet"], verbose=options["verbose"], log=log)
        campaign: Campaign | Farming
        if asked is None:
            campaign, seconds = carry_out(chosen, plan, trace, ticker, folder, stop)
        else:
            campaign, seconds = carry_out_in_jobs(asked, trace, ticker, stop)
        code = tell(campaign, seconds, chosen, console, outlet, stop=stop)
    if options["folder"] is None and options["resume"] is None:
        link(folder)
    sys.exit(code)


def _target(options: dict[str, Any]) -> Target:
    if options["together"] and wanted(options):
        raise click.UsageError("expected --together without --jobs, --farm, --resume and --store: jobs have one client")
    target = Target(
        manager=options["manager"],
        engine=options["engine"],
        seed=options["seed"],
        defects=options["defects"],
        environ=dict(os.environ),
        interrupts=options["engine"] == "emulated" if options["interrupts"] is None else options["interrupts"],
        speed=options["speed"],
        aima=settings_of(options),
    )
    target = evolve(target, engine_faults=True) if options["engine_faults"] else target
    return evolve(target, together=True) if options["together"] else target


def _plan(chosen: Target, options: dict[str, Any]) -> Plan:
    emulated = chosen.virtual
    limited = options["max_operations"] is not None or options["budget"] is not None
    shared = chosen.engine == "docker" and not chosen.environ.get("DOCKER_HOST", "unix:").startswith("unix:")
    return Plan(
        services=options["services"],
        cycles=options["cycles"],
        seed=options["seed"],
        operations=options["max_operations"] if limited or not emulated else _operations(pairs=options["pairs"]),
        seconds=options["budget"] if limited or emulated else _SECONDS,
        faults=options["faults"] if options["faults"] is not None else not shared,
        pairs=options["pairs"],
        searching=options["only"] is None,
        excluded=frozenset(options["excluded"]),
        profile=PROFILES["explore" if emulated else "real"],
        thrifty=not (emulated or options["tour"] or options["pairs"]),
    )


def _operations(*, pairs: bool) -> int:
    return OPERATIONS * (_PAIRS if pairs else 1)


def _head(chosen: Target, options: dict[str, Any]) -> dict[str, Any]:
    words = ["churn", "run", "--manager", chosen.manager, "--engine", chosen.engine, "--seed", str(chosen.seed)]
    words += ["--services", str(options["services"]), "--cycles", str(options["cycles"])]
    if options["budget"] is not None:
        words += ["--budget", f"{options['budget']:g}s"]
    if options["max_operations"] is not None:
        words += ["--max-operations", str(options["max_operations"])]
    words += [word for name in chosen.defects for word in ("--defect", name)]
    words += [word for name in options["excluded"] for word in ("--exclude", name)]
    words += ["--baseline", str(options["baseline"])] if options["baseline"] is not None else []
    words += [f"--{name.replace('_', '-')}" for name in ("pairs", "tour", "engine_faults", "together") if options[name]]
    words += ["--only", options["only"]] if options["only"] else []
    words += words_of(options) if chosen.manager == "aima" else []
    for name in ("interrupts", "faults"):
        if options[name] is not None:
            words.append(f"--{name}" if options[name] else f"--no-{name}")
    return {
        "version": __version__,
        "python": platform.python_version(),
        "machine": platform.platform(terse=True),
        "manager": chosen.manager,
        "engine": chosen.engine,
        "seed": chosen.seed,
        "when": today().isoformat(timespec="seconds"),
        "command": shlex.join(words),
    }
