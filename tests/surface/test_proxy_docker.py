"""The stock docker command and the SDK through the proxy, in front of a real engine: as without it, but for the faults."""

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, ClassVar

import docker
import pytest
import requests
from attrs import define

from answers import answers_closed
from churn import errors
from churn.lifecycle.observation import Resource, ResourceKind
from churn.system.engines.docker import DockerEngine
from churn.system.faults.gate import Call, Fault, Gate, Lost, Refused, Struck
from churn.system.protocols import ListedContainer
from churn.system.proxy import Proxy, proxied
from churn.system.proxy.hooks import ProxyHooks
from sandbox import Sandbox

pytestmark = pytest.mark.docker

LONG = 60.0
"""Seconds that no test waits for: what takes as long has hung."""

IMPATIENT = 1.0
"""Seconds after which a client of a reply that does not come gives up."""

OWNER = "churn.owner"
RAW_STREAM_HEADER = 8
BIG = 3 << 20
"""Bytes, more than all buffers on the way hold."""


@define
class Strike(Fault):
    """Answers calls of that verb, before or after the engine has them."""

    name: ClassVar[str] = "strike"
    told: Refused | Lost = Lost.CLOSED
    verb: str = "create"
    late: bool = False

    def concerns(self, call: Call) -> bool:
        return call.verb == self.verb

    def before(self, call: Call) -> Refused | Lost | None:  # noqa: ARG002 -- a seam
        return None if self.late else self.told

    def after(self, call: Call) -> Lost | None:  # noqa: ARG002 -- a seam
        return self.told if self.late and isinstance(self.told, Lost) else None


@define
class Front:
    """A proxy in front of the engine, and clients of it."""

    proxy: Proxy
    gate: Gate
    sandbox: Sandbox

    def name(self, short: str = "a") -> str:
        return f"{self.sandbox.run}-{short}"

    def env(self) -> dict[str, str]:
        return {**os.environ, "DOCKER_HOST": self.proxy.url}

    def docker(self, *words: str, said: bytes = b"", fails: bool = False, timeout: float = LONG) -> bytes:
        """What the command printed: its errors where it fails, as it then has to."""
        done = subprocess.run(
            ["docker", *words], env=self.env(), input=said, capture_output=True, timeout=timeout, check=False
        )
        assert bool(done.returncode) == fails, done.stderr.decode()
        return done.stderr if fails else done.stdout

    def follow(self, *words: str) -> subprocess.Popen[bytes]:
        """The command, running: its output can be read, its input written."""
        return subprocess.Popen(
            ["docker", *words], env=self.env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )

    def run(self, *words: str, short: str = "a") -> str:
        """A container that `docker run -d` has started; its id."""
        return self.docker("run", "-d", "--name", self.name(short), *words).decode().strip()

    def sleeper(self) -> str:
        """A container with nothing to do."""
        return self.run("--init", "--entrypoint", "sleep", self.sandbox.tag, "600")

    def sdk(self, timeout: float = LONG) -> Any:
        return docker.APIClient(base_url=self.proxy.url, version="auto", timeout=timeout)

    def listed(self, short: str = "a") -> ListedContainer | None:
        """That container as the engine itself lists it; None where there is none."""
        rows = [row for row in self.sandbox.engine.list() if row.name == self.name(short)]
        return rows[0] if rows else None


@pytest.fixture
def front(sandbox: Sandbox, tmp_path: Path) -> Iterator[Front]:
    if shutil.which("docker") is None:
        pytest.skip("there is no docker command")
    url = sandbox.engine.url
    if not url.startswith(("unix://", "tcp://")) or os.environ.get("DOCKER_TLS_VERIFY"):
        pytest.skip(f"the proxy cannot speak to an engine at {url}, or not with TLS")
    gate = Gate()
    with proxied(url, tmp_path, {**sandbox.labels, OWNER: "x"}, gate) as proxy:
        yield Front(proxy, gate, sandbox)


@pytest.fixture
def sdk(front: Front) -> Iterator[Any]:
    with closing(front.sdk()) as client, answers_closed(client):
        yield client


# The docker command


