"""The host ports that containers are published on, and who else holds ports there."""

from typing import Protocol

from attrs import define, field

from churn.errors import EngineError
from churn.system.engines.emulated.agenda import Calendar
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.identity import identity
from churn.system.refusals import refusal

_FIRST_CHOSEN = 49153
"""The first host port that the engine chooses by itself."""


class PortBinder(Protocol):
    """Where published ports are really bound, if they are."""

    def bind(self, port: int, container: EmulatedContainer) -> None:
        """Take a host port for a container that is about to start. Raises `OSError` where it cannot be had."""

    def release(self, port: int) -> None:
        """Let go of it; nothing happens where it is not held."""


@define
class Neighbours:
    """Who else is on the host."""

    processes: dict[str, int] = field(factory=dict)
    """Processes that the manager left running, and the port that each holds (0: none)."""
    strangers: dict[int, str] = field(factory=dict)
    """Ports held by processes that are nobody's here, and who they are."""


class PublishedPorts:
    """Which container has which host port. Where there is a `binder`, they are bound for real."""

    def __init__(self, neighbours: Neighbours, calendar: Calendar, binder: PortBinder | None) -> None:
        self._neighbours = neighbours
        self._calendar = calendar
        self._binder = binder
        self.owners: dict[int, str] = {}
        """Ids of containers by the ports that they have."""

    def publish(self, container: EmulatedContainer) -> None:
        """Take the host ports that it is to have, where it is on a network for that. Raises `PortTaken`."""
        container.published = ()
        if container.reachable:
            ports = container.spec.ports
            for place, port in enumerate(ports):
                self._admit(port, container, twice=port in ports[:place])
            self._take(container)

    def unpublish(self, container: EmulatedContainer) -> None:
        """Let go of its host ports."""
        for port in container.ports:
            if self.owners.get(port) == container.id:
                del self.owners[port]
                if self._binder is not None:
                    self._binder.release(port)

    def _admit(self, port: int, container: EmulatedContainer, *, twice: bool) -> None:
        if port in self.owners or twice:
            reason = f"Bind for 0.0.0.0:{port} failed: port is already allocated"
            raise refusal(500, f"{self._connectivity(container)}{reason}")
        if port in self._neighbours.strangers or port in self._neighbours.processes.values():
            raise self._in_use(port, container)

    def _in_use(self, port: int, container: EmulatedContainer) -> EngineError:
        proxy = f"Error starting userland proxy: listen tcp4 0.0.0.0:{port}: bind: address already in use"
        return refusal(500, f"{self._connectivity(container)}{proxy}")

    def _connectivity(self, container: EmulatedContainer) -> str:
        endpoint = identity("endpoint", container.id, self._calendar.nanoseconds())
        return f"driver failed programming external connectivity on endpoint {container.name} ({endpoint}): "

    def _take(self, container: EmulatedContainer) -> None:
        for port in container.spec.ports:
            if not self._bound(port, container):
                self.unpublish(container)
                raise self._in_use(port, container)
        for _ in range(container.wanted):
            container.published = (*container.published, self._choose(container))

    def _choose(self, container: EmulatedContainer) -> int:
        port = _FIRST_CHOSEN
        while port in self.owners or port in self._neighbours.strangers or not self._bound(port, container):
            port += 1
        return port

    def _bound(self, port: int, container: EmulatedContainer) -> bool:
        """Take a host port, really where ports are; whether that went well."""
        if self._binder is not None:
            try:
                self._binder.bind(port, container)
            except OSError:
                return False
        self.owners[port] = container.id
        return True
