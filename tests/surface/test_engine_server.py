"""The emulated engine on a socket, as programs and people meet it: `churn engine serve`, published ports, streams, faults."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from stat import S_IMODE
from typing import Any

import docker
import pytest
import requests
from attrs import define
from click.testing import CliRunner, Result
from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.types import DeviceRequest

from churn.cli import churn
from churn.errors import UsageError
from churn.system.clock import RealClock, today
from churn.system.engines.docker import DockerEngine
from churn.system.engines.emulated.api.server import EngineServer, ServerSettings, ask, served
from churn.system.engines.emulated.container import Timing
from churn.system.faults import KINDS
from churn.system.host import RealHost
from churn.system.protocols import Spec
from churn.system.standin.image import TAG

QUICK = Timing(create=0.001, start=0.01, terminate=0.01, kill=0.01, remove=0.001, crash=0.02, load=0.0, backoff=0.01)
LIMIT = 20.0
"""Seconds that a command may take, or a condition to come about, on a slow machine too."""
GRACE = 3
LONG = 3600.0
"""Seconds that no test lasts."""
Until = Callable[..., float]


@define
class Served:
    """An engine on a socket, a client of it that faults strike and one that they do not, and the host with its ports."""

    path: Path
    client: docker.DockerClient
    plain: docker.DockerClient
    host: RealHost
    until: Until

    def run(self, name: str = "web", word: str = "healthy", **settings: Any) -> tuple[Container, int]:
        """A started container whose server behaves like that, and its port."""
        port = self.host.free_port()
        self.behave(word)
        folder = self.host.folder("told")
        container = self.plain.containers.run(
            TAG, detach=True, name=name, ports={"8000/tcp": port}, volumes=[f"{folder}:/behaviour"], **settings
        )
        return container, port

    def behave(self, word: str) -> None:
        self.host.behave(self.host.folder("told"), word)

    def health(self, port: int, path: str = "/health") -> int:
        return self.host.health(port, path, 0.5)

    def free(self, port: int) -> bool:
        return self.host.look({}, (port,))[port].bindable is True

    def states(self) -> dict[str, str]:
        return {row["Names"][0].removeprefix("/"): row["State"] for row in self.plain.api.containers(all=True)}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short, as sockets need."""
    with tempfile.TemporaryDirectory(prefix="churn-") as made:
        yield Path(made)


@contextmanager
def client_of(path: Path) -> Iterator[docker.DockerClient]:
    with closing(docker.DockerClient(f"unix://{path}", version="1.41", timeout=int(LIMIT))) as client:
        yield client


@contextmanager
def streamed(client: docker.DockerClient, target: str) -> Iterator[Iterator[bytes]]:
    """The lines of a reply that goes on; the client leaves at the end. (The SDK's own streams leave their sockets open.)"""
    url = f"{client.api.base_url}/v1.41{target}"
    with closing(client.api.get(url, stream=True, timeout=LIMIT)) as answer:
        yield answer.iter_lines(chunk_size=1)


@pytest.fixture(scope="module")
def server() -> Iterator[EngineServer]:
    """An engine in this process, for one test after the other."""
    settings = ServerSettings(frozenset({TAG}), timing=QUICK)
    with tempfile.TemporaryDirectory(prefix="churn-") as place, served(Path(place), settings) as made:
        yield made


@pytest.fixture
def engine(server: EngineServer, folder: Path, until: Until) -> Iterator[Served]:
    """The engine with nothing on it, after the test too."""
    assert server.plain is not None
    with client_of(server.path) as client, client_of(server.plain) as plain:
        yield Served(server.path, client, plain, RealHost(folders=folder, clock=RealClock()), until)
        ask(server.path, "DELETE")
        server.gate.struck.clear()
        for container in plain.containers.list(all=True):
            container.remove(force=True, v=True)


def refused(call: Callable[[], object]) -> tuple[int, str]:
    """The status and the text of the engine's refusal."""
    with pytest.raises(APIError) as caught:
        call()
    return caught.value.status_code, caught.value.explanation


# -- the command ------------------------------------------------------------------------------------------------------


