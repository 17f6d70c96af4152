"""The command `churn`. Each command has a file; the environment is read here and nowhere below."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import rich_click as click

from churn import __version__
from churn.cli.configuration import defaults, found
from churn.cli.ending import exit_code
from churn.cli.options import in_panels
from churn.cli.output import forgiving_output
from churn.errors import UsageError
from churn.nearest import nearest

_COMMANDS = {
    "init": "Write the description of your manager to FILE (by default manager.toml), from a few answers.",
    "run": "Run the cycles, then search for what fails, and report.",
    "explore": "Try every sequence up to a depth, every moment to end the manager at, or every way in which two clients clash.",
    "job": "Do one job of a campaign, as its FILE says, and print the result: JSON in, JSON out, and no other effect.",
    "farm": "A farm on this machine, to try what a campaign over many machines is like.",
    "replay": "Replay reproducers: FIXED, FAILED, CHANGED (fails otherwise) or ENVIRONMENT.",
    "report": "Make the report of a run again, in any format, from its trace alone: the folder of a report, or its trace.jsonl.",
    "diff": "Hold a run against an earlier one: which bugs are new, which are gone, which stay.",
    "clean": "Remove what runs of Churn that are over left: on the engine, and processes and temporary folders of this machine.",
    "defects": "List the known lifecycle bugs that `churn run --defect NAME` plants in the reference manager.",
    "image": "The image of the stand-in server, which takes the place of vLLM and the like.",
    "manager": "Managers that a TOML file describes: any program that starts, stops and lists services.",
    "managers": "List the managers whose descriptions come with Churn: `churn run --manager NAME` tests one.",
    "engine": "An emulated Docker engine: it speaks the Docker Engine API, without Docker, without a GPU, without waiting.",
    "reference": "A small service manager that does it right: the yardstick, and an example of what Churn tests.",
    "doctor": "Look at what a run would meet here: engine, images, ports, leftovers, folders.",
    "guide": "Show the user guide: its topics, or the page of one TOPIC.",
    "explain": "Explain an invariant, operation, contract key, pace, naming, defect or fault by its NAME, or list them.",
    "schema": "Print the JSON Schema of report.json, of a reproducer, of a line of trace.jsonl, or of a job of a campaign.",
}
"""The commands, and the first sentence of what each says of itself, so that a list of them loads none."""
_PROGRAMS = "Programs"
"""What others use, Churn itself too: pyproject.toml says nothing of them."""
_PANELS = {
    "Test": ("init", "run", "explore", "replay", "report", "diff"),
    "On many machines": ("farm", "job"),
    "Know": ("guide", "explain", "defects", "managers", "schema"),
    "Look after": ("doctor", "clean", "manager", "image"),
    _PROGRAMS: ("engine", "reference"),
}
"""How they are grouped in help."""


class _OneAtATime(click.RichGroup):
    """Loads only the command that is asked for: `churn reference` is started for every operation on a real engine."""

    _listing = False

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 -- click's signature
        if name not in _COMMANDS:
            return None
        if self._listing:
            return click.Command(name, help=_COMMANDS[name])
        command: click.Command = getattr(import_module(f"churn.cli.{name}"), name)
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """As click has it, from what is known of the commands without loading them."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click has it; a mistyped command is refused with what was probably meant."""
        question = nearest(args[0], _COMMANDS)
        if question and args[0] not in _COMMANDS:
            ctx.fail(f"No such command {args[0]!r}; {question}")
        return super().resolve_command(ctx, args)


@click.group(cls=_OneAtATime, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "CHURN"})
@in_panels(_PANELS, click.command_panel, "commands")
@click.version_option(__version__, prog_name="churn")
@click.pass_context
def churn(ctx: click.Context) -> None:
    """Break service managers: start, stop and list services again and again, and see what does not hold.

    Each option can also be said by a variable (CHURN_RUN_BUDGET=5m for churn run --budget 5m), or in pyproject.toml under
    [tool.churn]. The command line counts most, then the variable, then the file.
    """
    file = found(Path.cwd())
    if file is not None and ctx.invoked_subcommand is not None and ctx.invoked_subcommand not in _PANELS[_PROGRAMS]:
        ctx.default_map = defaults(file, dict(_whole(ctx, ctx.invoked_subcommand)), _COMMANDS)


def _whole(ctx: click.Context, name: str) -> Iterator[tuple[str, click.Command]]:
    """That command, and those in it, by their whole names."""
    command = churn.get_command(ctx, name)
    if isinstance(command, click.Group):
        yield from ((f"{name} {word}", one) for word, one in command.commands.items())
    if command is not None:
        yield name, command


def line(words: list[str] | None = None) -> int:
    """Run a command line, by default this process's own; its exit code. What goes wrong is one line on stderr."""
    return exit_code(lambda: _run(words))


def _run(words: list[str] | None) -> object:
    try:
        Path.cwd()
    except OSError as error:
        raise UsageError(
            f"expected a working folder that is there, but: {error.strerror}; change to another one, and try again"
        ) from error
    return churn.main(words, standalone_mode=False)


def main() -> None:
    """Run the command line. Nothing that happens ends it with a traceback, or with the exit code of a verdict that is none."""
    forgiving_output()
    sys.exit(line())
