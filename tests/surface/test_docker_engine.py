"""The real engine, call by call: what it answers, how it refuses, and in which order things happened."""

import json
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import docker
import pytest

from churn import errors
from churn.lifecycle.observation import Holder, Resource, ResourceKind
from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.engines.docker.events import Feed
from churn.system.protocols import Spec

pytestmark = pytest.mark.docker

SECOND = 1_000_000_000
"""In nanoseconds."""


@pytest.fixture
def engine(docker_engine: DockerEngine) -> DockerEngine:
    return docker_engine


@pytest.fixture
def listener(sandbox: Any) -> Iterator[int]:
    """A port on which this process listens."""
    port = sandbox.host.free_port()
    with closing(socket.socket()) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
        held.listen()
        yield port


def actions(engine: DockerEngine, container: str) -> list[str]:
    return [event.action for event in engine.events() if event.container == container]


# States and values


def test_a_container_from_creation_to_removal(engine: DockerEngine, sandbox: Any) -> None:
    port = sandbox.host.free_port()
    container = engine.create(sandbox.spec(port=port, restart_policy="on-failure:3"))
    created = engine.inspect(container)
    assert (created.state, created.running, created.ports, created.error) == ("created", False, (port,), "")
    assert (created.name, created.restart_policy, created.restart_count) == (f"{sandbox.run}-a", "on-failure", 0)

    engine.start(container)
    (listed,) = engine.list(sandbox.labels)
    assert (listed.id, listed.name, listed.state, listed.image) == (container, created.name, "running", sandbox.tag)
    assert listed.ports == (port,)
    assert listed.labels["churn.test"] == sandbox.run

    engine.stop(created.name)
    stopped = engine.inspect(created.name)
    assert (stopped.id, stopped.state, stopped.exit_code, stopped.ports) == (container, "exited", 0, (port,))
    (listed,) = engine.list(sandbox.labels)
    assert (listed.state, listed.ports) == ("exited", ())

    engine.remove(container)
    assert engine.list(sandbox.labels) == ()


def test_starting_what_runs_and_stopping_what_does_not_changes_nothing(engine: DockerEngine, sandbox: Any) -> None:
    container, _ = sandbox.serve()
    engine.start(container)
    assert engine.inspect(container).state == "running"
    engine.stop(container)
    engine.stop(container)
    assert engine.inspect(container).state == "exited"