@define
class Program:
    """`churn engine serve` as a program of its own."""

    path: Path
    process: subprocess.Popen[bytes]
    said: Path

    def end(self, number: int = signal.SIGTERM) -> int:
        """Its exit code after that signal."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT)

    def sockets(self) -> int:
        """How many sockets it has open."""
        return sum(map(_is_socket, Path(f"/proc/{self.process.pid}/fd").iterdir()))


def _is_socket(place: Path) -> bool:
    """Whether a process's open file is one; one that is closed meanwhile is none."""
    try:
        return os.readlink(place).startswith("socket:")
    except OSError:
        return False


IDLE = 3
"""The sockets that it has open when nobody asks: the one that it listens on, and its loop's own pair."""


@contextmanager
def program(folder: Path, until: Until, *options: str) -> Iterator[Program]:
    """The command, once it answers; ended after, if it has not been."""
    path, said = folder / "engine.sock", folder / "said"
    command = [sys.executable, "-m", "churn", "engine", "serve", "--socket", str(path), "--load", "0", *options]
    with said.open("wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
    started = Program(path, process, said)
    try:
        until(lambda: answers(path), within=LIMIT)
        yield started
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(LIMIT)


def answers(path: Path) -> bool:
    """Whether an engine is served there."""
    try:
        ask(path, "GET")
    except UsageError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_ends_it_in_order_and_nothing_is_left(folder: Path, until: Until, number: int, tmp_path: Path) -> None:
    host = RealHost(folders=tmp_path, clock=RealClock())
    port = host.free_port()
    with program(folder, until) as engine, client_of(engine.path) as client:
        assert S_IMODE(engine.path.stat().st_mode) == 0o600
        client.containers.run(TAG, detach=True, ports={"8000/tcp": port})
        assert host.health(port, "/health") == 200
        with streamed(client, "/events") as lines, suppress(requests.exceptions.ChunkedEncodingError):
            assert engine.end(number) == 0
            assert list(lines) == []
    assert not engine.path.exists()
    assert host.look({}, (port,))[port].bindable is True
    assert engine.said.read_text() == f"An emulated engine. To use it: export DOCKER_HOST=unix://{engine.path}\n"


def test_it_says_what_is_not_emulated_unless_it_is_to_be_quiet(folder: Path, until: Until) -> None:
    for options, lines in (((), 2), (("--quiet",), 1)):
        with program(folder, until, *options) as engine, client_of(engine.path) as client:
            assert refused(client.api.inspect_swarm) == (404, "page not found")
            engine.end()
        said = engine.said.read_text().splitlines()
        assert len(said) == lines
        assert all(line.startswith("not emulated: GET /swarm") for line in said[1:])


def test_a_minute_at_600_times_the_speed_is_a_tenth_of_a_second(folder: Path, until: Until) -> None:
    with program(folder, until, "--speed", "600") as engine, client_of(engine.path) as client:
        container = client.containers.run(TAG, ["60"], entrypoint="sleep", detach=True)
        assert container.wait(timeout=LIMIT)["StatusCode"] == 0


@pytest.mark.parametrize("gpu", [True, False])
def test_gpus_are_accepted_where_that_is_asked_for(folder: Path, until: Until, gpu: bool) -> None:
    with program(folder, until, "--gpu" if gpu else "--no-gpu") as engine, client_of(engine.path) as client:
        container = client.containers.create(TAG, device_requests=[DeviceRequest(count=-1, capabilities=[["gpu"]])])
        if gpu:
            container.start()
            container.reload()
            assert container.status == "running"
            assert "nvidia" in client.info()["Runtimes"]
        else:
            assert refused(container.start) == (500, 'could not select device driver "" with capabilities: [[gpu]]')


def test_it_has_the_images_that_it_is_told_of_and_the_same_seed_gives_the_same_ids(folder: Path, until: Until) -> None:
    images = ("--image", "nginx", "--image", "team/model:2")

    def ids(seed: str) -> tuple[str, str]:
        with program(folder, until, *images, "--seed", seed) as engine, client_of(engine.path) as client:
            tags = {tag for image in client.images.list() for tag in image.tags}
            assert tags == {TAG, "nginx:latest", "team/model:2"}
            return client.containers.create("nginx").id, client.images.get("nginx").id

    first, again, other = ids("1"), ids("1"), ids("2")
    assert first == again
    assert first[0] != other[0]
    assert first[1] == other[1]


def test_a_server_takes_as_long_to_load_as_it_is_told(folder: Path, until: Until, tmp_path: Path) -> None:
    host = RealHost(folders=tmp_path, clock=RealClock())
    port = host.free_port()
    with program(folder, until, "--load", "300", "--speed", "1000") as engine, client_of(engine.path) as client:
        container = client.containers.run(TAG, detach=True, ports={"8000/tcp": port})
        container.reload()
        until(lambda: host.health(port, "/health") == 200, within=LIMIT)
        moments = container.attrs["State"]["StartedAt"], client.info()["SystemTime"]
        began, now = (datetime.fromisoformat(moment) for moment in moments)
        assert (now - began).total_seconds() >= 300 / 1000  # dates are those of this machine


def test_however_fast_its_time_runs_its_events_are_those_until_now(folder: Path, until: Until) -> None:
    with program(folder, until, "--speed", "60") as served, client_of(served.path) as client:
        engine = DockerEngine({}, f"unix://{served.path}")
        with closing(engine):
            client.containers.run(TAG, ["60"], entrypoint="sleep")  # a second passes, and a minute there
            engine.events()
            made = engine.create(Spec(image=TAG, name="late"))
            assert [(event.action, event.container) for event in engine.events()] == [("create", made)]


def command(*words: str) -> Result:
    """A command of `churn engine` in this process."""
    return CliRunner().invoke(churn, ["engine", *words], env={"NO_COLOR": "1", "COLUMNS": "200"})


def serve(path: Path) -> subprocess.CompletedProcess[str]:
    """The command where it is expected to end by itself."""
    words = [sys.executable, "-m", "churn", "engine", "serve", "--socket", str(path)]
    env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "300"}
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=LIMIT, env=env)


