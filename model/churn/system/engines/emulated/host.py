"""The host of the emulated engine: its ports answer as the containers' servers would."""

from collections.abc import Collection, Mapping

from attrs import evolve

from churn.lifecycle.observation import Holder, Port
from churn.system.engines.emulated.core import Core

_FREE, _FIRST_PORT = Port(bindable=True), 20000
_HELD, _EVERYWHERE = "a process that holds it on purpose at ", "0.0.0.0"  # noqa: S104 -- what stands for every address
_OK, _UNAVAILABLE = 200, 503
_HEALTHY = Port(_OK)


class EmulatedHost:
    """A `Host` over a `Core`. Ports are handed out in order, from 20000 on."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self._next = _FIRST_PORT

    def snapshot(self) -> int:
        """As `Rewindable.snapshot`: which port comes next."""
        return self._next

    def restore(self, snapshot: int) -> None:
        """As `Rewindable.restore`."""
        self._next = snapshot

    def free_port(self) -> int:
        """As `Host.free_port`; never the same twice."""
        self.core.advance()
        while not self._port(self._next).bindable:
            self._next += 1
        self._next += 1
        return self._next - 1

    def free_port_of(self, taken: Collection[int], ports: tuple[int, int]) -> int:
        """As `Host.free_port_of`."""
        first, last = ports
        if first > _FIRST_PORT or last < self._next:
            self.core.advance()
            return next(port for port in range(first, last + 1) if port not in taken and self._port(port).bindable)
        return next(port for port in iter(self.free_port, None) if port not in taken)

    def health(self, port: int, path: str, timeout: float = 2.0) -> int:  # noqa: ARG002 -- every path is a health path here
        """As `Host.health`: the stand-in server's answer."""
        self.core.advance()
        return self._answer(port, timeout)

    def _answer(self, port: int, timeout: float = 2.0) -> int:
        container = self.core.on_port(port)
        if container is None:
            return _OK if port in self.core.neighbours.processes.values() else 0
        if container.state == "running" and container.ready_at <= self.core.clock.now():
            word = self.core.runner.behaviour(container)
            if word == "unhealthy":
                return _UNAVAILABLE
            if word != "hang":
                return _OK
        elif container.state == "running":
            return 0
        self.core.clock.sleep(timeout)
        self.core.advance()
        return 0

    def look(self, asks: Mapping[int, str], frees: tuple[int, ...]) -> dict[int, Port]:
        """As `Host.look`."""
        self.core.advance()
        seen = {port: self._port(port) for port in frees}
        for port in asks:
            status = self._answer(port)
            if port in seen:
                seen[port] = evolve(seen[port], health=status)
            else:
                seen[port] = _HEALTHY if status == _OK else Port(status)
        return seen

    def _port(self, port: int) -> Port:
        core = self.core
        container = core.on_port(port)
        if container is not None:
            return Port(bindable=False, holder=Holder.MANAGER, detail=f"container {container.name}")
        if port in core.neighbours.strangers:
            return Port(bindable=False, holder=Holder.STRANGER, detail=core.neighbours.strangers[port])
        for process, held in core.neighbours.processes.items():
            if held == port:
                return Port(bindable=False, holder=Holder.MANAGER, detail=process)
        return _FREE

    def processes(self, marker: str) -> tuple[str, ...]:  # noqa: ARG002 -- all processes here are the one manager's
        """As `Host.processes`: what the manager left running."""
        return tuple(self.core.neighbours.processes)

    def behave(self, folder: str, word: str) -> None:
        """As `Host.behave`; no file is written."""
        self.core.behave(folder, word)

    def end_processes(self, marker: str) -> None:  # noqa: ARG002 -- all processes here are the one manager's
        """As `Host.end_processes`."""
        self.core.neighbours.processes.clear()

    def spawn(self, name: str) -> None:
        """As `Host.spawn`."""
        self.core.neighbours.processes[f"{len(self.core.neighbours.processes) + 1} {name}"] = 0

    def hold(self, port: int, address: str) -> bool:
        """As `Host.hold`."""
        self.core.advance()
        free = self._port(port).bindable is True
        if free:
            self.core.neighbours.strangers[port] = f"{_HELD}{address}"
        return free

    def is_free(self, port: int, address: str) -> bool:
        """As `Host.is_free`."""
        self.core.advance()
        seen = self._port(port)
        held = seen.detail.removeprefix(_HELD) if seen.detail.startswith(_HELD) else _EVERYWHERE
        return seen.bindable is True or (_EVERYWHERE not in (held, address) and held != address)

    def release(self) -> None:
        """As `Host.release`."""
        for port in [port for port, who in self.core.neighbours.strangers.items() if who.startswith(_HELD)]:
            del self.core.neighbours.strangers[port]

    def folder(self, name: str) -> str:
        """As `Host.folder`: a name is enough here."""
        return f"/emulated/{name}"
