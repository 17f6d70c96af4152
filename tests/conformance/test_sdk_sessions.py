"""Sessions of the docker SDK for Python on the emulated engine, served on a socket, and on a real one: the same facts."""

import io
import tarfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from stat import S_IMODE
from typing import Any
from uuid import uuid4

import calls
import docker
import pytest
from attrs import define
from docker.errors import DockerException
from docker.models.containers import Container
from docker.types import DeviceRequest, Mount
from transcripts import Side

from answers import answers_closed
from churn.system.clock import RealClock
from churn.system.standin.image import TAG

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("one_tag")]

GRACE, LIMIT = 5, 30.0
Facts = Iterator[tuple[str, object]]


@define
class Desk:
    """One engine's client, and what a session on it needs."""

    client: docker.DockerClient
    run: str
    port: int
    side: Side
    """Takes out of texts what may differ."""

    @property
    def labels(self) -> dict[str, str]:
        return {"churn.test": self.run}

    @property
    def ours(self) -> dict[str, str]:
        """A filter for what this run made."""
        return {"label": f"churn.test={self.run}"}

    def name(self, word: str = "a") -> str:
        return f"churn-test-{self.run}-{word}"

    def started(self, word: str = "a", **settings: Any) -> Container:
        return self.client.containers.run(TAG, detach=True, name=self.name(word), labels=self.labels, **settings)

    def created(self, word: str = "a", labels: Mapping[str, str] | None = None, **settings: Any) -> Container:
        named = {"name": self.name(word), "labels": {**self.labels, **(labels or {})}}
        return self.client.containers.create(TAG, **named, **settings)

    def refused(self, call: Callable[[], object]) -> tuple[str, int, str]:
        """How the SDK says that the engine refuses: its class, its status and its text."""
        with pytest.raises(DockerException) as caught:
            call()
        status = getattr(caught.value, "status_code", None) or getattr(caught.value, "exit_status", 0)
        text = getattr(caught.value, "explanation", None) or str(caught.value)
        return type(caught.value).__name__, status, self.side.neutral(text)


def a_life(desk: Desk) -> Facts:
    """A container from its creation to its removal, looked at all the while."""
    container = desk.started(ports={"8000/tcp": desk.port})
    yield "as it was created", container.status
    container.reload()
    yield "after a reload", (container.status, container.name, container.image.tags, len(container.short_id))
    yield "ports", desk.side.neutral(str(container.ports))
    yield "list", [(one.name, one.status) for one in desk.client.containers.list(filters=desk.ours)]
    lines = container.logs(stream=True, follow=True)
    yield "first line", next(lines)
    yield "all lines so far", container.logs(tail=1)
    yield "top", (container.top()["Titles"], len(container.top()["Processes"]) > 0)
    yield "stats", container.stats(stream=False)["name"].removeprefix(f"/churn-test-{desk.run}")
    container.pause()
    container.reload()
    yield "paused", container.status
    container.unpause()
    container.rename(desk.name("b"))
    container.restart(timeout=GRACE)
    until_up(container, 2)
    container.reload()
    yield "restarted", (container.status, container.name, container.attrs["RestartCount"])
    yield "update", container.update(restart_policy={"Name": "on-failure", "MaximumRetryCount": 2})
    container.reload()
    yield "policy", container.attrs["HostConfig"]["RestartPolicy"]
    container.stop(timeout=GRACE)
    yield "the end of the lines", list(lines)[:1]
    yield "wait", container.wait(timeout=30)["StatusCode"]
    container.start()
    container.kill()
    yield "killed", container.wait(timeout=30)["StatusCode"]
    container.reload()
    yield (
        "state",
        {key: container.attrs["State"][key] for key in ("Status", "Running", "ExitCode", "OOMKilled", "Error")},
    )
    yield "all", [one.status for one in desk.client.containers.list(all=True, filters=desk.ours)]
    container.remove()
    yield "gone", desk.refused(container.reload)


def in_the_foreground(desk: Desk) -> Facts:
    """What `run` gives back when it waits."""
    shell: dict[str, Any] = {"entrypoint": "sh", "labels": desk.labels}
    yield "output", desk.client.containers.run(TAG, ["-c", "echo one; echo two"], remove=True, **shell)
    yield "error", desk.refused(lambda: desk.client.containers.run(TAG, ["-c", "exit 3"], remove=True, **shell))
    yield "left", desk.client.containers.list(all=True, filters=desk.ours)


