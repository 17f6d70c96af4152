"""`churn reference`: the reference manager as a program, on a real engine."""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from churn.cli.options import defect_option
from churn.errors import EngineError
from churn.lifecycle.form import Setting
from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.host import RealHost
from churn.system.managers.defects import defective
from churn.system.managers.reference import ReferenceManager, ServiceError, Settings, Store, StoreBroken
from churn.system.managers.reference.answer import PrintedInstead, written

_DEFAULTS = Settings(session="default")


@click.group()
@click.option("--db", required=True, type=click.Path(path_type=Path), help="The SQLite file that holds its services.")
@click.option("--session", default=_DEFAULTS.session, show_default=True, help="Marks its containers; one manager each.")
@click.option("--image", default=_DEFAULTS.image, show_default=True, help="The image of its servers.")
@click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="A further label for each container.")
@click.option("--timeout", type=float, default=_DEFAULTS.start_timeout, show_default=True, help="Seconds of a start.")
@click.option("--patience", type=float, default=_DEFAULTS.patience, show_default=True,
              help="Seconds to wait for another operation on the same service; 0: be refused at once.")  # fmt: skip
@defect_option()
@click.pass_context
def reference(
    ctx: click.Context,
    db: Path,
    session: str,
    image: str,
    labels: tuple[str, ...],
    timeout: float,
    patience: float,
    defects: tuple[str, ...],
) -> None:
    """A small service manager that does it right: the yardstick, and an example of what Churn tests.

    Each command prints the services concerned as JSON; an error is one line on stderr and exit code 1.
    """
    marks = dict(label.partition("=")[::2] for label in labels)
    settings = Settings(session=session, image=image, labels=marks, start_timeout=timeout, patience=patience)
    clock = RealClock()
    host = RealHost(folders=db.parent, clock=clock)
    engine = ctx.with_resource(closing(DockerEngine(os.environ)))
    ctx.obj = defective(defects)(Store(str(db)), engine, host, clock, settings)


def _tell(rows: Iterable[tuple[str, str, int]]) -> None:
    click.echo(written(rows))


def _one(manager: ReferenceManager, name: str) -> None:
    _tell([manager.status(name)])


@contextmanager
def _telling() -> Iterator[None]:
    """What the manager refuses, or the engine, or its file, is one line on stderr and exit code 1."""
    try:
        yield
    except (ServiceError, EngineError, StoreBroken) as error:
        click.echo(f"Error: {error}", err=True)
        raise Exit(1) from error
    except PrintedInstead as printed:
        click.echo(printed.text, nl=False)


@reference.command()
@click.argument("name")
@click.option("--folder", default="", help="A folder that its server gets to see, with its behaviour file.")
@click.pass_obj
def create(manager: ReferenceManager, name: str, folder: str) -> None:
    """Make a service known, with a port of its own."""
    with _telling():
        manager.create(name, folder)
        _one(manager, name)


@reference.command()
@click.argument("name")
@click.pass_obj
def start(manager: ReferenceManager, name: str) -> None:
    """Start a service in a new container and wait until it is healthy."""
    with _telling():
        manager.start(name)
        _one(manager, name)


@reference.command()
@click.argument("name")
@click.pass_obj
def stop(manager: ReferenceManager, name: str) -> None:
    """Stop a service and remove its container."""
    with _telling():
        manager.stop(name)
        _one(manager, name)


@reference.command()
@click.argument("name")
@click.pass_obj
def restart(manager: ReferenceManager, name: str) -> None:
    """Stop a service, if it runs, and start it in a new container."""
    with _telling():
        manager.restart(name)
        _one(manager, name)


@reference.command()
@click.argument("name")
@click.argument("setting", type=click.Choice([one.value for one in Setting]))
@click.argument("value")
@click.pass_obj
def update(manager: ReferenceManager, name: str, setting: str, value: str) -> None:
    """Change an image, a variable (NAME=value) or a port of a service, from its next start on."""
    with _telling():
        manager.update(name, Setting(setting), value)
        _one(manager, name)


@reference.command()
@click.argument("name")
@click.pass_obj
def remove(manager: ReferenceManager, name: str) -> None:
    """Stop a service, if it runs, and forget it."""
    with _telling():
        manager.remove(name)
        _tell([])


@reference.command("list")
@click.pass_obj
def list_(manager: ReferenceManager) -> None:
    """All services."""
    with _telling():
        _tell(manager.list())


@reference.command()
@click.argument("name")
@click.pass_obj
def status(manager: ReferenceManager, name: str) -> None:
    """One service."""
    with _telling():
        _one(manager, name)
