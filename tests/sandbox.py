"""Containers of the stand-in for one test, which are gone after it."""

from contextlib import suppress
from uuid import uuid4

from churn import errors
from churn.system.engines.docker import DockerEngine
from churn.system.host import RealHost
from churn.system.protocols import Inspected, Mount, Spec
from churn.system.runs import new_run


def run_that_is_over() -> str:
    """The id of a run whose process has ended: another one has its process id by now."""
    where, pid, started, rest = new_run().split("-")
    return f"{where}-{pid}-{int(started) - 1}-{rest}"


class Sandbox:
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
        return Spec(image=self.tag, name=f"{self.run}-{name}", labels=self.labels, **(settings | changes))

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
