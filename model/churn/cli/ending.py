"""How a command ends: its exit code, and one line on what went wrong, whatever it was."""

from collections.abc import Callable

import rich_click as click
from click.exceptions import Exit

from churn.cli.settings import COULD_NOT_RUN, INTERRUPTED
from churn.errors import ChurnError
from churn.visible import visible


def exit_code(command: Callable[[], object]) -> int:
    """Run a command of click's to its end; the exit code. What went wrong is told on stderr, never by a traceback."""
    try:
        told = command()
    except Exit as done:
        return done.exit_code
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except (click.Abort, KeyboardInterrupt):
        _tell("interrupted")
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return COULD_NOT_RUN
    except ChurnError as error:
        _tell(str(error))
        return COULD_NOT_RUN
    except Exception as error:  # noqa: BLE001 -- the last resort: nobody above this would tell it in a line
        _tell(_unforeseen(error))
        return COULD_NOT_RUN
    return told if isinstance(told, int) else 0


def _tell(line: str) -> None:
    click.echo(f"churn: {visible(line)}", err=True)


def _unforeseen(error: Exception) -> str:
    """What happened, and where the details are."""
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename is not None else ""
        happened = f"expected this machine to do what was asked of it, but: {error.strerror or error}{place}"
    else:
        happened = f"a mistake in Churn: {type(error).__name__}: {error}"
    return f"{happened}; {_details(error)}"


def _details(error: Exception) -> str:
    import tempfile  # these are slow to import, and every command comes by here
    import traceback

    text = visible("".join(traceback.format_exception(error)))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="churn-error-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
    except OSError as problem:
        return f"the details could not be kept: {problem.strerror}"
    return f"the details are in {file.name}"