def test_a_container_of_the_commands_is_labelled_and_lives_as_without_the_proxy(front: Front) -> None:
    port = front.sandbox.host.free_port()
    container = front.run(
        *("--label", "mine=1", "-p", f"{port}:{port}", front.sandbox.tag, "serve", "/models", "--port", str(port))
    )
    assert front.docker("ps", "-q", "--no-trunc", "--filter", f"label={OWNER}=x").decode().split() == [container]
    told = front.sandbox.engine.inspect(container)
    assert told.labels.items() >= {**front.sandbox.labels, OWNER: "x", "mine": "1"}.items()
    assert (told.state, told.ports) == ("running", (port,))
    assert front.proxy.containers() == (container,)

    assert front.docker("stop", container).decode().strip() == container
    assert front.sandbox.engine.inspect(container).state == "exited"
    front.docker("rm", front.name())
    assert front.listed() is None
    assert "No such container" in front.docker("rm", front.name(), fails=True).decode()
    told_paths = {access.path.partition("?")[0].rpartition("/")[2] for access in front.proxy.accesses()}
    assert told_paths >= {"_ping", "create", "start", "stop", "json"}


def test_networks_and_volumes_are_labelled(front: Front, sdk: Any) -> None:
    made = {
        ResourceKind.NETWORK: (front.name("n"), front.name("m")),
        ResourceKind.VOLUME: (front.name("v"), front.name("w")),
    }
    front.docker("network", "create", made[ResourceKind.NETWORK][0])
    front.docker("volume", "create", made[ResourceKind.VOLUME][0])
    sdk.create_network(made[ResourceKind.NETWORK][1])
    sdk.create_volume(made[ResourceKind.VOLUME][1])
    expected = {Resource(kind, name) for kind, names in made.items() for name in names}
    assert front.sandbox.engine.resources({OWNER: "x", **front.sandbox.labels}) == expected
    for resource in expected:
        front.sandbox.engine.remove_resource(resource)


def test_logs_are_followed_as_they_come(front: Front) -> None:
    script = "echo first; until [ -e /go ]; do sleep 0.05; done; echo second"
    container = front.run("--entrypoint", "sh", front.sandbox.tag, "-c", script)
    with front.follow("logs", "-f", container) as logs:
        assert logs.stdout
        assert logs.stdout.readline() == b"first\n"
        front.docker("exec", container, "sh", "-c", ": > /go")
        assert logs.stdout.readline() == b"second\n"
        assert logs.wait(LONG) == 0


def test_events_come_as_they_happen(front: Front) -> None:
    words = ("--filter", f"label=churn.test={front.sandbox.run}", "--format", "{{.Action}}")
    container = (
        front.docker("create", "--name", front.name(), "--entrypoint", "true", front.sandbox.tag).decode().strip()
    )
    with front.follow("events", "--since", "10m", *words) as events:
        assert events.stdout
        assert events.stdout.readline() == b"create\n"
        front.docker("start", "-a", container)
        front.docker("rm", container)
        heard = [events.stdout.readline().decode().strip() for _ in range(4)]
        assert heard == ["attach", "start", "die", "destroy"]
        events.terminate()


def test_what_goes_into_an_exec_comes_out_of_it(front: Front) -> None:
    content = os.urandom(BIG)
    assert front.docker("exec", "-i", front.sleeper(), "cat", said=content) == content


def test_an_exec_tells_its_exit_code(front: Front) -> None:
    container = front.sleeper()
    with front.follow("exec", container, "sh", "-c", "exit 7") as done:
        assert done.wait(LONG) == 7


def test_a_run_in_the_foreground_is_attached(front: Front) -> None:
    content = os.urandom(BIG)
    words = ("run", "-i", "--rm", "--name", front.name(), "--entrypoint", "cat", front.sandbox.tag)
    assert front.docker(*words, said=content) == content
    assert front.listed() is None


def test_a_client_that_leaves_its_attachment_leaves_the_container_running(front: Front) -> None:
    container = front.run("-i", "--entrypoint", "cat", front.sandbox.tag)
    for line in (b"one\n", b"two\n"):
        with front.follow("attach", container) as attached:
            assert attached.stdin
            assert attached.stdout
            attached.stdin.write(line)
            assert attached.stdout.readline() == line
            attached.kill()
    assert front.sandbox.engine.inspect(container).running


