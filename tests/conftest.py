"""What tests on a real engine share: the engine, the stand-in image, and containers that are gone after the test."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from churn import errors
from churn.assembly import OTHER
from churn.lifecycle.observation import Resource, ResourceKind
from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.engines.emulated.api.daemon import API_VERSION
from churn.system.engines.emulated.api.server import ServerSettings, served
from churn.system.engines.emulated.container import Timing
from churn.system.host import RealHost
from churn.system.standin import image
from churn.system.standin.image import TAG
from sandbox import Sandbox

LOOK_EVERY = 0.01
PROMPT = Timing(create=0.001, start=0.02, terminate=0.02, kill=0.02, remove=0.002, crash=0.1, load=0.05)
"""A quick engine, so that a session lasts as long as the real one takes. It crashes no earlier than a client can look."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the engine carries the mark `docker`, so that CI can run these tests alone where an engine answers."""
    for item in items:
        if "docker_engine" in getattr(item, "fixturenames", ()):
            item.add_marker("docker")


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    """The engine that the `docker` command would use; without one the test is skipped, unless one is required."""
    try:
        engine = DockerEngine(os.environ)
    except errors.EngineUnreachable as error:
        if os.environ.get("CHURN_REQUIRE_DOCKER") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def standin(docker_engine: DockerEngine) -> str:
    """The tag of the stand-in image, which the engine has."""
    image.build(docker_engine)
    return image.TAG


@pytest.fixture
def one_tag(docker_engine: DockerEngine, standin: str) -> str:
    """The stand-in's tag, and no other: tests of updates give it a second one, which would be seen in lists of images."""
    with suppress(errors.NotFound):
        docker_engine.remove_resource(Resource(ResourceKind.IMAGE, OTHER))
    return standin


@pytest.fixture
def sandbox(docker_engine: DockerEngine, standin: str, tmp_path: Path) -> Iterator[Sandbox]:
    """Containers for one test."""
    made = Sandbox(docker_engine, RealHost(folders=tmp_path, clock=RealClock()), standin)
    yield made
    made.clear()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], float]:
    """A way to wait for a condition: gives the seconds it took, fails after `within` of them."""
    clock = RealClock()

    def wait(condition: Callable[[], bool], within: float = 5.0) -> float:
        began = clock.now()
        while not condition():
            assert clock.now() - began < within, f"still not so after {within} seconds"
            clock.sleep(LOOK_EVERY)
        return clock.now() - began

    return wait


# -- the two engines that sessions are held on ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder whose path is short, as sockets need."""
    with tempfile.TemporaryDirectory(prefix="churn-") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def served_engine(folder: Path) -> Iterator[str]:
    """The address of an emulated engine that has the stand-in's image by its name."""
    with served(folder, ServerSettings(frozenset({TAG}), timing=PROMPT)) as server:
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
    return docker_engine.url


@pytest.fixture
def free_port(tmp_path: Path) -> Callable[[], int]:
    """A way to a port that nothing holds."""
    return RealHost(folders=tmp_path, clock=RealClock()).free_port