def files(desk: Desk) -> Facts:
    """In and out of a container."""
    container = desk.created()
    yield "put", container.put_archive("/tmp", archive("told.txt", b"hello\n"))  # noqa: S108 -- in a container
    content, stat = container.get_archive("/tmp/told.txt")  # noqa: S108 -- in a container
    with tarfile.open(fileobj=io.BytesIO(b"".join(content))) as tar:
        entry = tar.getmembers()[0]
        file = tar.extractfile(entry)
        yield "got", (entry.name, entry.size, S_IMODE(entry.mode), file.read() if file else b"")
    yield "stat", {key: value for key, value in stat.items() if key != "mtime"}
    yield "diff", sorted((change["Path"], change["Kind"]) for change in container.diff())
    yield "no such file", desk.refused(lambda: container.get_archive("/nosuch"))
    yield "no such folder", desk.refused(lambda: container.put_archive("/nosuch", archive("x", b"")))
    yield "no archive", desk.refused(lambda: container.put_archive("/tmp", b"no archive"))  # noqa: S108 -- in a container
    container.remove()


def images(desk: Desk) -> Facts:
    """Tags, archives, removal."""
    store = desk.client.images
    image = store.get(TAG)
    yield "tag", image.tag(desk.name(), "x")
    yield "list", [one.tags for one in store.list(name=desk.name())]
    saved = b"".join(store.get(f"{desk.name()}:x").save(named=f"{desk.name()}:x"))
    store.remove(f"{desk.name()}:x")
    yield "removed", desk.refused(lambda: store.get(f"{desk.name()}:x"))
    (loaded,) = store.load(saved)
    yield "loaded", (loaded.id == image.id, f"{desk.name()}:x" in loaded.tags)
    yield "history", len(loaded.history())
    container = desk.client.containers.create(f"{desk.name()}:x", name=desk.name(), labels=desk.labels)
    yield "made of", container.image.id == image.id
    container.remove()
    store.remove(f"{desk.name()}:x")
    yield "nonsense", desk.refused(lambda: store.load(b"no archive"))
    yield "a name that is none", desk.refused(lambda: image.tag("UPPER"))


def networks_and_volumes(desk: Desk) -> Facts:
    """What belongs to containers."""
    network = desk.client.networks.create(desk.name(), labels=desk.labels, check_duplicate=True)
    found = desk.client.networks.list(filters=desk.ours)
    yield "networks", [(one.name, one.attrs["Driver"], one.attrs["Scope"]) for one in found]
    yield "twice", desk.refused(lambda: desk.client.networks.create(desk.name(), check_duplicate=True))
    volume = desk.client.volumes.create(desk.name(), labels=desk.labels)
    yield "volume", (volume.name, volume.attrs["Driver"], volume.attrs["Labels"])
    container = desk.started(network=desk.name(), mounts=[Mount("/data", desk.name(), read_only=True)])
    network.reload()
    yield "on it", [one.name for one in network.containers]
    container.reload()
    mount = container.attrs["Mounts"][0]
    yield "mounted", {key: mount[key] for key in ("Type", "Name", "Destination", "RW", "Mode")}
    yield "network in use", desk.refused(network.remove)
    yield "volume in use", desk.refused(volume.remove)
    desk.client.networks.get("bridge").connect(container)
    container.reload()
    yield "two networks", sorted(container.attrs["NetworkSettings"]["Networks"])
    network.disconnect(container)
    container.reload()
    yield "one network", sorted(container.attrs["NetworkSettings"]["Networks"])
    yield "not on it", desk.refused(lambda: network.disconnect(container))
    container.remove(force=True)
    network.remove()
    volume.remove()
    yield "gone", [desk.refused(network.reload), desk.refused(volume.reload)]


def errors(desk: Desk) -> Facts:
    """What an engine refuses, by the SDK's classes."""
    client = desk.client
    yield "no container", desk.refused(lambda: client.containers.get(desk.name()))
    yield "no image", desk.refused(lambda: client.images.get("churn/nosuch:1"))
    yield "created of none", desk.refused(lambda: client.containers.create("churn/nosuch:1", name=desk.name()))
    container = desk.started(ports={"8000/tcp": desk.port})
    yield "name", desk.refused(desk.created)
    yield "running", desk.refused(container.remove)
    other = desk.created("b", ports={"8000/tcp": desk.port})
    yield "port", desk.refused(other.start)
    other.reload()
    yield "left by it", (other.status, other.attrs["State"]["ExitCode"])
    yield "not running", [desk.refused(call) for call in (other.kill, other.pause, other.top)]
    yield "signal", desk.refused(lambda: container.kill("NOSUCH"))
    container.remove(force=True)
    other.start()
    other.remove(force=True)
    several = DeviceRequest(driver="nvidia", capabilities=[["gpu", "utility"]])
    for request in (DeviceRequest(count=-1, capabilities=[["gpu"]]), several):
        container = desk.created(device_requests=[request])
        yield "gpu", desk.refused(container.start)
        container.remove()
    container = desk.created(entrypoint="/nosuch")
    yield "program", desk.refused(container.start)
    container.remove()
    yield "runtime", desk.refused(lambda: desk.created(runtime="nosuch"))
    yield "policy", desk.refused(lambda: desk.created(restart_policy={"Name": "nosuch"}))
    yield "no name", desk.refused(lambda: client.containers.create(TAG, name="no name"))
    yield "filter", desk.refused(lambda: client.containers.list(filters={"nosuch": "x"}))
    yield "nothing left", client.containers.list(all=True, filters=desk.ours)


