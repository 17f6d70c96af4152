"""The host where published ports are: bind probes, HTTP, and the folders that tell servers how to behave."""

import errno
import http.client
import os
import re
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

from churn.errors import EnvironmentFault
from churn.lifecycle.contract import EVERY_PORT
from churn.lifecycle.observation import Holder, Port
from churn.system import process
from churn.system.clock import Clock

BEHAVIOUR = "behaviour"
"""The file, in a mounted folder, whose word the stand-in server behaves by."""

ALL_INTERFACES = "0.0.0.0"  # noqa: S104 - engines publish on all interfaces, so that is what has to be free
ANY_PORT = 0
NO_ANSWER = 0

_PROXY, _MONITOR = "docker-proxy", "conmon"
"""What holds published ports for Docker, and for Podman."""
_SOCKET_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_EPHEMERAL = 32768
"""Where that range begins unless somebody changed it."""
_LISTEN = "0A"
_READABLE_BY_ALL = 0o644
_ENTERABLE_BY_ALL = 0o755

_SPAWNED_FOR = 600.0
"""Seconds that a spawned process lives if nobody ends it."""


class RealHost:
    """The machine at `address`. Ports can be bound, and their holders told, only where that is this machine.

    `folders` is where folders for containers are made; for an engine elsewhere it has to be shared with it. `serving`: this
    process serves an emulated engine, so that the ports that it holds are its containers'.
    """

    def __init__(self, *, address: str = "127.0.0.1", folders: Path, clock: Clock, serving: bool = False) -> None:
        self._address = address
        self._folders = folders.absolute()
        self._clock = clock
        self._local = _is_local(address)
        self._serving = serving
        self._held: dict[int, socket.socket] = {}

    def free_port(self) -> int:
        """A TCP port that nothing holds at this moment, on this machine."""
        with closing(_probe()) as probe:
            probe.bind((ALL_INTERFACES, ANY_PORT))
            port: int = probe.getsockname()[1]
            return port

    def free_port_of(self, taken: Collection[int], ports: tuple[int, int]) -> int:
        """One like that and none of `taken`, from the first to the last of `ports`. Raises `EnvironmentFault` for none."""
        first, last = ports
        if ports == EVERY_PORT:
            return next(port for port in iter(self.free_port, None) if port not in taken)
        for port in range(first, last + 1):
            if port not in taken and self._bindable(port) is not False:
                return port
        raise EnvironmentFault(f"expected a free port from {first} to {last} for a service, but all of them are held")

    def health(self, port: int, path: str, timeout: float = 2.0) -> int:
        """The HTTP status that a GET of `path` on `port` gets within `timeout` seconds; 0 where there is none."""
        deadline = self._clock.now() + timeout
        with closing(http.client.HTTPConnection(self._address, port, timeout=timeout)) as connection:
            try:
                connection.connect()
                left = deadline - self._clock.now()
                if left <= 0:
                    return NO_ANSWER
                connection.sock.settimeout(left)
                connection.request("GET", path)
                return connection.getresponse().status
            except (OSError, http.client.HTTPException):
                return NO_ANSWER

    def look(self, asks: Mapping[int, str], frees: tuple[int, ...]) -> dict[int, Port]:
        """Several ports at once: the health of those in `asks` (port to path), whether those in `frees` can be bound.

        One that cannot be bound has as its holder whose process it is, None where that cannot be seen.
        """
        answers = self._healths(asks)
        bindable = {port: self._bindable(port) for port in frees}
        taken = {port for port, free in bindable.items() if free is False}
        holders = _holders(taken, serving=taken - self._held.keys() if self._serving else ())
        return {
            port: Port(answers.get(port), bindable.get(port), *holders.get(port, (None, "")))
            for port in (*asks, *(port for port in frees if port not in asks))
        }

    def processes(self, marker: str) -> tuple[str, ...] | None:
        """Live processes that carry `marker`, as ``pid name``; None where they cannot be seen."""
        return process.marked(marker)

    def end_processes(self, marker: str) -> None:
        """Kill the processes that `processes` tells."""
        process.end_marked(marker)

    def spawn(self, name: str) -> None:
        """Start a process of that name that outlives its parent, for ten minutes."""
        process.detach(name, _SPAWNED_FOR)

    def behave(self, folder: str, word: str) -> None:
        """Write the word that servers with `folder` mounted read as their behaviour: none reads half a word."""
        aside = Path(folder, f".{BEHAVIOUR}.new")
        aside.write_text(f"{word}\n")
        aside.chmod(_READABLE_BY_ALL)
        aside.replace(Path(folder, BEHAVIOUR))

    def folder(self, name: str) -> str:
        """The folder of that name that containers may mount, for `behave`; made where it is not there."""
        made = self._folders / name
        made.mkdir(parents=True, exist_ok=True)
        made.chmod(_ENTERABLE_BY_ALL)
        return str(made)

    def hold(self, port: int, address: str = ALL_INTERFACES) -> bool:
        """Listen on the port, at that address, until `release`; False where it cannot be had."""
        if not self._local:
            return False
        taken = _probe()
        try:
            taken.bind((address, port))
            taken.listen()
        except OSError:
            taken.close()
            return False
        self._held[port] = taken
        return True

    def is_free(self, port: int, address: str) -> bool:
        """Whether the port can be bound at that address, whoever holds it at others."""
        with closing(_probe()) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                return False
            return True

    def release(self) -> None:
        """Let go of every port that is held."""
        while self._held:
            self._held.popitem()[1].close()

    def _healths(self, asks: Mapping[int, str]) -> dict[int, int]:
        """All at once: several servers that hang then cost one timeout."""
        if len(asks) < 2:
            return {port: self.health(port, path) for port, path in asks.items()}
        with ThreadPoolExecutor(max_workers=len(asks)) as pool:
            return dict(zip(asks, pool.map(self.health, asks.keys(), asks.values()), strict=True))

    def _bindable(self, port: int) -> bool | None:
        """Whether an engine could publish on the port; None where that cannot be tried."""
        if not self._local:
            return None
        with closing(_probe()) as probe:
            try:
                probe.bind((ALL_INTERFACES, port))
            except OSError as error:
                return False if error.errno == errno.EADDRINUSE else None
            return True