def test_a_second_one_on_the_same_socket_is_refused_and_the_first_goes_on(engine: Served) -> None:
    found = serve(engine.path)
    assert found.returncode == 2
    assert "an engine is served there already; stop it, or name another path" in found.stderr
    assert engine.client.ping()


def test_a_socket_that_nobody_serves_any_more_is_replaced(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(folder / "engine.sock"))
    with served(folder) as server:
        assert answers(server.path)
        assert [S_IMODE(place.stat().st_mode) for place in sorted(folder.glob("*.sock"))] == [0o600, 0o600]
    assert list(folder.glob("*.sock")) == []


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("x" * 120, "expected at most 100 characters, as unix sockets need; name a shorter path"),
        ("file", "expected no file there, or a socket, got another file; name another path"),
        ("", "expected no file there, or a socket, got another file; name another path"),
        ("nosuch/engine.sock", "expected a place for a socket, but: No such file or directory"),
    ],
    ids=["too long", "a file", "a folder", "no folder"],
)
def test_a_path_that_cannot_be_is_refused_with_what_was_expected(folder: Path, place: str, told: str) -> None:
    (folder / "file").write_text("mine")
    with pytest.raises(UsageError) as caught:
        asyncio.run(EngineServer(path=folder / place).serve())
    assert told in str(caught.value)
    assert str(folder / place) in str(caught.value)
    assert (folder / "file").read_text() == "mine"


# -- published ports --------------------------------------------------------------------------------------------------


def test_a_published_port_answers_as_a_server_would(engine: Served) -> None:
    container, port = engine.run()
    engine.until(lambda: engine.health(port) == 200)
    url = f"http://127.0.0.1:{port}"
    told = {
        (method, path): requests.request(method, f"{url}{path}", timeout=LIMIT).status_code
        for method, path in (
            ("GET", "/"),
            ("GET", "/health?verbose=1"),
            ("HEAD", "/health"),
            ("GET", "/v1/models"),
            ("GET", "/metrics"),
            ("POST", "/health"),
        )
    }
    assert list(told.values()) == [200, 200, 200, 200, 404, 405]
    assert requests.get(f"{url}/health", timeout=LIMIT).text == "ok"
    assert container.attrs["State"]["Status"] == "created"
    assert not engine.free(port)


