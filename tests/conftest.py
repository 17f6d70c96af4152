"""What tests on a real engine share: the engine, the stand-in image, and containers that are gone after the test."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from churn import errors
from churn.system import image
from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.engines.emulated.api.daemon import API_VERSION
from churn.system.engines.emulated.api.server import Settings, served
from churn.system.engines.emulated.container import Timing
from churn.system.host import RealHost
from churn.system.image import TAG
from churn.system.protocols import Inspected, Mount, Spec

LOOK_EVERY = 0.01
PROMPT = Timing(create=0.001, start=0.02, terminate=0.02, kill=0.02, remove=0.002, crash=0.1, load=0.05)
"""A quick engine, so that a session lasts as long as the real one takes. It crashes no earlier than a client can look."""


def pytest_configure(config: pytest.Config) -> None:
    """The docker SDK leaves the unix socket of a failed connection to the garbage collector."""
    config.addinivalue_line("filterwarnings", r"ignore:unclosed <socket\.socket fd=\d+, family=1,:ResourceWarning")


class Yard:
    """Containers of the stand-in, each with a behaviour file of its own; labels and names are this test's alone."""

    def __init__(self, engine: DockerEngine, host: RealHost, tag: str) -> None:
        self.engine, self.host, self.tag = engine, host, tag
        self.run = f"churn-test-{uuid4().hex[:12]}"
        self.labels = {"churn.test": self.run}
        self.folder = host.folder(self.run)

    def spec(self, name: str = "a", port: int | None = None, **changes: object) -> Spec:
        """The settings of a container that listens on `port`, where one is given."""
        settings: dict[str, object] = {
            "command": ("serve", "/models", "--port", str(port)) if port else (),
            "ports": (port,) if port else (),
            "mounts": (Mount(self.folder, "/behaviour"),),
        }
        return Spec(self.tag, f"{self.run}-{name}", labels=self.labels, **(settings | changes))

    def create(self, name: str = "a", port: int | None = None, **changes: object) -> str:
        """A container that has not been started."""
        return self.engine.create(self.spec(name, port, **changes))

    def serve(self, word: str = "healthy") -> tuple[str, int]:
        """A started container that behaves like that, and its port."""
        self.behave(word)
        port = self.host.free_port()
        container = self.create(port=port)
        self.engine.start(container)
        return container, port

    def behave(self, word: str) -> None:
        """Change how every container of this test behaves."""
        self.host.behave(self.folder, word)

    def inspect(self, name: str = "a") -> Inspected:
        """A container by its short name."""
        return self.engine.inspect(f"{self.run}-{name}")

    def execute(self, container: str, *argv: str) -> bytes:
        """Run a command in a running container; what it printed."""
        made = self.engine._api.exec_create(container, list(argv))
        printed: bytes = self.engine._api.exec_start(made["Id"])
        return printed

    def clear(self) -> None:
        """Remove this test's containers, whatever state they are in."""
        for container in self.engine.list(self.labels):
            with suppress(errors.NotFound, errors.RemovalInProgress):
                self.engine.remove(container.id, force=True)


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    """The engine that the `docker` command would use; without one the test is skipped, unless one is required."""
    try:
        engine = DockerEngine()
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
def yard(docker_engine: DockerEngine, standin: str, tmp_path: Path) -> Iterator[Yard]:
    """Containers for one test."""
    made = Yard(docker_engine, RealHost(folders=tmp_path, clock=RealClock()), standin)
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
    return docker_engine.url


@pytest.fixture
def free_port(tmp_path: Path) -> Callable[[], int]:
    """A way to a port that nothing holds."""
    return RealHost(folders=tmp_path, clock=RealClock()).free_port
