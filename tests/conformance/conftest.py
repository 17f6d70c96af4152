"""The two engines that sessions are held on: an emulated one, served on a socket, and a real one of its version."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.engines.emulated.api.daemon import API_VERSION
from churn.system.engines.emulated.api.server import Settings, served
from churn.system.engines.emulated.container import Timing
from churn.system.host import RealHost
from churn.system.image import TAG

PROMPT = Timing(create=0.001, start=0.02, terminate=0.02, kill=0.02, remove=0.002, crash=0.1, load=0.05)
"""A quick engine, so that a session lasts as long as the real one takes. It crashes no earlier than a client can look."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder whose path is short, as sockets need."""
    with tempfile.TemporaryDirectory(prefix="churn-") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def served_engine(folder: Path) -> Iterator[str]:
    """The address of an emulated engine that has the stand-in's image by its name."""
    with served(folder, Settings(frozenset({TAG}), timing=PROMPT)) as server:
        yield f"unix://{server.path}"


@pytest.fixture(scope="module")
def real_engine(docker_engine: DockerEngine, standin: str) -> str:  # noqa: ARG001 -- it makes the image
    """The address of a real engine of the version that is emulated, with the stand-in's image."""
    version = docker_engine._api.version()
    if version["ApiVersion"] != API_VERSION:
        pytest.skip(
            f"the real engine is {version['Version']}, with API {version['ApiVersion']}: the emulated one speaks {API_VERSION}, "
            "and texts change from version to version"
        )
    return docker_engine._url if "://" in docker_engine._url else "unix:///var/run/docker.sock"


@pytest.fixture
def free_port(tmp_path: Path) -> Callable[[], int]:
    """A way to a port that nothing holds."""
    return RealHost(folders=tmp_path, clock=RealClock()).free_port