def test_a_port_that_the_engine_chooses_is_bound(engine: Served) -> None:
    container = engine.plain.containers.run(TAG, detach=True, ports={"8000/tcp": None})
    container.reload()
    port = int(container.ports["8000/tcp"][0]["HostPort"])
    engine.until(lambda: engine.health(port) == 200)


def test_a_port_of_one_address_is_bound_there_only(engine: Served) -> None:
    port = engine.host.free_port()
    engine.plain.containers.run(TAG, detach=True, ports={"8000/tcp": ("127.0.0.2", port)})
    elsewhere = RealHost(address="127.0.0.2", folders=Path(engine.host.folder("x")), clock=RealClock())
    engine.until(lambda: elsewhere.health(port, "/health") == 200)
    assert engine.health(port) == 0


def crash(engine: Served, container: Container) -> None:
    engine.behave("crash")
    container.wait(timeout=LIMIT)


ENDS: Mapping[str, Callable[[Served, Container], object]] = {
    "stop": lambda _, container: container.stop(timeout=GRACE),
    "kill": lambda _, container: container.kill(),
    "crash": crash,
    "remove": lambda _, container: container.remove(force=True),
    "fault": lambda engine, _: ask(engine.path, "POST", b'{"name": "oom-kill", "container": "web"}'),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_port_is_free_as_soon_as_its_container_has_ended(engine: Served, end: str) -> None:
    container, port = engine.run()
    engine.until(lambda: engine.health(port) == 200)
    with closing(socket.create_connection(("127.0.0.1", port), LIMIT)) as connection:
        ENDS[end](engine, container)
        assert engine.free(port)
        assert connection.recv(1) == b""
    assert engine.health(port) == 0
    other, _ = engine.run("other")
    other.remove(force=True)


def test_a_paused_container_takes_connections_and_does_not_answer(engine: Served) -> None:
    container, port = engine.run()
    engine.until(lambda: engine.health(port) == 200)
    container.pause()
    assert engine.health(port) == 0
    assert not engine.free(port)
    container.unpause()
    engine.until(lambda: engine.health(port) == 200)


def test_a_port_of_a_foreign_process_is_told_as_a_real_engine_would(engine: Served) -> None:
    port = engine.host.free_port()
    assert engine.host.hold(port)
    container = engine.client.containers.create(TAG, name="web", ports={"8000/tcp": port})
    status, text = refused(container.start)
    assert status == 500
    assert text.startswith("driver failed programming external connectivity on endpoint web (")
    assert text.endswith(f"): Error starting userland proxy: listen tcp4 0.0.0.0:{port}: bind: address already in use")
    assert engine.states() == {"web": "created"}
    engine.host.release()
    container.start()
    assert engine.states() == {"web": "running"}


def test_of_two_ports_none_is_kept_where_one_cannot_be_had(engine: Served) -> None:
    ports = engine.host.free_port(), engine.host.free_port()
    engine.host.hold(ports[1])
    container = engine.client.containers.create(
        TAG, ports={f"{place}/tcp": port for place, port in enumerate(ports, 1)}
    )
    assert refused(container.start)[0] == 500
    assert engine.free(ports[0])
    engine.host.release()


# -- behaviours -------------------------------------------------------------------------------------------------------


def test_a_slow_server_answers_after_its_time(engine: Served) -> None:
    container, port = engine.run(word="slow=0.2")
    engine.until(lambda: engine.health(port) == 200)
    assert container.logs() == b"stand-in: port 8000, slow=0.2\n"
    engine.behave(f"slow={LONG:g}")
    container.restart(timeout=GRACE)
    assert engine.health(port) == 0
    assert not engine.free(port)
    assert container.logs() == b"stand-in: port 8000, slow=0.2\n"


def test_a_server_that_is_to_crash_ends_at_its_start(engine: Served) -> None:
    container, port = engine.run(word="crash")
    assert container.wait(timeout=LIMIT)["StatusCode"] == 1
    assert container.logs() == b"stand-in: crashing, as told\n"
    assert engine.free(port)


def test_a_server_reads_its_file_again_while_it_runs(engine: Served) -> None:
    _, port = engine.run(word="unhealthy")
    engine.until(lambda: engine.health(port) == 503)
    engine.behave("healthy")
    engine.until(lambda: engine.health(port) == 200)
    engine.behave("hang")
    engine.until(lambda: engine.health(port) == 0)
    assert not engine.free(port)
    engine.behave("crash")
    engine.until(lambda: engine.states() == {"web": "exited"})


def test_a_server_that_ignores_sigterm_is_killed_after_the_grace(engine: Served) -> None:
    container, port = engine.run(word="ignore-sigterm")
    engine.until(lambda: engine.health(port) == 200)
    container.stop(timeout=1)
    assert container.wait(timeout=LIMIT)["StatusCode"] == 137


def test_a_restart_policy_revives_what_crashes_and_not_what_is_stopped(engine: Served) -> None:
    container, port = engine.run(word="crash", restart_policy={"Name": "always"})
    engine.until(lambda: engine.plain.containers.get("web").attrs["RestartCount"] >= 2)
    engine.behave("healthy")
    engine.until(lambda: engine.health(port) == 200)
    container.stop(timeout=GRACE)
    count = engine.plain.containers.get("web").attrs["RestartCount"]
    assert engine.states() == {"web": "exited"}
    assert engine.plain.containers.get("web").attrs["RestartCount"] == count


# -- streams ----------------------------------------------------------------------------------------------------------


def test_logs_that_are_followed_come_as_they_are_written_and_end_with_their_container(engine: Served) -> None:
    container, _ = engine.run(word="slow=0.3", tty=True)
    with streamed(engine.client, f"/containers/{container.id}/logs?stdout=1&stderr=1&follow=1") as lines:
        assert next(lines) == b"stand-in: port 8000, slow=0.3"
        engine.behave("crash")
        assert list(lines) == [b"stand-in: crashing, as told"]


def test_events_come_as_they_happen(engine: Served) -> None:
    with streamed(engine.client, '/events?filters={"container":["web"]}') as lines:
        actions = (json.loads(line)["Action"] for line in lines)
        container, _ = engine.run()
        assert [next(actions) for _ in range(2)] == ["create", "start"]
        container.remove(force=True)
        assert [next(actions) for _ in range(3)] == ["kill", "die", "destroy"]


def test_events_until_a_moment_end_then(engine: Served) -> None:
    container, _ = engine.run()
    end = int(today().timestamp()) + 1
    told = engine.client.events(since=0, until=end, decode=True, filters={"container": container.id})
    assert [event["Action"] for event in told] == ["create", "start"]


def test_a_wait_ends_when_its_container_does(engine: Served) -> None:
    container, _ = engine.run()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(container.wait, timeout=LIMIT)
        container.kill()
        assert waiting.result(LIMIT)["StatusCode"] == 137


def test_clients_that_leave_their_streams_leave_nothing_open(folder: Path, until: Until) -> None:
    targets = ("/events", *["/containers/web/logs?stdout=1&follow=1"] * 3)
    with program(folder, until) as engine:
        with client_of(engine.path) as client:
            client.containers.run(TAG, detach=True, name="web")
        until(lambda: engine.sockets() <= IDLE)
        with client_of(engine.path) as client, ExitStack() as streams:
            for target in targets:
                streams.enter_context(streamed(client, target))
            until(lambda: engine.sockets() == IDLE + len(targets))
        until(lambda: engine.sockets() == IDLE)
        assert answers(engine.path)


# -- errors and crowds ------------------------------------------------------------------------------------------------


def test_what_is_not_emulated_is_404_with_an_error_body(engine: Served) -> None:
    with closing(docker.APIClient(f"unix://{engine.path}", version="1.41", timeout=int(LIMIT))) as client:
        answer = client.post(f"{client.base_url}/v1.41/build?t=x")
    assert (answer.status_code, answer.json()) == (404, {"message": "page not found"})
    assert answer.headers["Content-Type"] == "application/json"


def test_twenty_clients_at_once_leave_nothing(engine: Served) -> None:
    with ExitStack() as held:  # all at once, or one may be given out twice
        ports = [held.enter_context(socket.create_server(("", 0))).getsockname()[1] for _ in range(20)]

    def cycle(number: int) -> None:
        with client_of(engine.path) as client:
            container = client.containers.create(TAG, name=f"web-{number}", ports={"8000/tcp": ports[number]})
            for _ in range(2):
                container.start()
                container.stop(timeout=GRACE)
            container.remove()

    with ThreadPoolExecutor(20) as pool:
        assert len(list(pool.map(cycle, range(20)))) == 20
    assert engine.states() == {}
    assert all(engine.free(port) for port in ports)


def test_of_twenty_clients_that_want_one_name_and_port_one_gets_it(engine: Served) -> None:
    port = engine.host.free_port()

    def attempt(_: int) -> int:
        with client_of(engine.path) as client:
            try:
                client.containers.run(TAG, detach=True, name="web", ports={"8000/tcp": port})
            except APIError as error:
                return int(error.status_code)
            return 0

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(attempt, range(20))) == [0, *[409] * 19]
    assert engine.states() == {"web": "running"}


