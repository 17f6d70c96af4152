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

from churn.assembly import Target
from churn.cli.options import engine_option
from churn.cli.trying import tried_out
from churn.lifecycle.contract import Bounds, Contract
from churn.report.console import VisibleConsole
from churn.system.managers.command import About, Description, read
from churn.system.managers.command.description import OPERATIONS, filled
from churn.system.managers.gallery import description_path
from churn.system.process import shown

_SAMPLE = {"service": "a", "port": "8000", "folder": "FOLDER", "id": "ID", "state": "STATE", "run": "RUN", "setting": "SETTING",
           "value": "VALUE"}  # fmt: skip
"""What stands for the placeholders of a dry run."""
_TOLD_ELSEWHERE = ("words", "labels", "name_pattern", "offers", "obedient", "bounds")
"""Fields of the contract that are not shown among its differences from the usual one, but by themselves."""


@click.group()
def manager() -> None:
    """Managers that a TOML file describes: any program that starts, stops and lists services."""


@manager.command()
@click.argument("file", metavar="FILE|NAME")
@click.option(
    "--run",
    "really",
    is_flag=True,
    help="Also have it create, list, start and stop one service, and show how that was read.",
)
@engine_option("emulated", "Where that service runs: on an emulated engine, or on a real Docker.")
def check(file: str, *, really: bool, engine: str) -> None:
    """Show what is understood of a description file, or of one of the gallery. Without --run nothing is run.

    Exit codes: 0 all of it was understood, 1 the manager did not do what is expected of it, 2 something was not understood.
    """
    console = VisibleConsole(highlight=False)
    description = read(description_path(file) or Path(file))
    _show(description, console)
    missing = sorted({call.argv[0] for call in description.calls.values() if _absent(call.argv[0], description)})
    for name in missing:
        console.print(f"[yellow]not there[/]: the program {escape(name)}; a run will need it", soft_wrap=True)
    if really:
        target = Target(manager=file, engine=engine, environ=dict(os.environ))
        sys.exit(tried_out(target, console))


def _absent(program: str, description: Description) -> bool:
    """Whether there is no such program; one whose name depends on the service is not looked for."""
    named = filled(program, {"dir": str(description.folder)})
    return "{" not in named and shutil.which(named) is None


def _show(description: Description, console: Console) -> None:
    console.print(f"{escape(description.name)}, as {escape(str(description.path))} describes it", soft_wrap=True)
    for heading, lines in (
        ("about it", _about(description.about)),
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


def _about(about: About) -> Iterator[str]:
    told = {
        "": (about.summary,),
        "manual: ": (about.manual,),
        "tried with: ": about.versions,
        "cannot say: ": about.cannot,
    }
    yield from (f"{heading}{line}" for heading, lines in told.items() for line in lines if line)


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