def test_stop_waits_longer_than_the_grace(engine: DockerEngine, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    container, _ = sandbox.serve("ignore-sigterm")
    monkeypatch.setattr(engine._api, "timeout", 0.5)  # as if an engine had half a second to answer
    began = RealClock().now()
    engine.stop(container, grace=0.8)
    assert RealClock().now() - began >= 0.8


def test_kill_returns_at_once_and_tells_the_signal_in_the_exit_code(
    engine: DockerEngine, sandbox: Any, until: Callable[..., float]
) -> None:
    container, _ = sandbox.serve()
    engine.kill(container)
    until(lambda: not engine.inspect(container).running)
    assert engine.inspect(container).exit_code == 128 + 9


def test_remove_with_force_takes_a_running_one(engine: DockerEngine, sandbox: Any) -> None:
    container, _ = sandbox.serve()
    engine.remove(container, force=True)
    with pytest.raises(errors.NotFound):
        engine.inspect(container)


def test_list_takes_only_what_carries_all_labels(engine: DockerEngine, sandbox: Any) -> None:
    both = engine.create(sandbox.spec("both"))
    engine.create(Spec(image=sandbox.tag, name=f"{sandbox.run}-other", labels=sandbox.labels | {"role": "other"}))
    assert len(engine.list(sandbox.labels)) == 2
    assert len(engine.list(sandbox.labels | {"role": ""})) == 1
    assert engine.list(sandbox.labels | {"role": "none"}) == ()
    assert both in {container.id for container in engine.list()}


def test_changes_are_the_paths_in_the_containers_own_layer(engine: DockerEngine, sandbox: Any) -> None:
    container, _ = sandbox.serve()
    assert engine.changes(container) == ()
    sandbox.execute(container, "sh", "-c", ": > /etc/new")
    assert engine.changes(container) == ("/etc/new",)


def test_what_the_engine_makes_in_a_layer_is_no_change_of_it(engine: DockerEngine, sandbox: Any) -> None:
    (Path(sandbox.folder) / "file").write_text("text")
    settings = {
        "Image": sandbox.tag,
        "Cmd": ["serve"],
        "Labels": sandbox.labels,
        "WorkingDir": "/app/deep",
        "HostConfig": {
            "Init": True,
            "Binds": [f"{sandbox.folder}:/data/deep/er", f"{sandbox.folder}/file:/etc/conf.d/file"],
            "Tmpfs": {"/run/scratch": ""},
            "Mounts": [{"Type": "tmpfs", "Target": "/scratch/one"}],
        },
    }
    container = engine._api.create_container_from_config(settings)["Id"]
    engine.start(container)
    told = {change["Path"] for change in engine._api.diff(container)}
    assert {"/sbin/docker-init", "/data/deep/er", "/etc/conf.d/file", "/run/scratch", "/scratch/one"} <= told
    assert engine.changes(container) == ()
    sandbox.execute(container, "sh", "-c", ": > /scratch/new; rm /bin/sh")
    assert engine.changes(container) == ("/bin", "/bin/sh", "/scratch/new")


def test_a_mount_is_read_only(sandbox: Any) -> None:
    container, _ = sandbox.serve()
    assert b"Read-only" in sandbox.execute(container, "sh", "-c", ": > /behaviour/x")


def test_a_published_port_is_the_managers(engine: DockerEngine, sandbox: Any, until: Callable[..., float]) -> None:
    container, port = sandbox.serve()
    until(lambda: sandbox.host.health(port, "/health") == 200)
    seen = sandbox.host.look({port: "/health"}, (port,))[port]
    assert (seen.healthy, seen.bindable, seen.holder) == (True, False, Holder.MANAGER)
    engine.stop(container)
    assert sandbox.host.look({}, (port,))[port].bindable


# Refusals


def test_a_taken_name(sandbox: Any) -> None:
    sandbox.create()
    with pytest.raises(errors.NameTaken, match="already in use"):
        sandbox.create()


def test_a_missing_image(engine: DockerEngine, sandbox: Any) -> None:
    with pytest.raises(errors.NoSuchImage, match="No such image"):
        engine.create(Spec(image="churn/no-such-image:1", name=f"{sandbox.run}-a"))


def test_a_bad_name(sandbox: Any) -> None:
    with pytest.raises(errors.BadParameter, match="Invalid container name"):
        sandbox.create("not allowed!")


@pytest.mark.parametrize("call", ["start", "stop", "kill", "remove", "inspect", "changes"])
def test_a_container_that_is_not_there(engine: DockerEngine, sandbox: Any, call: str) -> None:
    with pytest.raises(errors.NotFound, match="No such container"):
        getattr(engine, call)(f"{sandbox.run}-none")


@pytest.mark.parametrize("call", ["start", "stop", "kill", "remove", "inspect", "changes"])
def test_no_name_at_all(engine: DockerEngine, call: str) -> None:
    with pytest.raises(errors.BadParameter):
        getattr(engine, call)("")


def test_removing_a_running_one_without_force(engine: DockerEngine, sandbox: Any) -> None:
    container, _ = sandbox.serve()
    with pytest.raises(errors.Conflict, match="running"):
        engine.remove(container)
    assert engine.inspect(container).running


def test_killing_a_stopped_one(engine: DockerEngine, sandbox: Any) -> None:
    with pytest.raises(errors.Conflict, match="is not running"):
        engine.kill(sandbox.create())


def test_a_port_that_another_container_has(engine: DockerEngine, sandbox: Any) -> None:
    _, port = sandbox.serve()
    second = sandbox.create("b", port=port)
    with pytest.raises(errors.PortTaken):
        engine.start(second)
    left = engine.inspect(second)
    assert left.state == "created"
    assert "port is already allocated" in left.error


def test_a_port_that_another_process_has(engine: DockerEngine, sandbox: Any, listener: int) -> None:
    container = sandbox.create(port=listener)
    with pytest.raises(errors.PortTaken, match="address already in use"):
        engine.start(container)
    assert engine.inspect(container).state == "created"


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="this machine may well have the GPU")
def test_a_gpu_that_is_not_there(engine: DockerEngine, sandbox: Any) -> None:
    container = sandbox.create(gpu=True)
    with pytest.raises(errors.NoSuchDevice):
        engine.start(container)