# -- faults -----------------------------------------------------------------------------------------------------------


def fault(engine: Served, name: str, **settings: Any) -> None:
    """Switch one on by the command, which asks the control route."""
    found = command("fault", name, *(f"{key}={value}" for key, value in settings.items()), "--socket", str(engine.path))
    assert found.exit_code == 0, found.output


def lost(call: Callable[[], object]) -> str:
    """The library's error for a reply that does not come."""
    with pytest.raises(requests.RequestException) as caught:
        call()
    return type(caught.value).__name__


def create(engine: Served) -> Callable[[], object]:
    return lambda: engine.client.containers.create(TAG, name="web")


def a_lost_create(engine: Served, name: str, *, effect: bool) -> str:
    """What a client sees of a create whose reply is lost; whether the engine has carried it out is what it should be."""
    fault(engine, name, call="create")
    seen = lost(create(engine))
    assert engine.states() == ({"web": "created"} if effect else {})
    return seen


def a_refused(engine: Served, name: str, call: Callable[[], object]) -> tuple[int, str]:
    """How a call is refused once, and not the next time."""
    fault(engine, name)
    seen = refused(call)
    call()
    return seen


def of_reset(engine: Served) -> None:
    assert a_lost_create(engine, "connection-reset", effect=False) == "ConnectionError"


