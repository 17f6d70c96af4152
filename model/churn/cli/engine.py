"""`churn engine`: an emulated Docker engine for programs of any language, and its faults."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import rich_click as click
from attrs import evolve

from churn.assembly import STAND_IN
from churn.errors import UsageError
from churn.report.console import VisibleConsole
from churn.system.engines.emulated.api.server import SERVED, EngineServer, ServerSettings, ask
from churn.system.faults import KINDS
from churn.visible import on_one_line

_SOCKET = Path("churn-engine.sock")
_socket = click.option(
    "--socket",
    "path",
    type=click.Path(path_type=Path),
    default=_SOCKET,
    show_default=True,
    help="The engine's unix socket.",
)


@click.group()
def engine() -> None:
    """An emulated Docker engine: it speaks the Docker Engine API, without Docker, without a GPU, without waiting."""


@engine.command()
@_socket
@click.option("--image", "images", multiple=True, metavar="TAG", help="An image that it has; nothing is pulled.")
@click.option("--gpu/--no-gpu", default=False, show_default=True, help="Whether a request for GPUs is accepted.")
@click.option(
    "--speed", type=click.FloatRange(min=0.01), default=1.0, show_default=True, help="How fast its time runs."
)
@click.option(
    "--load",
    type=click.FloatRange(min=0),
    default=SERVED.load,
    show_default=True,
    help="Seconds until a server answers.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same ids.")
@click.option("--quiet", is_flag=True, help="Do not tell calls that are not emulated.")
def serve(**options: Any) -> None:
    """Serve an engine until Ctrl-C. What it publishes is bound on this machine and answers; what runs in it does not exist."""
    console = VisibleConsole(stderr=True, highlight=False)
    images = frozenset({STAND_IN, *map(_tagged, options["images"])})
    settings = ServerSettings(
        images, options["gpu"], options["speed"], options["seed"], evolve(SERVED, load=options["load"])
    )
    log = None if options["quiet"] else lambda text: console.print(text, markup=False, soft_wrap=True)
    server = EngineServer(path=options["path"].absolute(), settings=settings, log=log)
    console.print(
        f"An emulated engine. To use it: export DOCKER_HOST=unix://{server.path}", soft_wrap=True, markup=False
    )
    asyncio.run(_until_signal(server))


async def _until_signal(server: EngineServer) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    await server.serve()


@engine.command()
@click.argument("name", type=click.Choice(list(KINDS)), metavar="FAULT")
@click.argument("settings", nargs=-1, metavar="[KEY=VALUE]...")
@_socket
def fault(name: str, settings: tuple[str, ...], path: Path) -> None:
    """Switch a fault on, with settings such as times=2, milliseconds=500, call=start or container=web.

    `churn engine faults` tells which there are.
    """
    told = dict(_pair(word) for word in settings)
    _show(ask(path, "POST", json.dumps({"name": name, **told}).encode()))


@engine.command()
@_socket
def heal(path: Path) -> None:
    """End every fault."""
    _show(ask(path, "DELETE"))


@engine.command()
@_socket
def faults(path: Path) -> None:
    """Tell which faults are on, and what they have struck; and which there are."""
    _show(ask(path, "GET"))
    click.echo("there are:")
    for name, kind in KINDS.items():
        click.echo(f"  {name}: {(kind.__doc__ or '').splitlines()[0]}")


def _show(told: Any) -> None:
    for one in told["on"] or ("none",):
        click.echo(on_one_line(f"on: {one}"))
    for one in told["struck"]:
        click.echo(on_one_line(f"struck: {one}"))


def _pair(word: str) -> tuple[str, str]:
    key, equals, value = word.partition("=")
    if not equals:
        raise UsageError(f"expected settings as KEY=VALUE, got {word!r}")
    return key, value


def _tagged(image: str) -> str:
    return image if ":" in image.rpartition("/")[2] else f"{image}:latest"