# Events


def test_events_come_in_the_engines_order_each_once_and_are_counted_on(engine: DockerEngine, sandbox: Any) -> None:
    engine.events()
    before = engine.mark()
    first = sandbox.create("a")
    engine.start(first)
    second = sandbox.create("b")
    half = engine.events()
    engine.stop(first)
    engine.remove(first)
    rest = engine.events()
    ours = [(event.container, event.action) for event in (*half, *rest) if event.container in (first, second)]
    assert ours == [(first, "create"), (first, "start"), (second, "create")] + [
        (first, action) for action in ("kill", "die", "stop", "destroy")
    ]
    marks = [event.mark for event in (*half, *rest)]
    assert marks == list(range(before + 1, before + 1 + len(marks)))
    assert engine.mark() == marks[-1]


def test_events_from_before_the_engine_object_was_made_are_not_told(sandbox: Any) -> None:
    container = sandbox.create()
    with closing(DockerEngine(os.environ)) as later:
        assert actions(later, container) == []
        later.remove(container)
        assert actions(later, container) == ["destroy"]


def test_an_action_is_one_word(engine: DockerEngine, sandbox: Any) -> None:
    container, _ = sandbox.serve()
    engine.events()
    sandbox.execute(container, "true")
    assert actions(engine, container)[:2] == ["exec_create", "exec_start"]


def test_changes_of_several_containers_at_once_are_all_told(engine: DockerEngine, sandbox: Any) -> None:
    engine.events()
    containers = [sandbox.create(str(number)) for number in range(8)]
    removers = [threading.Thread(target=engine.remove, args=(container,)) for container in containers]
    for remover in removers:
        remover.start()
    seen = list(engine.events())
    for remover in removers:
        remover.join()
    seen.extend(engine.events())
    destroyed = [event.container for event in seen if event.action == "destroy"]
    assert sorted(set(destroyed) & set(containers)) == sorted(containers)
    assert len(destroyed) == len(set(destroyed))


def told(nanoseconds: int, container: str = "c", action: str = "start") -> dict[str, Any]:
    return {"timeNano": nanoseconds, "Actor": {"ID": container}, "Action": action}


def test_an_event_with_an_earlier_time_that_comes_later_is_not_lost() -> None:
    feed = Feed(since=10 * SECOND)
    feed.take([told(12 * SECOND, "first")])
    late = told(12 * SECOND - 1, "late")
    assert feed.since <= late["timeNano"]
    assert [event.container for event in feed.take([told(12 * SECOND, "first"), late])] == ["late"]


def test_what_was_read_is_forgotten_when_it_cannot_come_again() -> None:
    feed = Feed(since=0)
    for second in range(100):
        feed.take([told(second * SECOND)])
    assert feed.mark == 100
    assert len(feed._seen) <= 2


# Resources


def test_volumes_and_networks_are_resources(engine: DockerEngine, sandbox: Any) -> None:
    before = engine.resources()
    made = {Resource(ResourceKind.VOLUME, sandbox.run), Resource(ResourceKind.NETWORK, sandbox.run)}
    try:
        engine.create_volume(sandbox.run, sandbox.labels)
        engine.create_volume(sandbox.run, sandbox.labels)
        engine.create_network(sandbox.run, sandbox.labels)
        with pytest.raises(errors.Conflict):
            engine.create_network(sandbox.run, sandbox.labels)
        assert engine.resources() - before == made
        assert engine.resources(sandbox.labels) == made
        assert engine.resources(sandbox.labels | {"role": ""}) == frozenset()
    finally:
        for resource in made:
            with suppress(errors.NotFound):
                engine.remove_resource(resource)
    assert not made & engine.resources()
    with pytest.raises(errors.NotFound):
        engine.remove_resource(Resource(ResourceKind.VOLUME, sandbox.run))