def of_lost_before(engine: Served) -> None:
    assert a_lost_create(engine, "reply-lost-before", effect=False) == "ConnectionError"


def of_lost_after(engine: Served) -> None:
    assert a_lost_create(engine, "reply-lost-after", effect=True) == "ConnectionError"


def of_truncated(engine: Served) -> None:
    assert a_lost_create(engine, "truncated-json", effect=True) == "ChunkedEncodingError"


def of_server_error(engine: Served) -> None:
    assert a_refused(engine, "server-error", create(engine)) == (500, "create: the engine failed, as told")


def of_name_conflict(engine: Served) -> None:
    status, text = a_refused(engine, "name-conflict", create(engine))
    assert (status, "is already in use by container" in text) == (409, True)


def of_image_gone(engine: Served) -> None:
    assert a_refused(engine, "image-gone", create(engine))[0] == 404


def of_port_allocated(engine: Served) -> None:
    create(engine)()
    status, text = a_refused(engine, "port-allocated", engine.client.containers.get("web").start)
    assert (status, text.endswith("port is already allocated")) == (500, True)


def of_missing_gpu_driver(engine: Served) -> None:
    create(engine)()
    status, text = a_refused(engine, "missing-gpu-driver", engine.client.containers.get("web").start)
    assert (status, text.startswith("could not select device driver")) == (500, True)


def of_removal_in_progress(engine: Served) -> None:
    create(engine)()
    status, text = a_refused(engine, "removal-in-progress", engine.client.containers.get("web").remove)
    assert (status, text.endswith("is already in progress")) == (409, True)
    assert engine.states() == {}


def of_hang(engine: Served) -> None:
    fault(engine, "hang", call="create")
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(create(engine))
        engine.until(lambda: ask(engine.path, "GET")["struck"] == ["hang on create"])
        assert engine.states() == {}
        assert not hanging.done()
        ask(engine.path, "DELETE")
        hanging.result(LIMIT)
    assert engine.states() == {"web": "created"}


