"""`churn manager`: managers that a file describes."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path

import rich_click as click
from attrs import fields
from rich.console import Console
from rich.markup import escape

from churn.cli.settings import COULD_NOT_RUN
from churn.errors import UsageError
from churn.lifecycle.contract import Bounds, Contract
from churn.lifecycle.observation import Listed
from churn.lifecycle.outcome import Ok, Outcome, Rejected, Unknown
from churn.report.console import VisibleConsole
from churn.system import ownership
from churn.system.clock import RealClock
from churn.system.host import RealHost
from churn.system.managers.command import CommandManager, Description, read
from churn.system.managers.command.description import OPERATIONS, filled
from churn.system.process import shown
from churn.system.runs import new_run

_SAMPLE = {"service": "a", "port": "8000", "folder": "FOLDER", "id": "ID", "state": "STATE", "run": "RUN"}
"""What stands for the placeholders of a dry run."""
_TOLD_ELSEWHERE = ("words", "labels", "name_pattern", "offers", "obedient", "bounds")
"""Fields of the contract that are not shown among its differences from the usual one, but by themselves."""


@click.group()
def manager() -> None:
    """Managers that a TOML file describes: any program that starts, stops and lists services."""


@manager.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--run", "really", is_flag=True, help="Also run its list, and show how what it printed was read.")
def check(file: Path, *, really: bool) -> None:
    """Show what is understood of a description file. Without --run nothing is run.

    Exit codes: 0 all of it was understood, 2 something was not.
    """
    console = VisibleConsole(highlight=False)
    description = read(file)
    _show(description, console)
    missing = sorted({call.argv[0] for call in description.calls.values() if _absent(call.argv[0], description)})
    for name in missing:
        console.print(f"[yellow]not there[/]: the program {escape(name)}; a run will need it", soft_wrap=True)
    if really and not _understood(_listed(description), console):
        sys.exit(COULD_NOT_RUN)


def _absent(program: str, description: Description) -> bool:
    """Whether there is no such program; one whose name depends on the service is not looked for."""
    named = filled(program, {"dir": str(description.folder)})
    return "{" not in named and shutil.which(named) is None


def _show(description: Description, console: Console) -> None:
    console.print(f"{escape(description.name)}, as {escape(str(description.path))} describes it", soft_wrap=True)
    for heading, lines in (
        ("for a service called a", _calls(description)),
        ("environment", [f"{name}={value}" for name, value in description.variables(_values(description)).items()]),
        ("statuses", _statuses(description.contract)),
        ("its containers", _containers(description)),
        ("contract, where it is not the usual one", _differences(description.contract)),
        ("to be known", _notes(description)),
    ):
        _list(console, heading, lines)


def _list(console: Console, heading: str, lines: Iterable[str]) -> None:
    found = list(lines)
    if found:
        console.print(f"\n[bold]{heading}[/]")
        for line in found:
            console.print(f"  {escape(line)}", soft_wrap=True)


# -- what was understood ----------------------------------------------------------------------------------------------


def _values(description: Description) -> dict[str, str]:
    return {**_SAMPLE, "dir": str(description.folder)}


def _calls(description: Description) -> Iterator[str]:
    for kind in OPERATIONS:
        call = description.calls.get(kind)
        if call is not None:
            yield f"{kind}: {shown(call.filled(_values(description)))} (at most {call.timeout:g} s)"
        else:
            yield f"{kind}: {_LACKING.get(kind, _NOT_OFFERED)}"


_LACKING = {
    "create": "not offered: the first start makes a service",
    "list": "not offered: what it says of its services is not held against anything",
    "reset": "not needed: each sequence has a new STATE",
}
"""What a missing operation comes to, where that is more than that it is not offered."""
_NOT_OFFERED = "not offered"


def _statuses(contract: Contract) -> Iterator[str]:
    for status in dict.fromkeys(meant for word in contract.words for meant in contract.meanings(word)):
        words = ", ".join(word for word in contract.words if status in contract.meanings(word))
        yield f"{status.value}: {words}"


def _containers(description: Description) -> Iterator[str]:
    contract = description.contract
    templates = (f"{key}={value}" if value else key for key, value in contract.labels.items())
    labels = filled(", ".join(templates), _values(description))
    yield f"labels that mark them: {labels or 'those that CHURN_LABELS tells'}"
    if contract.name_pattern:
        yield f"names that mark them: {contract.name_pattern}"
    ways = [f"the label {description.service_label}"] if description.service_label else []
    ways += ["the group service of their names"] if description.service_pattern is not None else []
    yield f"whose one is, is told by {' or '.join(ways) or 'its port alone'}"


def _differences(contract: Contract) -> Iterator[str]:
    for part, usual, prefix in ((contract, Contract(), ""), (contract.bounds, Bounds(), "bounds.")):
        for field in fields(type(part)):
            value, default = getattr(part, field.name), getattr(usual, field.name)
            if value != default and field.name not in _TOLD_ELSEWHERE:
                yield f"{prefix}{field.name}: {_word(value)} (usual: {_word(default)})"


def _word(value: object) -> str:
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, (tuple, frozenset)):
        return ", ".join(sorted(map(str, value))) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _notes(description: Description) -> Iterator[str]:
    if not description.contract.obedient:
        yield "no command uses {folder}: servers cannot be told to misbehave, so set-behaviour and crash change nothing"
    if description.alone:
        yield "only one run at a time may have it on this machine: a second one waits, then gives up"
    if description.forgets_idle:
        yield "a service that it does not list is taken not to run"
    yield "FOLDER, STATE, RUN" + (" and ID" if description.identity is not None else "") + " stand for what a run has"


# -- what its list really tells ---------------------------------------------------------------------------------------


def _listed(description: Description) -> Outcome:
    """How its list ended, really run."""
    if "list" not in description.calls:
        raise UsageError(
            f"{description.path}: list: expected a table with an argv to run, got nothing; leave out --run"
        )
    clock, run = RealClock(), new_run()
    with ownership.folder(run) as folder:
        free_port = RealHost(folders=folder, clock=clock).free_port_of
        labels = ownership.labels(run)
        driven = CommandManager(description, run, labels, dict(os.environ), clock, free_port, folder)
        return driven.list()


def _understood(outcome: Outcome, console: Console) -> bool:
    """Show how the list ended. Whether all that it told was understood."""
    listed = outcome.listed or () if isinstance(outcome, Ok) else ()
    output = outcome.evidence.output.splitlines() or ["(no output)"]
    _list(console, "its list", (f"$ {outcome.evidence.command}", *output))
    _list(console, "was read as", (_ending(outcome, len(listed)), *map(_entry, listed)))
    return isinstance(outcome, Ok) and all(entry.status is not None for entry in listed)


def _ending(outcome: Outcome, count: int) -> str:
    if isinstance(outcome, (Rejected, Unknown)):
        return f"{'refused' if isinstance(outcome, Rejected) else 'not known how it ended'}: {outcome.reason}"
    return f"{count} service{'' if count == 1 else 's'}, after {outcome.took:.2f} s"


def _entry(entry: Listed) -> str:
    meaning = " or ".join(one.value for one in entry.meanings) or "a word that the file does not give a meaning"
    return f"service {entry.service}: {entry.word!r} ({meaning}), port {entry.port or 'not told'}"