def interfaces() -> frozenset[str]:
    """The names of the network interfaces that this process sees: those of its network namespace."""
    return frozenset(name for _, name in socket.if_nameindex())


def first_ephemeral() -> int:
    """The lowest port that is given to whoever names none: engines begin with it."""
    told = _read(_EPHEMERAL_RANGE).split()
    return int(told[0]) if told else _EPHEMERAL


def _is_local(address: str) -> bool:
    """Whether the address is one of this machine's, so that its ports are ours to probe."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, ANY_PORT, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind, protocol)) as probe:
            probe.bind(place)
    except OSError:
        return False
    return True


def _probe() -> socket.socket:
    # Like dockerd's own: without SO_REUSEADDR a port whose last connection is in TIME_WAIT looks held for a minute.
    probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return probe


def _holders(ports: set[int], serving: Collection[int]) -> dict[int, tuple[Holder, str]]:
    """Whose process holds each of the ports, and which; a port whose process cannot be seen is left out.

    What this very process holds of `serving` it holds for an engine that it serves.
    """
    if not ports:
        return {}
    found: dict[int, tuple[Holder, str]] = {}
    for port, pid in (*_listeners(ports), *_proxies(ports)):
        found.setdefault(port, _holder(pid, serving=pid == os.getpid() and port in serving))
    return found


def _holder(pid: int, *, serving: bool) -> tuple[Holder, str]:
    name = process.name(pid)
    ours = serving or name in (_PROXY, _MONITOR) or process.is_marked(pid)
    return Holder.MANAGER if ours else Holder.STRANGER, f"pid {pid} ({name})"


def _listeners(ports: set[int]) -> Iterator[tuple[int, int]]:
    """Pairs of a port and a process that listens on it, as far as this user may see."""
    sockets = _sockets(ports)
    if not sockets:
        return
    for pid in process.pids():
        for inode in _inodes(pid):
            if inode in sockets:
                yield sockets[inode], pid


def _proxies(ports: set[int]) -> Iterator[tuple[int, int]]:
    """Pairs of a port and its docker-proxy, by its command line: that any user may read, unlike root's sockets."""
    for pid in process.pids():
        if process.name(pid) == _PROXY:
            told = re.search(rb"-host-port\0(\d+)", _read(Path(f"/proc/{pid}/cmdline")))
            if told and int(told[1]) in ports:
                yield int(told[1]), pid


def _sockets(ports: set[int]) -> dict[str, int]:
    """The inodes of the sockets that listen on these ports."""
    rows = (row.split() for row in _rows(_SOCKET_TABLES))
    listening = ((row[9], int(row[1].rpartition(":")[2], base=16)) for row in rows if row[3] == _LISTEN)
    return {inode: port for inode, port in listening if port in ports}


def _rows(tables: Iterable[Path]) -> Iterator[str]:
    for table in tables:
        yield from _read(table).decode().splitlines()[1:]


def _inodes(pid: int) -> Iterator[str]:
    """The inodes of the process's open sockets; none where it has gone or may not be read."""
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            socket_link = re.fullmatch(r"socket:\[(\d+)\]", _link(entry.path))
            if socket_link:
                yield socket_link[1]


def _link(path: str) -> str:
    """Where it leads; empty where it was closed meanwhile."""
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
