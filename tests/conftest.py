"""What tests on a real engine share: the engine, the stand-in image, and containers that are gone after the test."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from churn import errors
from churn.system import image
from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.host import RealHost
from churn.system.protocols import Inspected, Mount, Spec

LOOK_EVERY = 0.01


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