def of_latency(engine: Served) -> None:
    fault(engine, "latency", milliseconds=1500, call="create", container="web")
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(create(engine))
        engine.until(lambda: ask(engine.path, "GET")["struck"] == ["latency on create"])
        assert engine.states() == {"web": "created"}, "it is done, and only its reply comes later"
        assert not late.done()
        late.result(LIMIT)
    fault(engine, "latency", milliseconds=LONG * 1000)
    with closing(docker.DockerClient(f"unix://{engine.path}", version="1.41", timeout=1)) as impatient:
        assert lost(lambda: impatient.containers.create(TAG, name="other")) == "ReadTimeout"
    assert engine.states() == {"web": "created", "other": "created"}


def of_engine_restart(engine: Served) -> None:
    engine.run()
    engine.run("revived", restart_policy={"Name": "always"})
    fault(engine, "engine-restart", milliseconds=1000)
    assert lost(engine.client.ping) == "ConnectionError"
    engine.until(lambda: pings(engine.client))
    assert engine.states() == {"web": "exited", "revived": "running"}


def of_container_dies(engine: Served) -> None:
    container, _ = engine.run()
    fault(engine, "container-dies", container="web", code=5)
    assert container.wait(timeout=LIMIT)["StatusCode"] == 5


def of_oom_kill(engine: Served) -> None:
    container, _ = engine.run()
    fault(engine, "oom-kill", container="web")
    container.reload()
    state = container.attrs["State"]
    assert (state["Status"], state["ExitCode"], state["OOMKilled"]) == ("exited", 137, True)


def of_server_exits(engine: Served) -> None:
    container, _ = engine.run()
    fault(engine, "server-exits", container="web", code=7)
    assert container.wait(timeout=LIMIT)["StatusCode"] == 7
    container.start()
    assert container.wait(timeout=LIMIT)["StatusCode"] == 7


def of_slow_ready(engine: Served) -> None:
    container, port = engine.run()
    fault(engine, "slow-ready", container="web", seconds=LONG)
    container.restart(timeout=GRACE)
    assert engine.health(port) == 0
    ask(engine.path, "DELETE")
    container.restart(timeout=GRACE)
    engine.until(lambda: engine.health(port) == 200)


def of_sigterm_ignored(engine: Served) -> None:
    container, _ = engine.run()
    fault(engine, "sigterm-ignored", container="web")
    container.stop(timeout=1)
    assert container.wait(timeout=LIMIT)["StatusCode"] == 137


def of_foreign_container(engine: Served) -> None:
    port = engine.host.free_port()
    fault(engine, "foreign-container", container="web", port=port)
    assert engine.states() == {"web": "running"}
    assert refused(create(engine))[0] == 409
    other = engine.client.containers.create(TAG, ports={"8000/tcp": port})
    assert refused(other.start)[0] == 500
    ask(engine.path, "DELETE")
    engine.until(lambda: "web" not in engine.states())
    other.start()


def of_noop(engine: Served) -> None:
    fault(engine, "noop")
    create(engine)()
    assert ask(engine.path, "GET")["struck"] == []


def pings(client: docker.DockerClient) -> bool:
    try:
        return bool(client.ping())
    except requests.ConnectionError:
        return False


SEEN: Mapping[str, Callable[[Served], None]] = {
    "connection-reset": of_reset,
    "reply-lost-before": of_lost_before,
    "reply-lost-after": of_lost_after,
    "truncated-json": of_truncated,
    "server-error": of_server_error,
    "name-conflict": of_name_conflict,
    "image-gone": of_image_gone,
    "port-allocated": of_port_allocated,
    "missing-gpu-driver": of_missing_gpu_driver,
    "removal-in-progress": of_removal_in_progress,
    "hang": of_hang,
    "latency": of_latency,
    "engine-restart": of_engine_restart,
    "container-dies": of_container_dies,
    "oom-kill": of_oom_kill,
    "server-exits": of_server_exits,
    "slow-ready": of_slow_ready,
    "sigterm-ignored": of_sigterm_ignored,
    "foreign-container": of_foreign_container,
    "noop": of_noop,
}
"""What a client sees of each fault."""


@pytest.mark.parametrize("name", KINDS)
def test_what_a_client_sees_of_a_fault(engine: Served, name: str) -> None:
    assert name in SEEN, f"tests/surface/test_engine_server.py: SEEN does not say what a client sees of {name}"
    SEEN[name](engine)