def test_images_are_resources_and_built_in_networks_are_not(engine: DockerEngine, standin: str) -> None:
    assert Resource(ResourceKind.IMAGE, standin) in engine.resources()
    built_in = {Resource(ResourceKind.NETWORK, name) for name in ("bridge", "host", "none")}
    assert not built_in & engine.resources()


def test_an_image_in_use_is_not_removed(engine: DockerEngine, sandbox: Any) -> None:
    container = sandbox.create()
    image = engine.image(sandbox.tag)
    assert image is not None
    with pytest.raises(errors.Conflict):
        engine.remove_resource(Resource(ResourceKind.IMAGE, image.id))
    engine.remove(container)
    assert engine.has_image(sandbox.tag)


# Which engine, and whether it answers


def test_the_identity_stays_and_the_version_is_told(engine: DockerEngine) -> None:
    engine.ping()
    assert engine.identity() == engine.identity() != ""
    assert engine.version().split(".")[0].isdecimal()
    assert engine.cli == (shutil.which("docker") is not None)


def test_the_current_context_is_used_as_by_the_docker_command(
    engine: DockerEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = engine.url
    if not url.startswith("unix://"):
        pytest.skip("needs an engine on a unix socket")
    name = "elsewhere"
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": name}))
    with pytest.raises(errors.EngineUnreachable, match="no docker context"):
        DockerEngine(os.environ)
    describe_context(tmp_path, name, url)
    with closing(DockerEngine(os.environ)) as found:
        assert found.identity() == engine.identity()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(errors.EngineUnreachable, match=r"none\.sock"):
        DockerEngine(os.environ)


def test_a_socket_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(errors.EngineUnreachable, match=r"at unix://.*none\.sock"):
        DockerEngine({}, f"unix://{tmp_path}/none.sock")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{",
    ],
    ids=["closed", "no HTTP", "cut off", "no JSON"],
)
@pytest.mark.parametrize("call", ["identity", "list", "events", "resources"])
def test_an_answer_that_cannot_be_read(broken_engine: SimpleNamespace, call: str, answer: bytes) -> None:
    broken_engine.answer = answer
    with pytest.raises(errors.EngineUnreachable):
        getattr(broken_engine.engine, call)()


@pytest.mark.parametrize("call", ["identity", "list", "events"])
def test_an_error_of_the_engine_keeps_its_status_and_words(broken_engine: SimpleNamespace, call: str) -> None:
    body = b'{"message":"out of order"}'
    broken_engine.answer = b"HTTP/1.1 500 X\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with pytest.raises(errors.ServerError) as raised:
        getattr(broken_engine.engine, call)()
    assert (raised.value.status, raised.value.message) == (500, "out of order")


@pytest.fixture
def broken_engine(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """An engine that was well when it was reached, and from then on gives `answer` to everything."""
    greeting = b'{"ApiVersion":"1.41","SystemTime":"2024-01-01T00:00:00.123456789Z"}'
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(greeting)
    state = SimpleNamespace(answer=head + greeting)
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    with closing(server.accept()[0]) as client:
                        client.recv(65536)
                        client.sendall(state.answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        state.engine = DockerEngine({}, f"unix://{tmp_path}/s")
        yield state
        state.engine.close()
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def describe_context(config: Path, name: str, url: str) -> None:
    """Write what `docker context create` writes."""
    from docker.context.config import get_context_id

    folder = config / "contexts" / "meta" / get_context_id(name)
    folder.mkdir(parents=True)
    endpoints = {"docker": {"Host": url, "SkipTLSVerify": False}}
    (folder / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": endpoints}))


def test_networks_of_one_name_are_all_removed(docker_engine: DockerEngine) -> None:
    name = f"churn-test-{uuid4().hex[:8]}"
    with closing(docker.APIClient(base_url=docker_engine.url)) as client:
        for _ in range(2):
            client.create_network(name, check_duplicate=False)
    docker_engine.remove_resource(Resource(ResourceKind.NETWORK, name))
    assert all(one.name != name for one in docker_engine.resources({}, frozenset()))
    with pytest.raises(errors.NotFound):
        docker_engine.remove_resource(Resource(ResourceKind.NETWORK, name))
