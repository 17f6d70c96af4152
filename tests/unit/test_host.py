"""The host: what answers, what is free, who holds what is not."""

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from uuid import uuid4

import pytest

from churn.errors import EnvironmentFault
from churn.lifecycle.observation import Holder, Port
from churn.lifecycle.operations import Address
from churn.system.clock import RealClock
from churn.system.host import ALL_INTERFACES, RealHost

LISTENER = """
import socket, sys
with socket.socket() as listener:
    listener.bind(("127.0.0.1", int(sys.argv[1])))
    listener.listen()
    print("listening", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def host(tmp_path: Path) -> RealHost:
    return RealHost(folders=tmp_path / "folders", clock=RealClock())


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def listener(
    cleanup: ExitStack, host: RealHost, *, reuse: bool = True, listen: bool = True
) -> tuple[socket.socket, int]:
    """A socket of this process's on a free port of the loopback interface."""
    port = host.free_port()
    made = cleanup.enter_context(socket.socket())
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
    made.bind(("127.0.0.1", port))
    if listen:
        made.listen()
    return made, port


def answering(cleanup: ExitStack, host: RealHost, answer: bytes) -> int:
    """The port of a server that reads a request and says just that."""
    server, port = listener(cleanup, host)

    def serve() -> None:
        with closing(server.accept()[0]) as client:
            client.recv(1024)
            client.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    cleanup.callback(thread.join, 5)
    return port


def test_a_free_port_can_be_bound(host: RealHost) -> None:
    port = host.free_port()
    assert host.look({}, (port,)) == {port: Port(bindable=True)}


def test_a_free_port_of_a_range_is_its_first_that_nobody_has(host: RealHost) -> None:
    port = host.free_port()
    assert host.free_port_of((), (port, port)) == port
    assert host.free_port_of({port, port + 1}, (1, 65535)) not in (port, port + 1)
    with pytest.raises(EnvironmentFault, match=f"a free port from {port} to {port} for a service"):
        host.free_port_of({port}, (port, port))
    assert host.hold(port)
    with pytest.raises(EnvironmentFault):
        host.free_port_of((), (port, port))
    host.release()


@pytest.mark.parametrize("status", [200, 204, 404, 503])
def test_health_is_the_status(cleanup: ExitStack, host: RealHost, status: int) -> None:
    port = answering(cleanup, host, f"HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n".encode())
    assert host.health(port, "/health") == status


@pytest.mark.parametrize("answer", [b"", b"220 smtp ready\r\n", b"HTTP/1.1 ???\r\n\r\n", b"\xff\xfe\x00"])
def test_what_is_no_http_is_no_answer(cleanup: ExitStack, host: RealHost, answer: bytes) -> None:
    assert host.health(answering(cleanup, host, answer), "/health") == 0


def test_a_refused_connection_is_no_answer(host: RealHost) -> None:
    assert host.health(host.free_port(), "/health") == 0