def events(desk: Desk) -> Facts:
    """A whole life, as it is told while it goes on."""
    stream = desk.client.events(decode=True)
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(until_destroyed, stream, desk.name())
        container = desk.created(ports={"8000/tcp": desk.port}, volumes=["/data"])
        yield "mounted", [(one["Type"], one["Mode"], one["RW"]) for one in attributes(container)["Mounts"]]
        container.start()
        until_up(container, 1)
        container.kill("TERM")
        container.wait(timeout=30)
        container.start()
        until_up(container, 2)
        container.stop(timeout=GRACE)
        container.remove(v=True)
        try:
            yield "told", told.result(timeout=30)
        finally:
            stream.close()


def until_up(container: Container, starts: int) -> None:
    """Until its server has started that often: before, its shell would let SIGTERM pass."""
    clock = RealClock()
    end = clock.now() + LIMIT
    while container.logs().count(b"\n") < starts:
        assert clock.now() < end, f"not started {starts} time(s) within {LIMIT:g} seconds"
        clock.sleep(0.01)


def attributes(container: Container) -> dict[str, Any]:
    """What inspect tells of it now."""
    container.reload()
    return container.attrs


def until_destroyed(stream: Any, name: str) -> list[tuple[str, str, str]]:
    """What a stream tells of the container of that name: kind, action and exit code."""
    found: list[tuple[str, str, str]] = []
    identity = None
    for event in stream:
        told = event["Actor"]["Attributes"]
        if event["Type"] == "container" and told.get("name") == name:
            identity = event["Actor"]["ID"]
        if identity is not None and identity in (event["Actor"]["ID"], told.get("container")):
            found.append((event["Type"], event["Action"], told.get("exitCode", "")))
        if found and found[-1][1] == "destroy":
            break
    return found


def compose(desk: Desk) -> Facts:
    """Labels as compose gives them, and filters by them."""
    project, service = "com.docker.compose.project", "com.docker.compose.service"
    for owner, part in (("one", "web"), ("one", "db"), ("two", "web")):
        desk.created(f"{owner}-{part}", labels={project: owner, service: part})

    def found(*labels: str) -> list[str]:
        wanted = [f"churn.test={desk.run}", *labels]
        return sorted(one.name for one in desk.client.containers.list(all=True, filters={"label": wanted}))

    yield "all", found()
    yield "of a project", found(f"{project}=one")
    yield "of a service", found(f"{project}=one", f"{service}=web")
    yield "with a project", found(project)
    yield "of none", found(f"{project}=three")
    pruned = desk.client.containers.prune(filters={"label": [f"churn.test={desk.run}", f"{project}=one"]})
    yield "pruned", (len(pruned["ContainersDeleted"]), found())
    yield (
        "pruned again",
        desk.client.containers.prune(filters={"label": [f"{project}={desk.run}"]})["ContainersDeleted"],
    )


def archive(name: str, content: bytes) -> bytes:
    """A tar of one file."""
    return calls.archive(name, content)


SESSIONS: Mapping[str, Callable[[Desk], Facts]] = {
    session.__name__: session
    for session in (a_life, in_the_foreground, files, images, networks_and_volumes, errors, events, compose)
}


@pytest.fixture
def desks(real_engine: str, served_engine: str, free_port: Callable[[], int]) -> Iterator[tuple[Desk, Desk]]:
    """A client of each engine; nothing that its session made is left on it."""
    run = uuid4().hex[:8]
    with desk(real_engine, run, free_port()) as real, desk(served_engine, run, free_port()) as emulated:
        yield real, emulated


@contextmanager
def desk(address: str, run: str, port: int) -> Iterator[Desk]:
    with closing(docker.DockerClient(address, version="auto", timeout=30)) as client, answers_closed(client.api):
        yield Desk(client, run, port, Side({}, {str(port): "PORT"}))
        calls.Side(client.api, RealClock(), {"run": run}).clear()


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_is_the_same(desks: tuple[Desk, Desk], session: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        real, emulated = pool.map(lambda desk: list(SESSIONS[session](desk)), desks)
    assert [name for name, _ in real] == [name for name, _ in emulated]
    different = [
        f"{name}\n  real:     {one}\n  emulated: {other}"
        for (name, one), (_, other) in zip(real, emulated, strict=True)
        if one != other
    ]
    assert not different, "\n".join(different)


def test_exec_is_a_difference_that_stays(desks: tuple[Desk, Desk]) -> None:
    """Nothing runs in an emulated container, so nothing can be run in it."""
    real, emulated = (desk.started() for desk in desks)
    assert real.exec_run("true").exit_code == 0
    assert desks[1].refused(lambda: emulated.exec_run("true")) == ("NotFound", 404, "page not found")
