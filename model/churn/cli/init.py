"""`churn init`: the first draft of a manager's description, from a few answers."""

import os
import shlex
import sys
from pathlib import Path

import rich_click as click

from churn.cli.places import folders
from churn.errors import EnvironmentFault, UsageError
from churn.report.files import write
from churn.system.managers.command import read
from churn.system.managers.command.drafting import Draft, explains_commands, keeping, offered, taking
from churn.system.process import run

_HELP_LIMIT = 10.0
"""Seconds that a program may take to print its help."""
_NONE = "-"
_ASKED = {
    "create": "How does it make a service known? (- if the first start does)",
    "start": "How is a service started?",
    "stop": "How is a service stopped?",
    "list": "How does it list its services? (- if it does not)",
}
_OF_SERVICE = ("create", "start", "stop", "status", "remove", "restart")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=Path("manager.toml"))
@click.option("--program", metavar="COMMAND", help="How the manager is called, such as ./mine or 'python3 mine.py'.")
@click.option("--yes", is_flag=True, help="Ask nothing: take what the manager's --help shows.")
def init(file: Path, *, program: str | None, yes: bool) -> None:
    """Write the description of your manager to FILE (by default manager.toml), from a few answers.

    Its --help is run (and that of its commands, if it says that it knows that), and what it shows is offered as answers. Nothing
    else is run. In an answer, {service} stands for the
    name of a service, and {port} for a port.

    Exit codes: 0 it is written, 2 it is not.
    """
    if file.exists():
        raise UsageError(f"{file}: expected a file that is not there yet, but it is; name another, or remove it")
    if program is None and yes:
        raise UsageError("--yes: expected --program beside it, to know whose help to read")
    with folders({"FILE": file.parent}):
        write(file, _drafted(program, yes=yes).text())
    read(file)
    name = shlex.quote(str(file))
    click.echo(f"written: {file}")
    click.echo(f"is it right?   churn manager check {name} --run    (one service, on an emulated engine)")
    click.echo(f"then           churn run --manager {name} --budget 1m    (without --budget: 5 minutes)")


def _drafted(program: str | None, *, yes: bool) -> Draft:
    """A draft from the answers, or without any from what the program's help shows."""
    try:
        called = program or click.prompt("How is your manager called? (such as ./mine, or python3 mine.py)", type=str)
        return _asked(called, yes=yes)
    except click.Abort as aborted:
        if sys.stdin.isatty():  # Ctrl-C
            raise
        raise UsageError(
            "expected an answer to each question, but the input has ended; or say --program and --yes"
        ) from aborted


def _asked(called: str, *, yes: bool) -> Draft:
    """The answers; what the manager's help shows is offered."""
    text = _help(called)
    guesses = {kind: _guess(called, kind, word, text) for kind, word in offered(text).items()}
    commands = dict(guesses)
    for kind, question in _ASKED.items():
        guess = guesses.get(kind, "" if kind in ("start", "stop") else _NONE)
        answer = guess if yes else click.prompt(question, default=guess or None, type=str)
        commands[kind] = "" if answer == _NONE else answer
    for kind in ("start", "stop"):
        if not commands[kind]:
            raise UsageError(f"expected a command to {kind} a service; its --help shows none that is called so")
    variable = keeping(text)
    if not variable and not yes:
        answer = click.prompt("Which environment variable says where it keeps its services? (- if none)", default=_NONE)
        variable = "" if answer == _NONE else answer
    inside = frozenset(word for command in commands.values() for word in shlex.split(command) if Path(word).is_file())
    return Draft(commands, variable, frozenset(word for word in inside if not Path(word).is_absolute()))


def _guess(called: str, kind: str, word: str, text: str) -> str:
    """The command line of an operation, by the program's help, and that of its command where there is one."""
    command = f"{called} {word}"
    own = _help(command) if explains_commands(text) else ""
    return f"{command} {taking(word, text, own)}" if kind in _OF_SERVICE else command


def _help(command: str) -> str:
    """What a command prints with ``--help``; empty where it cannot be run."""
    try:
        finished = run([*shlex.split(command), "--help"], env=dict(os.environ), timeout=_HELP_LIMIT)
    except (EnvironmentFault, ValueError):
        return ""
    return f"{finished.stdout}\n{finished.stderr}"