def test_proxies_are_not_asked(cleanup: ExitStack, host: RealHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert host.health(answering(cleanup, host, b"HTTP/1.1 200 OK\r\n\r\n"), "/") == 200


def test_servers_that_hang_cost_one_timeout_together(cleanup: ExitStack, host: RealHost) -> None:
    ports = [listener(cleanup, host)[1] for _ in range(3)]
    began = RealClock().now()
    assert [place.health for place in host.look(dict.fromkeys(ports, "/health"), ()).values()] == [0, 0, 0]
    assert 2.0 <= RealClock().now() - began < 3.5


def test_look_gives_each_port_once_with_all_that_was_asked(cleanup: ExitStack, host: RealHost) -> None:
    port = answering(cleanup, host, b"HTTP/1.1 200 OK\r\n\r\n")
    seen = host.look({port: "/health"}, (port,))
    assert list(seen) == [port]
    assert (seen[port].healthy, seen[port].bindable) == (True, False)


def test_a_port_is_held_until_all_are_released(host: RealHost) -> None:
    port, other = host.free_port(), host.free_port()
    assert host.hold(port)
    assert host.hold(other)
    assert not host.hold(port)
    seen = host.look({}, (port, other))
    assert {found.holder for found in seen.values()} == {Holder.STRANGER}
    host.release()
    assert {found.bindable for found in host.look({}, (port, other)).values()} == {True}
    host.release()


def test_a_port_that_is_held_at_one_address_is_free_at_others_and_not_at_all_of_them(host: RealHost) -> None:
    port = host.free_port()
    assert host.hold(port, "127.0.0.1")
    assert [host.is_free(port, address) for address in ("127.0.0.1", Address.EVERY.value, "127.0.0.2")] == [
        False,
        False,
        True,
    ]
    assert host.look({}, (port,))[port].bindable is False
    host.release()
    assert host.is_free(port, "127.0.0.1")


def test_elsewhere_no_port_can_be_held(tmp_path: Path) -> None:
    assert not RealHost(address="192.0.2.1", folders=tmp_path, clock=RealClock()).hold(1)


def test_a_strangers_port_tells_the_process(cleanup: ExitStack, host: RealHost) -> None:
    _, port = listener(cleanup, host)
    name = Path("/proc/self/comm").read_text().strip()
    assert host.look({}, (port,)) == {port: Port(None, False, Holder.STRANGER, f"pid {os.getpid()} ({name})")}


def test_a_process_that_carries_a_marker_is_the_managers(cleanup: ExitStack, host: RealHost) -> None:
    port = host.free_port()
    env = {"CHURN_MARKER": uuid4().hex}
    child = cleanup.enter_context(
        subprocess.Popen(
            [sys.executable, "-c", LISTENER, str(port)], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    )
    cleanup.callback(child.kill)
    assert child.stdout is not None
    child.stdout.readline()
    seen = host.look({}, (port,))[port]
    assert (seen.bindable, seen.holder) == (False, Holder.MANAGER)
    assert seen.detail.startswith(f"pid {child.pid} (")


def test_a_holder_that_cannot_be_found_is_told_as_none(cleanup: ExitStack, host: RealHost) -> None:
    # Bound but not listening: such a socket is in no table.
    _, port = listener(cleanup, host, reuse=False, listen=False)
    assert host.look({}, (port,)) == {port: Port(bindable=False)}


def test_a_port_with_a_connection_in_time_wait_is_free(cleanup: ExitStack, host: RealHost) -> None:
    server, port = listener(cleanup, host)
    with ThreadPoolExecutor(1) as pool:
        accepted = pool.submit(server.accept)
        with closing(socket.create_connection(("127.0.0.1", port))) as client:
            accepted.result()[0].close()  # the side that closes first waits
            client.recv(1)
    server.close()
    with closing(socket.socket()) as naive, pytest.raises(OSError, match="in use"):
        naive.bind((ALL_INTERFACES, port))
    assert host.look({}, (port,))[port].bindable


def test_elsewhere_no_port_can_be_probed(tmp_path: Path) -> None:
    elsewhere = RealHost(address="192.0.2.1", folders=tmp_path, clock=RealClock())
    assert elsewhere.look({}, (8000,)) == {8000: Port(bindable=None)}


def test_a_behaviour_is_written_whole_and_for_every_reader(host: RealHost) -> None:
    before = os.umask(0o077)
    try:
        folder = host.folder("a")
        host.behave(folder, "crash")
        host.behave(folder, "slow=1.5")
    finally:
        os.umask(before)
    written = Path(folder, "behaviour")
    assert os.listdir(folder) == ["behaviour"]
    assert written.read_text().strip() == "slow=1.5"
    assert stat.S_IMODE(written.stat().st_mode) == 0o644
    assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o755


def test_a_folder_is_the_same_the_second_time_and_absolute(host: RealHost, tmp_path: Path) -> None:
    assert host.folder("a") == host.folder("a") == str(tmp_path / "folders" / "a")


def test_processes_are_those_with_the_marker(host: RealHost) -> None:
    assert host.processes(uuid4().hex) == ()