def test_files_are_copied_in_and_out(front: Front, tmp_path: Path) -> None:
    container = front.sleeper()
    (tmp_path / "in").write_bytes(os.urandom(BIG))
    front.docker("cp", str(tmp_path / "in"), f"{container}:/tmp/file")
    front.docker("cp", f"{container}:/tmp/file", str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == (tmp_path / "in").read_bytes()


def test_images_are_imported_saved_and_loaded(front: Front, tmp_path: Path) -> None:
    engine = front.sandbox.engine
    tag = f"{front.sandbox.run}:1"
    saved = str(tmp_path / "saved")
    try:
        front.docker("import", "-", tag, said=archive(os.urandom(BIG)))
        front.docker("save", "-o", saved, tag)
        engine.remove_resource(Resource(ResourceKind.IMAGE, tag))
        assert not engine.has_image(tag)
        front.docker("load", "-i", saved)
        assert engine.has_image(tag)
    finally:
        with suppress(errors.NotFound):
            engine.remove_resource(Resource(ResourceKind.IMAGE, tag))


def test_a_client_that_is_killed_in_an_upload_leaves_nothing(front: Front) -> None:
    tag = f"{front.sandbox.run}:2"
    with front.follow("import", "-", tag) as importing:
        assert importing.stdin
        importing.stdin.write(archive(bytes(BIG))[:-BIG])
        importing.kill()
    front.proxy.interrupt(0)  # returns when no connection is left
    assert not front.sandbox.engine.has_image(tag)


# The SDK


def test_a_container_of_the_sdks_is_labelled_and_lives_as_without_the_proxy(front: Front, sdk: Any) -> None:
    made = sdk.create_container(front.sandbox.tag, name=front.name(), labels={OWNER: "somebody", "mine": "1"})
    sdk.start(made["Id"])
    told = front.sandbox.engine.inspect(made["Id"])
    assert (told.state, told.labels[OWNER], told.labels["mine"]) == ("running", "x", "1")
    sdk.stop(made["Id"])
    sdk.remove_container(made["Id"])
    assert front.listed() is None
    assert front.proxy.containers() == (made["Id"],)


def test_the_sdk_streams(front: Front, sdk: Any) -> None:
    container = front.sleeper()
    content = os.urandom(BIG)
    assert sdk.put_archive(container, "/tmp", archive(content))  # noqa: S108 -- the container's
    pieces, _ = sdk.get_archive(container, "/tmp/file")  # noqa: S108 -- the container's
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        member = tar.extractfile("file")
        assert member
        assert member.read() == content
    job = sdk.exec_create(container, ["cat", "/tmp/file"])["Id"]  # noqa: S108 -- the container's
    assert sdk.exec_start(job) == content
    job = sdk.exec_create(container, ["cat"], stdin=True)["Id"]
    talk = sdk.exec_start(job, socket=True)._sock
    talk.sendall(b"hello")
    assert talk.recv(100)[RAW_STREAM_HEADER:] == b"hello"


def test_the_engine_of_churns_own_works_through_it(front: Front) -> None:
    engine = DockerEngine(os.environ, front.proxy.url)
    with closing(engine):
        container = engine.create(front.sandbox.spec())
        engine.start(container)
        assert engine.inspect(container).labels[OWNER] == "x"
        assert [event.action for event in engine.events() if event.container == container] == ["create", "start"]
        with pytest.raises(errors.NameTaken):
            engine.create(front.sandbox.spec())
        engine.remove(container, force=True)
        with pytest.raises(errors.NotFound):
            engine.inspect(container)


# Faults

COMMANDS_WORDS = {
    Lost.CLOSED: r"EOF",
    Lost.RESET: r"connection reset by peer",
    Lost.TRUNCATED: r"EOF|malformed HTTP response",
}
SDKS_EXCEPTIONS = {
    Lost.CLOSED: (requests.ConnectionError, "RemoteDisconnected"),
    Lost.RESET: (requests.ConnectionError, "ConnectionResetError"),
    Lost.TRUNCATED: (requests.RequestException, r"RemoteDisconnected|IncompleteRead|BadStatusLine"),
    Lost.HANG: (requests.ReadTimeout, "Read timed out"),
}


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("verb", ["create", "start"])
@pytest.mark.parametrize("lost", [one for one in Lost if one is not Lost.CUT])  # nobody sees that one
def test_the_command_sees_a_lost_reply_and_the_engine_has_done_it_or_not(
    front: Front, lost: Lost, verb: str, *, late: bool
) -> None:
    prepare(front, verb)
    front.gate.switch_on(Strike(lost, verb, late=late, times=0))
    words = ("create", "--name", front.name(), front.sandbox.tag) if verb == "create" else ("start", front.name())
    if lost is Lost.HANG:
        with pytest.raises(subprocess.TimeoutExpired):
            front.docker(*words, timeout=IMPATIENT)
    else:
        assert re.search(COMMANDS_WORDS[lost], front.docker(*words, fails=True).decode())
    assert front.gate.struck == [Struck("strike", verb)]
    look_at_the_effect(front, verb, late=late)


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("verb", ["create", "start"])
@pytest.mark.parametrize("lost", [one for one in Lost if one is not Lost.CUT])  # nobody sees that one
def test_the_sdk_sees_a_lost_reply_and_the_engine_has_done_it_or_not(
    front: Front, lost: Lost, verb: str, *, late: bool
) -> None:
    prepare(front, verb)
    front.gate.switch_on(Strike(lost, verb, late=late, times=0))
    kind, text = SDKS_EXCEPTIONS[lost]
    with closing(front.sdk(IMPATIENT)) as client, pytest.raises(kind, match=text):
        client.create_container(front.sandbox.tag, name=front.name()) if verb == "create" else client.start(
            front.name()
        )
    assert front.gate.struck == [Struck("strike", verb)]
    look_at_the_effect(front, verb, late=late)


def test_a_reply_that_hangs_comes_when_the_fault_is_off(front: Front) -> None:
    front.gate.switch_on(Strike(Lost.HANG, "create", late=True, times=0))
    with front.follow("create", "--name", front.name(), front.sandbox.tag) as creating:
        with pytest.raises(subprocess.TimeoutExpired):
            creating.wait(IMPATIENT)
        front.gate.heal()
        assert creating.wait(LONG) == 0
        assert creating.stdout
        assert (creating.stdout.read().decode().strip(),) == front.proxy.containers()


def test_a_refusal_reads_like_the_engines_own(front: Front, sdk: Any) -> None:
    front.gate.switch_on(Strike(Refused(500, "no space left on device"), times=0))
    words = ("create", "--name", front.name(), front.sandbox.tag)
    assert front.docker(*words, fails=True).decode().strip() == "Error response from daemon: no space left on device"
    with pytest.raises(docker.errors.APIError, match="no space left on device") as told:
        sdk.create_container(front.sandbox.tag, name=front.name())
    assert told.value.status_code == 500
    assert front.listed() is None


def test_the_command_asks_again_on_its_own_where_the_reply_to_a_read_is_lost(front: Front) -> None:
    front.sleeper()
    front.gate.switch_on(Strike(Lost.CLOSED, "list"))
    assert front.name() in front.docker("ps", "--format", "{{.Names}}").decode().split()
    assert front.gate.struck == [Struck("strike", "list")]


def test_an_interruption_looks_like_an_engine_that_restarts(front: Front) -> None:
    container = front.sleeper()
    with front.follow("exec", "-i", container, "cat") as talking:
        assert talking.stdin
        assert talking.stdout
        talking.stdin.write(b"hello")
        assert talking.stdout.read(5) == b"hello"
        front.proxy.interrupt(LONG)
        talking.wait(LONG)
    assert "Cannot connect to the Docker daemon" in front.docker("ps", fails=True).decode()
    front.proxy.resume()
    assert front.docker("exec", container, "sh", "-c", "echo again") == b"again\n"


@pytest.mark.parametrize("live", [False, True], ids=["plain", "live"])
def test_a_restart_obeys_restart_policies_as_an_engine_does(front: Front, *, live: bool) -> None:
    """One that was stopped comes back by `always` alone; one without a policy stays dead."""
    sleep = ("--init", "--entrypoint", "sleep", front.sandbox.tag, "600")
    for short, policy in (("no", "no"), ("us", "unless-stopped"), ("al", "always")):
        for stopped in ("", "-stopped"):
            front.run("--restart", policy, *sleep, short=f"{short}{stopped}")
    for short in ("no", "us", "al"):
        front.docker("stop", "-t", "0", front.name(f"{short}-stopped"))
    hooks = ProxyHooks(front.sandbox.engine, front.proxy, {**front.sandbox.labels, OWNER: "x"}, front.sandbox.tag)
    hooks.restart(live=live, seconds=0.1)
    shorts = ("no", "us", "al", "no-stopped", "us-stopped", "al-stopped")
    states = {short: found.state for short in shorts if (found := front.listed(short)) is not None}
    assert states == {
        "no": "running" if live else "exited",
        "us": "running",
        "al": "running",
        "no-stopped": "exited",
        "us-stopped": "exited",
        "al-stopped": "running",
    }


def archive(content: bytes) -> bytes:
    """A tar with a file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("file")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def prepare(front: Front, verb: str) -> None:
    """What has to be there for that call."""
    if verb == "start":
        front.docker("create", "--name", front.name(), front.sandbox.tag)


def look_at_the_effect(front: Front, verb: str, *, late: bool) -> None:
    """The engine has carried out the one call where it got it, nothing else, and all is well once the fault is off."""
    front.gate.heal()
    found = front.listed()
    if verb == "create":
        assert (found is not None) == late
        assert front.proxy.containers() == ((found.id,) if found else ())
    else:
        assert found is not None
        assert found.state == ("running" if late else "created")
    if found is None:
        front.docker("create", "--name", front.name(), front.sandbox.tag)
    front.docker("start", front.name())
    assert front.sandbox.inspect().running
    assert len(front.sandbox.engine.list(front.sandbox.labels)) == 1
