"""The command `churn`. Each command has a file; the environment is read here and nowhere below."""

import sys
from importlib import import_module
from pathlib import Path

import rich_click as click

from churn import __version__
from churn.cli.ending import exit_code
from churn.cli.output import forgiving_output
from churn.errors import UsageError
from churn.nearest import nearest

_COMMANDS = (
    "init",
    "run",
    "explore",
    "replay",
    "report",
    "diff",
    "clean",
    "defects",
    "image",
    "manager",
    "engine",
    "reference",
    "doctor",
    "guide",
    "explain",
    "schema",
)


class _OneAtATime(click.RichGroup):
    """Loads only the command that is asked for: `churn reference` is started for every operation on a real engine."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 -- click's signature
        if name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"churn.cli.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click has it; a mistyped command is refused with what was probably meant."""
        question = nearest(args[0], _COMMANDS)
        if question and args[0] not in _COMMANDS:
            ctx.fail(f"No such command {args[0]!r}; {question}")
        return super().resolve_command(ctx, args)


@click.group(cls=_OneAtATime, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="churn")
def churn() -> None:
    """Break service managers: start, stop and list services again and again, and see what does not hold."""


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
