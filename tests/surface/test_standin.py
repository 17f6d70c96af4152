"""The stand-in image: made on any engine, and behaving as its file says, from start to end."""

import socket
import stat
from collections.abc import Callable
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from churn import errors
from churn.lifecycle.observation import Resource, ResourceKind
from churn.system.clock import RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.protocols import Mount
from churn.system.servers import answer, answer_while_loading, table
from churn.system.standin import image

pytestmark = pytest.mark.docker

Until = Callable[..., float]

AT_ONCE = 3.0
"""Seconds in which what takes no time is surely seen, on a slow machine too; well under a stop's grace of ten."""

HUNG = 0.5
"""Seconds without an answer that tell a server that hangs."""


def healthy(sandbox: Any, port: int) -> bool:
    return bool(sandbox.host.health(port, "/health", AT_ONCE) == 200)


def ended(sandbox: Any, code: int) -> bool:
    told = sandbox.inspect()
    return (told.state, told.exit_code) == ("exited", code)


# Serving


def test_it_serves_as_soon_as_it_is_started(sandbox: Any, until: Until) -> None:
    _, port = sandbox.serve()
    until(lambda: healthy(sandbox, port), within=AT_ONCE)
    assert sandbox.host.health(port, "/") == 200
    assert sandbox.host.health(port, "/health?verbose=1") == 200
    assert sandbox.host.health(port, "/metrics") == 404


@pytest.mark.parametrize("word", [None, "", "healthy"])
def test_it_serves_where_the_file_is_missing_or_empty(sandbox: Any, until: Until, word: str | None) -> None:
    port = sandbox.host.free_port()
    if word is not None:
        sandbox.behave(word)
    sandbox.engine.start(sandbox.create(port=port))
    until(lambda: healthy(sandbox, port))


@pytest.mark.parametrize(
    "arguments",
    ["serve /models --max-model-len 8192 --port {}", "--host 0.0.0.0 --port={} --trust-remote-code"],
)
def test_its_port_is_found_among_the_servers_arguments(sandbox: Any, until: Until, arguments: str) -> None:
    port = sandbox.host.free_port()
    container = sandbox.create(port=port, command=tuple(arguments.format(port).split()))
    sandbox.engine.start(container)
    until(lambda: healthy(sandbox, port))


def test_its_default_port_is_8000(sandbox: Any, until: Until) -> None:
    container = sandbox.create()
    sandbox.engine.start(container)
    asked = ("busybox", "wget", "-qO-", "http://127.0.0.1:8000/health")
    until(lambda: sandbox.execute(container, *asked) == b"ok")


def test_its_own_layer_stays_untouched(sandbox: Any, until: Until) -> None:
    container = sandbox.create(port=(port := sandbox.host.free_port()), mounts=())
    sandbox.engine.start(container)
    until(lambda: healthy(sandbox, port))
    assert sandbox.engine.changes(container) == ()


def test_its_own_layer_stays_untouched_with_every_mount(sandbox: Any, until: Until) -> None:
    mounts = tuple(Mount(sandbox.folder, target) for target in image.BEHAVIOUR_MOUNTS)
    container = sandbox.create(port=(port := sandbox.host.free_port()), mounts=mounts)
    sandbox.engine.start(container)
    until(lambda: healthy(sandbox, port))
    assert sandbox.engine.changes(container) == ()


def test_a_client_that_says_nothing_does_not_keep_others_out(sandbox: Any, until: Until) -> None:
    _, port = sandbox.serve()
    until(lambda: healthy(sandbox, port))
    with closing(socket.create_connection(("127.0.0.1", port))):
        assert healthy(sandbox, port)


LLAMA = ("llama-server", "--host", "::", "--model", "/mnt/models/tiny.gguf", "--alias", "library/tiny")
VLLM = ("serve", "/models/tiny", "--served-model-name=tiny")