def test_no_fault_strikes_the_socket_for_looking(engine: Served) -> None:
    fault(engine, "server-error", times=0)
    engine.plain.containers.create(TAG, name="web")
    assert refused(lambda: engine.client.containers.create(TAG))[0] == 500
    assert engine.states() == {"web": "created"}


def test_faults_are_switched_told_and_healed_by_commands(engine: Served) -> None:
    there = ("--socket", str(engine.path))
    switched = command("fault", "server-error", "call=start", "times=0", *there)
    assert (switched.exit_code, switched.output) == (0, "on: server-error call=start\n")
    create(engine)()
    assert refused(engine.client.containers.get("web").start)[0] == 500
    told = command("faults", *there)
    assert told.output.splitlines()[:2] == ["on: server-error call=start", "struck: server-error on start"]
    assert [line.strip().partition(":")[0] for line in told.output.splitlines()[3:]] == list(KINDS)
    healed = command("heal", *there)
    assert (healed.exit_code, healed.output.splitlines()[0]) == (0, "on: none")
    engine.client.containers.get("web").start()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("fault", "nosuch"), "'nosuch' is not one of"),
        (("fault", "hang", "nosuch=1"), "hang: expected settings of"),
        (("fault", "hang", "nosuch"), "expected settings as KEY=VALUE, got 'nosuch'"),
        (("fault", "hang", "times=often"), "hang: expected"),
        (("fault", "oom-kill"), "oom-kill: expected"),
        (("fault", "oom-kill", "container=nosuch"), "No such container: nosuch"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_what_was_expected(
    engine: Served, words: tuple[str, ...], told: str
) -> None:
    command = [sys.executable, "-m", "churn", "engine", *words, "--socket", str(engine.path)]
    env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "300"}
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT, env=env)
    assert found.returncode == 2
    assert told in found.stderr
    assert ask(engine.path, "GET")["on"] == []


@pytest.mark.parametrize("words", [("faults",), ("heal",), ("fault", "noop")])
def test_a_command_without_an_engine_says_so(folder: Path, words: tuple[str, ...]) -> None:
    found = command(*words, "--socket", str(folder / "engine.sock"))
    assert isinstance(found.exception, UsageError)
    assert "expected an engine that `churn engine serve` serves there" in str(found.exception)


@pytest.mark.parametrize(
    ("method", "body", "told"),
    [
        ("POST", b"nonsense", "Expecting value"),
        ("POST", b"[]", 'expected {"name": '),
        ("POST", b'{"name": "nosuch"}', "expected a fault of"),
        ("PUT", b"{}", "expected GET, POST or DELETE, got PUT"),
    ],
)
def test_a_control_request_that_cannot_be_is_refused(engine: Served, method: str, body: bytes, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        ask(engine.path, method, body)
    assert told in str(caught.value)


# -- the docker command -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("docker") is None, reason="there is no docker command on PATH")
def test_the_docker_command_works_on_it(engine: Served, tmp_path: Path) -> None:
    port = engine.host.free_port()
    env = {
        **os.environ,
        "DOCKER_HOST": f"unix://{engine.path}",
        "DOCKER_CONFIG": str(tmp_path),
        "PORT": str(port),
        "IMAGE": TAG,
    }

    def run(line: str) -> str:
        ended = subprocess.run(["sh", "-ec", line], capture_output=True, text=True, check=False, timeout=LIMIT, env=env)
        assert (ended.returncode, ended.stderr) == (0, ""), line
        return ended.stdout.strip()

    assert len(run("docker run -d --name web -p $PORT:8000 --label team=a $IMAGE")) == 64
    assert run("docker ps --filter label=team=a --format '{{.Names}} {{.Image}}'") == f"web {TAG}"
    assert run("docker port web 8000 | head -n 1") == f"0.0.0.0:{port}"
    assert (
        run("docker logs -f web & sleep 0.2; docker stop -t 3 web >/dev/null; wait") == "stand-in: port 8000, healthy"
    )
    assert run("docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' web") == "exited 0"
    assert run("docker rm web; docker ps -aq") == "web"


def test_a_container_that_is_not_there_is_the_sdks_own_error(engine: Served) -> None:
    with pytest.raises(NotFound):
        engine.client.containers.get("nosuch")
