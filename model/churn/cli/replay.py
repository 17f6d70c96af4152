"""`churn replay`: reproducers again, against what they were found with or something else."""

import os
import sys
from pathlib import Path
from typing import Any

import rich_click as click
from attrs import evolve
from rich.console import Console
from rich.markup import escape

from churn.assembly import Target, assembled, expect_known
from churn.cli.aima import aima_binary
from churn.cli.interrupts import Interrupts, interruptible
from churn.cli.options import defect_option, engine_option, manager_option
from churn.cli.settings import FAILED, INCONCLUSIVE, INTERRUPTED, PASSED
from churn.errors import ChurnError
from churn.report.console import VisibleConsole
from churn.reproducers.file import Reproducer, load
from churn.reproducers.replay import Replayed, ReplayVerdict, replay as replay_file
from churn.reproducers.shell import as_shell, description_of
from churn.reproducers.trust import trusted
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.verdict import Verdict
from churn.system.clock import RealClock
from churn.system.managers.aima import AimaSettings
from churn.system.managers.gallery import is_file

_STYLES = {
    ReplayVerdict.FIXED: "green",
    ReplayVerdict.FAILED: "red",
    ReplayVerdict.CHANGED: "yellow",
    ReplayVerdict.ENVIRONMENT: "yellow",
}
_SIGNS = {Verdict.PASS: "ok", Verdict.FAIL: "FAILS", Verdict.UNKNOWN: "unknown", Verdict.UNSEEN: "…",
          Verdict.KNOWN: "known"}  # fmt: skip


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@manager_option(words="The manager, where it is not the one that the file was found with.")
@engine_option(None, "The engine, likewise.")
@defect_option("The planted bugs, likewise.")
@click.option("--healthy", is_flag=True, help="Without the planted bugs that it was found with.")
@click.option(
    "--trust", is_flag=True, help="Run the commands of a manager's description that lies outside the file's own folder."
)
@click.option("--as-shell", is_flag=True, help="Replay nothing; print each file as a shell script.")
@aima_binary
def replay(files: tuple[Path, ...], **options: Any) -> None:
    """Replay reproducers: FIXED, FAILED, CHANGED (fails otherwise) or ENVIRONMENT.

    Exit codes: 0 all are fixed, 1 one failed or changed, 2 a file could not be read, 3 one could not be told, 130 interrupted
    after clean-up.
    """
    reproducers = {path: load(path) for path in files}
    targets = {path: _target(path, one, options) for path, one in reproducers.items()}
    if options["as_shell"]:
        click.echo("".join([_shell(one, targets[path]) for path, one in reproducers.items()]), nl=False)
        return
    for target in targets.values():
        expect_known(target)
    console = VisibleConsole(highlight=False)
    with interruptible() as stop:
        verdicts = {
            _replay(path, one, targets[path], console, stop) for path, one in reproducers.items() if not stop.happened
        }
    if stop.happened:
        sys.exit(INTERRUPTED)
    if verdicts & {ReplayVerdict.FAILED, ReplayVerdict.CHANGED}:
        sys.exit(FAILED)
    sys.exit(INCONCLUSIVE if ReplayVerdict.ENVIRONMENT in verdicts else PASSED)


def _target(path: Path, reproducer: Reproducer, options: dict[str, Any]) -> Target:
    """What the file was found with, unless the options say otherwise. Raises `UsageError` where that may not be run."""
    return Target(
        manager=options["manager"] or trusted(reproducer.manager, path, trust=options["trust"]),
        engine=options["engine"] or reproducer.engine,
        seed=reproducer.seed,
        defects=() if options["healthy"] else options["defects"] or reproducer.defects,
        environ=dict(os.environ),
        engine_faults=reproducer.disturbs,
        interrupts=reproducer.interrupts,
        together=reproducer.together,
        aima=AimaSettings.of(reproducer.settings, options["aima_bin"]),
    )


def _replay(path: Path, reproducer: Reproducer, target: Target, console: Console, stop: Interrupts) -> ReplayVerdict:
    if is_file(target.manager):
        console.print(f"runs the commands of {escape(target.manager)}", soft_wrap=True)
    done = _done(target, reproducer, console, stop)
    if done is None:
        return ReplayVerdict.ENVIRONMENT
    console.print(f"[bold]{escape(str(path))}[/]: {escape(str(reproducer.signature))}", soft_wrap=True)
    _show(done, console)
    return done.verdict


def _shell(reproducer: Reproducer, target: Target) -> str:
    """The file as a shell script of that target."""
    found = evolve(reproducer, manager=target.manager, defects=target.defects)
    return as_shell(found, description_of(target.manager))


def _done(target: Target, reproducer: Reproducer, console: Console, stop: Interrupts) -> Replayed | None:
    """The file's operations done again; None where that was interrupted. What fails after that is told."""
    done = None
    try:
        with stop.heeded(), assembled(target) as whole:
            session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
            try:
                done = replay_file(reproducer, session)
            except KeyboardInterrupt:
                console.print("interrupted: cleaning up what this replay has made")
            stop.clean_up()
    except KeyboardInterrupt:
        console.print("interrupted")
    except (ChurnError, OSError) as error:
        if done is None and not stop.happened:
            raise
        console.print(f"environment: {escape(str(error))}", soft_wrap=True)
    return done


def _show(done: Replayed, console: Console) -> None:
    for record in done.records:
        console.print(f"  {_SIGNS[record.verdict]:8} {escape(str(record.step))}")
        for found in record.objections:
            line = f"{found.invariant}: expected {found.expected}; seen: {found.seen}"
            console.print(f"           {escape(line)}", soft_wrap=True)
    for line in done.drift:
        console.print(f"  drift    {escape(line)}")
    reason = f": {done.reason}" if done.reason else ""
    console.print(f"  [{_STYLES[done.verdict]}]{done.verdict.value}[/]{escape(reason)} after {done.runs} run(s)")
