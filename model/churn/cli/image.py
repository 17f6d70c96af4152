"""`churn image`: the stand-in server's image."""

import os
from contextlib import closing

import rich_click as click

from churn.assembly import STAND_IN
from churn.system.engines.docker import DockerEngine
from churn.system.standin.image import build as build_image


@click.group()
def image() -> None:
    """The image of the stand-in server, which takes the place of vLLM and the like."""


@image.command()
@click.option("--tag", default=STAND_IN, show_default=True, help="The image's name.")
def build(tag: str) -> None:
    """Build it from a static busybox of this machine, or from a busybox image that the engine has or can pull."""
    with closing(DockerEngine(os.environ)) as engine:
        origin = build_image(engine, tag)
    click.echo(f"built {tag} from {origin}")
