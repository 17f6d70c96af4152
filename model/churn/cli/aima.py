"""The options that say how AIMA is run, for the commands that run it."""

from collections.abc import Callable
from typing import Any

import rich_click as click

from churn.system.managers.aima import KINDS, AimaSettings

aima_binary = click.option(
    "--aima-bin", default="", metavar="PATH", help="AIMA's program.  [default: AIMA_BIN, else aima on PATH]"
)
"""Which program AIMA is."""

_OPTIONS = (
    aima_binary,
    click.option(
        "--model-type", type=click.Choice(list(KINDS)), default="tts", show_default=True, help="AIMA's models."
    ),
    click.option(
        "--start-timeout",
        type=click.IntRange(1),
        help="Seconds that AIMA gives a model to load.  [default: 30 for Churn's stand-in, 600 for a real model]",
    ),
    click.option("--async", "launched", is_flag=True, help="AIMA's starts do not wait for the model."),
    click.option("--image", default="", metavar="TAG", help="The image that AIMA looks for, where it is another."),
)


def aima_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings_of(options: dict[str, Any]) -> AimaSettings:
    """What they were given."""
    return AimaSettings(
        options["model_type"], options["aima_bin"], options["start_timeout"], options["launched"], options["image"]
    )


def words_of(options: dict[str, Any]) -> list[str]:
    """Them, as on the command line."""
    given = ("model_type", "aima_bin", "start_timeout", "image")
    words = [word for name in given if options[name] for word in (f"--{name.replace('_', '-')}", str(options[name]))]
    return [*words, "--async"] if options["launched"] else words
