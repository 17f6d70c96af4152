"""A fake Docker for tests in Python: the docker SDK on an engine of its own, in this process and in virtual time."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import docker

from churn.system.clock import VirtualClock
from churn.system.engines.emulated.api.adapter import client
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.spellings import tags_like

USUAL = ("churn/stand-in:1",)
"""The images that an engine has where none are named."""


@contextmanager
def fake_docker(*images: str, seed: int = 0, gpu: bool = False) -> Iterator[docker.DockerClient]:
    """A docker SDK client whose engine has these images, and nothing else; all is gone at the end.

    Nothing runs, nothing is bound, and what waits costs no time. The same `seed` gives the same ids.
    """
    core = Core(VirtualClock(), seed=seed, images=frozenset(tags_like(one)[1] for one in images or USUAL), gpu=gpu)
    with closing(client(core)) as sdk:
        yield sdk
