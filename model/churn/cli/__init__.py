"""The command `churn`. Each command has a file; the environment is read here and nowhere below."""

import sys
from importlib import import_module

import rich_click as click
from click.exceptions import Exit

from churn import __version__
from churn.cli.settings import COULD_NOT_RUN, INTERRUPTED
from churn.errors import ChurnError

_COMMANDS = (
    "run",
    "explore",
    "replay",
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


@click.group(cls=_OneAtATime, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="churn")
def churn() -> None:
    """Break service managers: start, stop and list services again and again, and see what does not hold."""


def main() -> None:
    """Run the command line; what Churn raises on purpose is one line on stderr and exit code 2."""
    try:
        sys.exit(churn.main(standalone_mode=False) or 0)
    except Exit as done:
        sys.exit(done.exit_code)
    except click.Abort:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(COULD_NOT_RUN)
    except ChurnError as error:
        click.echo(f"churn: {error}", err=True)
        sys.exit(COULD_NOT_RUN)