def asked(port: int, method: str, path: str, content: bytes = b"") -> tuple[int, str, str]:
    """Status, kind and content of the answer to a request."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=AT_ONCE)) as connection:
        connection.request(method, path, content or None)
        told = connection.getresponse()
        return told.status, told.getheader("Content-Type", ""), told.read().decode()


@pytest.mark.parametrize("argv", [LLAMA, VLLM], ids=["llama.cpp", "vLLM"])
def test_it_answers_as_emulated_servers_do(sandbox: Any, until: Until, argv: tuple[str, ...]) -> None:
    port = sandbox.host.free_port()
    sandbox.behave("slow=0.5")
    sandbox.engine.start(sandbox.create(port=port, command=(*argv, "--port", str(port))))
    early = answer_while_loading(argv)
    if early is not None:
        until(lambda: sandbox.host.health(port, "/v1/models", AT_ONCE) == 503)
        assert asked(port, "GET", "/v1/models") == (early.status, early.kind, early.content)
    until(lambda: healthy(sandbox, port))
    requests = [tuple(line.split(" ")[:2]) for line in table().splitlines()]
    for method, path in (*requests, ("GET", "/metrics"), ("POST", "/health")):
        told = answer(argv, method, path)
        content = b'{"prompt": "hello"}' * 1000 if method == "POST" else b""
        assert asked(port, method, path, content) == (told.status, told.kind, told.content), (method, path)


def test_it_adds_a_line_to_a_file_in_a_volume_where_it_is_told_to(sandbox: Any, until: Until) -> None:
    port = sandbox.host.free_port()
    written = Path(sandbox.folder) / "written"
    written.write_text("before\n")
    mounts = (Mount(sandbox.folder, "/behaviour", read_only=False),)
    container = sandbox.create(port=port, environment={"WRITES": "/behaviour/written"}, mounts=mounts)
    sandbox.engine.start(container)
    until(lambda: healthy(sandbox, port))
    assert written.read_text() == "before\n/models\n"


# Ending


def test_sigterm_ends_it_at_once_with_success(sandbox: Any, until: Until) -> None:
    container, port = sandbox.serve()
    until(lambda: healthy(sandbox, port))
    sandbox.engine.kill(container, "TERM")
    until(lambda: ended(sandbox, 0), within=AT_ONCE)


@pytest.mark.parametrize("word", ["slow=60", "unhealthy", "hang"])
def test_sigterm_ends_it_at_once_however_it_behaves(sandbox: Any, until: Until, word: str) -> None:
    container, _ = sandbox.serve(word)
    sandbox.engine.kill(container, "TERM")
    until(lambda: ended(sandbox, 0), within=AT_ONCE)


def test_ignoring_sigterm_it_has_to_be_killed(sandbox: Any, until: Until) -> None:
    container, port = sandbox.serve("ignore-sigterm")
    until(lambda: healthy(sandbox, port))
    began = RealClock().now()
    sandbox.engine.stop(container, grace=1)
    assert RealClock().now() - began >= 1
    assert sandbox.inspect().exit_code == 128 + 9


def test_it_obeys_sigterm_again_when_the_file_says_so(sandbox: Any, until: Until) -> None:
    container, port = sandbox.serve("ignore-sigterm")
    until(lambda: healthy(sandbox, port))
    sandbox.engine.kill(container, "TERM")
    assert healthy(sandbox, port)
    sandbox.behave("healthy")
    sandbox.engine.kill(container, "TERM")
    until(lambda: ended(sandbox, 0), within=AT_ONCE)


# Behaviours


def test_crash_at_the_start(sandbox: Any, until: Until) -> None:
    sandbox.serve("crash")
    until(lambda: ended(sandbox, 1), within=AT_ONCE)


def test_crash_while_it_runs(sandbox: Any, until: Until) -> None:
    _, port = sandbox.serve()
    until(lambda: healthy(sandbox, port))
    sandbox.behave("crash")
    until(lambda: ended(sandbox, 1), within=AT_ONCE)


def test_crash_while_it_loads(sandbox: Any, until: Until) -> None:
    sandbox.serve("slow=60")
    sandbox.behave("crash")
    until(lambda: ended(sandbox, 1), within=AT_ONCE)


def test_slow_does_not_listen_until_then(sandbox: Any, until: Until) -> None:
    began = RealClock().now()
    _, port = sandbox.serve("slow=0.7")
    until(lambda: healthy(sandbox, port))
    assert RealClock().now() - began >= 0.7


def test_slow_ends_when_the_file_says_so(sandbox: Any, until: Until) -> None:
    _, port = sandbox.serve("slow=60")
    assert not healthy(sandbox, port)
    sandbox.behave("healthy")
    until(lambda: healthy(sandbox, port), within=AT_ONCE)


def test_unhealthy_answers_so_and_recovers(sandbox: Any, until: Until) -> None:
    _, port = sandbox.serve("unhealthy")
    until(lambda: sandbox.host.health(port, "/health") == 503)
    sandbox.behave("healthy")
    assert healthy(sandbox, port)


def test_hang_accepts_without_an_answer_and_recovers(sandbox: Any, until: Until) -> None:
    container, port = sandbox.serve()
    until(lambda: healthy(sandbox, port))
    sandbox.behave("hang")
    with closing(socket.create_connection(("127.0.0.1", port), timeout=HUNG)) as client:
        client.sendall(b"GET /health HTTP/1.1\r\n\r\n")
        with pytest.raises(TimeoutError):
            client.recv(1)
    assert sandbox.engine.inspect(container).running
    sandbox.behave("healthy")
    assert healthy(sandbox, port)


@pytest.mark.parametrize("mount", image.BEHAVIOUR_MOUNTS)
def test_the_file_is_looked_for_in_each_mount(sandbox: Any, until: Until, mount: str) -> None:
    sandbox.behave("unhealthy")
    container = sandbox.create(port=(port := sandbox.host.free_port()), mounts=(Mount(sandbox.folder, mount),))
    sandbox.engine.start(container)
    until(lambda: sandbox.host.health(port, "/health") == 503)


def test_the_first_file_found_counts(sandbox: Any, until: Until) -> None:
    first, second = sandbox.host.folder("first"), sandbox.host.folder("second")
    sandbox.host.behave(first, "healthy")
    sandbox.host.behave(second, "crash")
    mounts = (Mount(first, "/behaviour"), Mount(second, "/models"))
    sandbox.engine.start(sandbox.create(port=(port := sandbox.host.free_port()), mounts=mounts))
    until(lambda: healthy(sandbox, port))


# Making the image


def test_an_image_that_is_there_is_not_made_again(docker_engine: DockerEngine, standin: str) -> None:
    before = docker_engine.image(standin)
    assert "busybox" in image.build(docker_engine, standin)
    assert docker_engine.image(standin) == before
    assert before is not None
    assert before.labels[image.LABEL] == "1"


def test_it_stands_in_for_an_image_that_is_missing_and_for_none_that_is_there(
    docker_engine: DockerEngine, standin: str, sandbox: Any
) -> None:
    missing, other = f"{sandbox.run}/server:1", f"{sandbox.run}/server:2"
    with image.standing_in(docker_engine, (missing, other)) as stands_in:
        assert stands_in
        assert docker_engine.image(missing) == docker_engine.image(standin)
        assert not docker_engine.has_image(other)
        with image.standing_in(docker_engine, (other, missing)) as stands_in:
            assert stands_in
            assert not docker_engine.has_image(other)
        assert docker_engine.has_image(missing), "another one's tag"
    assert not docker_engine.has_image(missing)
    assert docker_engine.has_image(standin)


def test_a_tag_that_was_moved_meanwhile_is_left_to_whoever_moved_it(
    docker_engine: DockerEngine, standin: str, sandbox: Any
) -> None:
    own = image.find_busybox(docker_engine.architecture())
    if own is None:
        pytest.skip("needs a static busybox to make another image")
    tag, other = f"{sandbox.run}/server:1", f"{sandbox.run}/other:1"
    try:
        with image.standing_in(docker_engine, (tag,)):
            docker_engine.import_image(image.archive(own), other, ["/bin/sh"])
            docker_engine.tag(other, tag)
        assert docker_engine.image(tag) == docker_engine.image(other) != docker_engine.image(standin)
        with image.standing_in(docker_engine, (tag,)) as stands_in:
            assert not stands_in, "it is another image"
    finally:
        for made in (tag, other):
            with suppress(errors.NotFound):
                docker_engine.remove_resource(Resource(ResourceKind.IMAGE, made))


def test_it_is_made_from_an_image_where_this_machine_has_no_busybox(
    docker_engine: DockerEngine, sandbox: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = image.find_busybox(docker_engine.architecture())
    if own is None:
        pytest.skip("needs a static busybox to make the base image")
    base, tag = f"{sandbox.run}/base:1", f"{sandbox.run}/stand-in:1"
    monkeypatch.setattr(image, "find_busybox", lambda _: None)
    try:
        docker_engine.import_image(image.archive(own), base, ["/bin/sh"])
        assert base in image.build(docker_engine, tag, base=base)
        assert base in image.build(docker_engine, tag, base=base)
        sandbox.tag = tag
        container, port = sandbox.serve()
        until(lambda: healthy(sandbox, port))
        assert docker_engine.changes(container) == ()
    finally:
        sandbox.clear()
        for made in (tag, base):
            with suppress(errors.NotFound):
                docker_engine.remove_resource(Resource(ResourceKind.IMAGE, made))


def test_with_neither_the_message_says_what_to_install(
    docker_engine: DockerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "find_busybox", lambda _: None)
    nowhere = "127.0.0.1:1/none:1"  # a registry that refuses connections
    with pytest.raises(errors.EnvironmentFault, match="apt-get install busybox-static"):
        image.build(docker_engine, "churn/never-made:1", base=nowhere)
    assert not docker_engine.has_image("churn/never-made:1")


def test_the_archive_is_always_the_same(tmp_path: Path) -> None:
    busybox = script(tmp_path, "busybox", "echo '-ll'")
    assert image.archive(busybox) == image.archive(busybox) != image.archive()


def elf(*segments: int, machine: int = 62) -> bytes:
    """The head of a 64-bit, little-endian ELF file with segments of these kinds."""
    table, size = 64, 56
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + b"\x02\x00" + machine.to_bytes(2, "little")
    head = head.ljust(32, b"\0") + table.to_bytes(8, "little")
    head = head.ljust(54, b"\0") + size.to_bytes(2, "little") + len(segments).to_bytes(2, "little")
    return head.ljust(table, b"\0") + b"".join(kind.to_bytes(4, "little").ljust(size, b"\0") for kind in segments)


LOAD, INTERPRETER = 1, 3


@pytest.mark.parametrize(
    ("binary", "fits"),
    [
        (elf(LOAD, LOAD), True),
        (elf(LOAD, INTERPRETER, LOAD), False),
        (elf(LOAD, machine=183), False),
        (elf(LOAD, LOAD)[:70], False),
        (b"#!/bin/sh\n", False),
        (b"", False),
    ],
    ids=["static", "dynamic", "another machine's", "cut off", "a script", "empty"],
)
def test_only_a_static_busybox_for_that_machine_is_taken(tmp_path: Path, binary: bytes, fits: bool) -> None:
    path = tmp_path / "busybox"
    path.write_bytes(binary)
    found = image.find_busybox("amd64", [str(tmp_path / "none"), str(path)])
    assert found == (path if fits else None)


def script(folder: Path, name: str, line: str) -> Path:
    """An executable that does just that."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
